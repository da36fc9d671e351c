"""Reading what a report is made from, and the order of its streams."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from rankings_by_hand import no_totals

from streid.errors import InputError
from streid.files.features import write_features
from streid.files.json_files import write_json
from streid.files.rankings import Ranking, write_rankings
from streid.files.sightings import Sightings
from streid.reporting.measured import AUDIT_COUNTS, read_history
from streid.reporting.runs import ModelRun, best_run, final_epoch, read_run
from streid.scoring.metric_records import METRICS

MakeRun = Callable[..., ModelRun]


def test_streams_keep_the_order_of_the_road(make_run: MakeRun) -> None:
    metric = {"mAP": 0.5}
    run = make_run(
        reranked=metric,
        zebra=metric,
        joint=metric,
        visual=metric,
        beside={"likelihood": ({"joint": metric}, {}), "none": ({"joint": metric, "reranked": metric}, {})},
    )
    keys = ["visual", "joint/logistic", "joint/likelihood", "reranked/logistic", "reranked/none", "zebra/logistic"]
    assert list(run.streams) == keys
    assert run.steps("likelihood") == ["visual", "joint/likelihood"]
    assert run.steps("none") == ["visual", "reranked/none"]
    assert make_run(spatiotemporal=metric).best_stream == "spatiotemporal/logistic"


def test_the_best_step_may_be_of_any_fusion_and_before_the_last(make_run: MakeRun) -> None:
    beside = {"likelihood": ({"spatiotemporal": {"mAP": 1.0}, "joint": {"mAP": 0.95}, "reranked": {"mAP": 0.7}}, {})}
    run = make_run("good", visual={"mAP": 0.9}, joint={"mAP": 0.5}, beside=beside)
    assert (run.best_stream, run.best_fusion) == ("joint/likelihood", "likelihood")  # times alone are no step
    alone = make_run("alone", visual={"mAP": 0.94}, joint={"mAP": 0.5})
    assert (alone.best_stream, alone.best_fusion) == ("visual", "logistic")
    equal = make_run("equal", visual={"mAP": 0.95})
    assert [best_run(runs).name for runs in ([alone, run], [equal, run], [run, equal])] == ["good", "equal", "good"]


def test_no_fusion_is_no_run(make_run: MakeRun) -> None:
    run = make_run()
    with pytest.raises(InputError, match="no fusion"):
        replace(run, fusions={})


def test_a_history_of_one_epoch(tmp_path: Path) -> None:
    path = tmp_path / "training.csv"
    pd.DataFrame({"epoch": [1], "loss": [0.5]}).to_csv(path, index=False)
    assert final_epoch(read_history(path)) == {"epochs": 1, "last": {"loss": 0.5}}
    assert final_epoch(None) is None


def pictures(count: int) -> Sightings:
    ones = np.ones(count, np.int64)
    return Sightings(pid_N=ones, camid_N=ones, session_N=ones, time_N=ones, path_N=np.array(["a.jpg"] * count, object))


def usable_ranking(**changed: np.ndarray) -> Ranking:
    content = {
        "indices_QK": np.array([[0, 2], [1, -1]], np.int32),
        "scores_QK": np.array([[1.0, 0.5], [1.0, np.nan]], np.float32),
        "ap_Q": np.array([0.5, np.nan]),
        "first_match_Q": np.array([2, 0], np.int32),
        "match_count_Q": np.array([1, 0], np.int32),
        "match_rows_P": np.array([2], np.int32),
        "match_ranks_P": np.array([2], np.int32),
        "match_scores_P": np.array([0.5], np.float32),
        "wrong_scores_QW": np.array([[1.0], [np.nan]], np.float32),
        **no_totals(),
    }
    return Ranking(**(content | changed))


def figures(fusion: str, *streams: str) -> dict[str, Any]:
    """The content of a scores.json that says 0.5 everywhere."""
    values = dict.fromkeys(METRICS, 0.5)
    intervals = {name: [0.4, 0.6] for name in METRICS}
    metrics = values | {"ci95": intervals, "cmc": [0.5], "evaluated": 1, "skipped": 1}
    return {
        "format": "streid-metrics",
        "version": 2,
        "dataset": "demo",
        "model": "pcb",
        "fusion": {"name": fusion, **({"alpha": 5.0} if fusion == "logistic" else {})},
        "audit": dict.fromkeys(AUDIT_COUNTS, 1) | {"pairs_with_time": 0.5},
        "bootstrap": {"identities": 1, "resamples": 10},
        "streams": {stream: json.loads(json.dumps(metrics)) for stream in streams},
    }


def write_fusion(folder: Path, fusion: str, ranking: Ranking | None = None) -> None:
    for name, streams in (("scores", ("visual", "joint")), ("reranked", ("reranked",))):
        rankings = dict.fromkeys(streams, ranking or usable_ranking())
        write_rankings(folder / fusion / f"{name}.h5", dataset="demo", model="pcb", streams=rankings)
        write_json(folder / fusion / f"{name}.json", figures(fusion, *streams))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A model's folder with two queries, three gallery pictures and two fusions."""
    groups = {name: (pictures(count), [np.ones((count, 2))]) for name, count in (("query", 2), ("gallery", 3))}
    write_features(tmp_path / "features.h5", dataset="demo", model="pcb", dimension=2, groups=groups)
    for fusion in ("logistic", "likelihood"):
        write_fusion(tmp_path, fusion)
    facts = {"identities": 9, "sessions": 1, "near": 0.0, "apart": 0.0}
    change(tmp_path, "likelihood", weight=0.1, weight_source="default", **facts)
    return tmp_path


def change(folder: Path, fusion: str, **fusion_record: object) -> None:
    for name in ("scores", "reranked"):
        path = folder / fusion / f"{name}.json"
        content = json.loads(path.read_text())
        content["fusion"] |= fusion_record
        write_json(path, content)


def test_fusions_are_read_in_the_order_given(folder: Path) -> None:
    run = read_run("pcb", folder, ["likelihood", "logistic"])
    assert list(run.fusions) == ["likelihood", "logistic"]
    assert set(run.rankings) == set(run.streams)
    assert list(run.streams)[:3] == ["visual", "joint/likelihood", "joint/logistic"]
    assert list(read_run("pcb", folder, ["logistic"]).fusions) == ["logistic"]


@pytest.mark.parametrize(
    ("ranking", "words"),
    [
        (
            usable_ranking(indices_QK=np.array([[0, 3], [1, -1]], np.int32)),
            "indices must be whole numbers from -1 to 2",
        ),
        (usable_ranking(indices_QK=np.array([[0, -2], [1, -1]], np.int32)), "indices must be"),
        (usable_ranking(indices_QK=np.array([[0.0, 1], [1, -1]])), "indices must be"),
        (usable_ranking(first_match_Q=np.array([4, 0], np.int32)), "first_match must be whole numbers from 0 to 3"),
        (usable_ranking(ap_Q=np.array([1.5, np.nan])), "precisions must be from 0 to 1"),
        (usable_ranking(ap_Q=np.array([np.inf, 0.0])), "precisions"),
        (usable_ranking(ap_Q=np.array([1, 0])), "precisions"),
        (usable_ranking(ap_Q=np.array([0.5])), "does not rank the pictures"),
        (usable_ranking(match_rows_P=np.array([3], np.int32)), "match_rows must be whole numbers from 0 to 2"),
        (usable_ranking(match_ranks_P=np.array([0], np.int32)), "match_ranks must be whole numbers from 1 to 3"),
        (usable_ranking(match_ranks_P=np.array([1], np.int32)), "ranks of the right matches contradict"),
        (usable_ranking(match_count_Q=np.array([0, 1], np.int32)), "ranks of the right matches contradict"),
        (usable_ranking(match_scores_P=np.array([np.nan], np.float32)), "scores of pairs must be finite"),
        (usable_ranking(right_scores_R=np.array([np.inf], np.float32)), "scores of pairs must be finite"),
        (usable_ranking(precision_L=np.full(101, 1.1)), "precisions must be from 0 to 1"),
        (usable_ranking(precision_L=np.full(7, 0.5)), "holds no precision at 101 recalls"),
        (usable_ranking(pair_mAP_CD=np.array([[-0.5]])), "precisions must be from 0 to 1"),
        (usable_ranking(wrong_scores_QW=np.zeros((1, 1), np.float32)), "does not rank the pictures"),
        (usable_ranking(scores_QK=np.zeros((2, 3), np.float32)), "does not rank the pictures"),
        (usable_ranking(indices_QK=np.zeros(2, np.int32), scores_QK=np.zeros(2, np.float32)), "does not rank"),
    ],
)
def test_rankings_that_cannot_be_are_refused(folder: Path, ranking: Ranking, words: str) -> None:
    write_fusion(folder, "logistic", ranking)
    with pytest.raises(InputError, match=f"logistic: stream (visual|joint).*{words}"):
        read_run("pcb", folder, ["logistic"])


def test_files_that_do_not_belong_together_are_refused(folder: Path) -> None:
    content = figures("logistic", "visual", "joint")
    content["streams"]["visual"]["mAP"] = 0.45
    write_json(folder / "logistic" / "scores.json", content)
    with pytest.raises(InputError, match="appearance alone differs between the fusions"):
        read_run("pcb", folder, ["logistic", "likelihood"])
    write_json(folder / "logistic" / "scores.json", figures("logistic", "visual"))
    with pytest.raises(InputError, match="hold different streams"):
        read_run("pcb", folder, ["logistic"])
    (folder / "none").mkdir()
    for name in ("scores.json", "scores.h5"):
        (folder / "none" / name).write_bytes((folder / "likelihood" / name).read_bytes())
    with pytest.raises(InputError, match="was made with the fusion 'likelihood', expected 'none'"):
        read_run("pcb", folder, ["none"])
