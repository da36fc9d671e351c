"""Reading figures, summaries and histories: what cannot be is refused with the place it stands at."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from streid.errors import InputError
from streid.reporting.measured import AUDIT_COUNTS, read_history, read_metrics, read_summary
from streid.reporting.runs import final_epoch
from streid.scoring.metric_records import METRICS

STREAM = dict.fromkeys(METRICS, 0.5) | {
    "ci95": {name: [0.4, 0.6] for name in METRICS},
    "cmc": [0.5, 1.0],
    "evaluated": 3,
    "skipped": 0,
}
SELECTION = {"identities": 2, "queries": 5, "default": 0.1, "best": 0.2, "weights": [0.1, 0.2], "mAP": [0.5, 0.6]}
FACTS = {"identities": 9, "sessions": 2, "near": 2.1, "apart": -3.5}
SCORES = {
    "format": "streid-metrics",
    "version": 2,
    "dataset": "demo",
    "model": "pcb",
    "fusion": {"name": "likelihood", "weight": 0.1, "weight_source": "held-out", "selection": SELECTION, **FACTS},
    "audit": dict.fromkeys(AUDIT_COUNTS, 1) | {"pairs_with_time": 0.5},
    "bootstrap": {"resampled": "identities", "identities": 3, "resamples": 10, "seed": 0},
    "streams": {"joint": STREAM | {"lift_ci95": {"visual": {"mAP": [-0.1, 0.2]}}}},
}
SUMMARY = {
    "format": "streid-dataset",
    "version": 1,
    "source_format": "manifest",
    "counts": {"query": {"pictures": 2, "identities": 1, "cameras": 1}},
    "warnings": ["careful"],
    "skipped_files": [],
    "pictures_with_time": 2,
    "sessions": 1,
}
GONE = object()
Change = tuple[tuple[str, ...], Any, str]

SCORES_CHANGES: list[Change] = [
    (("format",), "streid-dataset", "expected 'streid-metrics'"),
    (("dataset",), 3, "dataset is 3, expected a text"),
    (("streams",), {}, "holds no streams"),
    (("streams",), [1], r"streams is \[1\], expected an object"),
    (("streams", "joint"), None, "stream joint is None, expected an object"),
    (("streams", "joint", "rank5"), GONE, "stream joint: lacks rank5"),
    (("streams", "joint", "mAP"), 1.5, "mAP is 1.5, expected a number from 0 to 1"),
    (("streams", "joint", "mAP"), True, "mAP is True"),
    (("streams", "joint", "mAP"), "0.5", "mAP is '0.5'"),
    (("streams", "joint", "mAP"), float("nan"), "mAP is nan"),
    (("streams", "joint", "ci95"), GONE, "lacks ci95"),
    (("streams", "joint", "ci95", "mAP"), [0.4], "a lower and an upper end"),
    (("streams", "joint", "ci95", "mAP"), [0.6, 0.4], "a lower and an upper end"),
    (("streams", "joint", "lift_ci95", "visual"), 0.5, "visual is 0.5, expected an object"),
    (("streams", "joint", "lift_ci95", "visual", "mAP"), [-2, 0], "from -1 to 1"),
    (("streams", "joint", "lift_ci95", "visual", "mAP"), [0.2, 0.1], "over visual: mAP is .*a lower and an upper end"),
    (("version",), 1, "version 1, expected 'streid-metrics' version 2; make it again"),
    (("bootstrap",), GONE, "lacks bootstrap"),
    (("bootstrap", "identities"), "many", "identities is 'many'"),
    (("streams", "joint", "cmc"), [], "cmc"),
    (("streams", "joint", "cmc"), "none", "cmc"),
    (("streams", "joint", "skipped"), -1, "skipped is -1, expected a whole number"),
    (("streams", "joint", "evaluated"), 1.5, "evaluated is 1.5"),
    (("audit",), GONE, "lacks audit"),
    (("audit", "junk"), GONE, "audit: lacks junk"),
    (("audit", "junk"), "many", "junk is 'many'"),
    (("audit", "pairs_with_time"), 2, "pairs_with_time is 2"),
    (("fusion",), GONE, "lacks fusion"),
    (("fusion", "name"), GONE, "lacks name"),
    (("fusion", "name"), "other", "name is 'other', expected one of logistic, likelihood, none"),
    (("fusion",), {"name": "logistic"}, "fusion: lacks alpha"),
    (("fusion", "weight"), -1, "weight is -1"),
    (("fusion", "apart"), float("inf"), "apart is inf, expected a number"),
    (("fusion", "apart"), 10**400, "apart is 1000"),
    (("fusion", "identities"), -1, "identities is -1"),
    (("fusion", "weight_source"), "guessed", "weight_source is 'guessed', expected one of given, held-out, default"),
    (("fusion", "selection", "queries"), GONE, "selection: lacks queries"),
    (("fusion", "selection", "best"), None, "selection: lacks best"),
    (("fusion", "selection", "weights"), [0.1], "one mAP for each"),
    (("fusion", "selection", "weights"), [], "the weights tried"),
    (("audit", "neutral_pairs"), 1.5, "neutral_pairs is 1.5"),
    (("fusion", "selection", "weights"), [0.0, 0.2], "one mAP for each"),
    (("fusion", "selection", "weights"), [0.2, 0.1], "ascending"),
    (("fusion", "selection", "mAP"), [0.1, 7], "mAP"),
]
SUMMARY_CHANGES: list[Change] = [
    (("counts",), GONE, "lacks counts"),
    (("counts", "query"), 4, "query is 4, expected an object"),
    (("counts", "query", "cameras"), GONE, "counts of query: lacks cameras"),
    (("counts", "query", "junk"), "x", "junk is 'x'"),
    (("warnings",), "none", "warnings is 'none', expected a list of texts"),
    (("skipped_files",), [3], "skipped_files"),
    (("sessions",), GONE, "lacks sessions"),
    (("source_format",), GONE, "lacks source_format"),
]


def written(path: Path, content: dict[str, Any], place: tuple[str, ...], value: Any) -> Path:
    """The content as a file, with one value changed or gone."""
    changed = copy.deepcopy(content)
    inner = changed
    for name in place[:-1]:
        inner = inner[name]
    if value is GONE:
        del inner[place[-1]]
    else:
        inner[place[-1]] = value
    path.write_text(json.dumps(changed))
    return path


def check_refused(read: Callable[[Path], Any], path: Path, words: str) -> None:
    with pytest.raises(InputError, match=words) as refused:
        read(path)
    assert str(refused.value).startswith(str(path))
    assert len(str(refused.value).splitlines()) == 1


def test_whole_files_are_read(tmp_path: Path) -> None:
    for read, content in ((read_metrics, SCORES), (read_summary, SUMMARY)):
        path = tmp_path / "some.json"
        path.write_text(json.dumps(content))
        assert read(path) == content
    assert read_metrics(written(path, SCORES, ("fusion", "selection"), None))["fusion"]["selection"] is None
    few = {"weight_source": "default", "selection": SELECTION | {"weights": [], "mAP": []}}
    assert read_metrics(written(path, SCORES, ("fusion",), SCORES["fusion"] | few))
    for fusion in ({"name": "none"}, {"name": "logistic", "alpha": 5.0}):
        assert read_metrics(written(path, SCORES, ("fusion",), fusion))["fusion"] == fusion


@pytest.mark.parametrize(("place", "value", "words"), SCORES_CHANGES)
def test_figures_that_cannot_be_are_refused(tmp_path: Path, place: tuple[str, ...], value: Any, words: str) -> None:
    check_refused(read_metrics, written(tmp_path / "scores.json", SCORES, place, value), words)


@pytest.mark.parametrize(("place", "value", "words"), SUMMARY_CHANGES)
def test_summaries_that_cannot_be_are_refused(tmp_path: Path, place: tuple[str, ...], value: Any, words: str) -> None:
    check_refused(read_summary, written(tmp_path / "dataset.json", SUMMARY, place, value), words)


def test_history_leaves_unknown_columns_out_and_its_end_the_speed(tmp_path: Path) -> None:
    path = tmp_path / "training.csv"
    path.write_text(
        "epoch,loss,accuracy,learning_rate,pictures_per_second,note,val_mAP\n1,2,0.1,0.1,80,a,\n2,1,0.5,0.01,81,b,\n"
    )
    history = read_history(path)
    assert history["pictures_per_second"].tolist() == [80, 81]
    assert "note" not in history.columns
    assert final_epoch(history) == {
        "epochs": 2,
        "last": {"loss": 1.0, "accuracy": 0.5, "learning_rate": 0.01, "val_mAP": None},
    }


@pytest.mark.parametrize("content", ["", "epoch,loss\n", "loss\n1\n", "epoch,loss\n1,high\n"])
def test_unusable_histories_are_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "training.csv"
    path.write_text(content)
    with pytest.raises(InputError, match=r"training\.csv"):
        read_history(path)
