"""Tables as rows of text."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from streid.errors import InputError
from streid.reporting.report.tables import (
    audit_rows,
    configuration_rows,
    cost_rows,
    count_rows,
    metric_rows,
    split_stem,
)
from streid.reporting.runs import ModelRun
from streid.scoring.metric_records import METRICS

MakeRun = Callable[..., ModelRun]

HEADER = "s\th:m:s\tmax_rss\tmax_vms\tmax_uss\tmax_pss\tio_in\tio_out\tmean_load\tcpu_time\n"


def test_best_values_are_marked_in_every_column(make_run: MakeRun) -> None:
    rows = metric_rows([make_run("pcb"), make_run("baseline")])
    assert [(row.model, row.kind) for row in rows[:4]] == [
        ("pcb", "visual"),
        ("pcb", "spatiotemporal"),
        ("pcb", "joint"),
        ("pcb", "reranked"),
    ]
    assert [row.first_of_model for row in rows] == [True, False, False, False] * 2
    rank1, mean_ap = ([row.cells[column] for row in rows] for column in (0, 3))
    assert [cell.best for cell in rank1] == [False, False, True, False] * 2
    assert [cell.best for cell in mean_ap] == [False, False, False, True] * 2
    assert (rank1[2].value, rank1[2].interval) == ("75.0", "74.0 to 76.0")


def test_the_lowest_value_is_marked_where_lower_is_better(make_run: MakeRun, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(METRICS, "rank1", replace(METRICS["rank1"], higher_is_better=False))
    assert [row.cells[0].best for row in metric_rows([make_run("pcb")])] == [False, True, False, False]


def test_fusions_stand_beside_each_other(make_run: MakeRun) -> None:
    row = dict.fromkeys(METRICS, 0.5) | {"ci95": {name: [0.4, 0.6] for name in METRICS}}
    run = make_run(beside={"likelihood": ({"visual": row, "joint": row, "reranked": row}, {})})
    assert [row.title for row in metric_rows([run])] == [
        "Appearance",
        "Times alone, logistic",
        "Appearance + times, logistic",
        "Appearance + times, likelihood",
        "Re-ranked, logistic",
        "Re-ranked, likelihood",
    ]


def test_what_was_compared(make_run: MakeRun) -> None:
    assert audit_rows([make_run()]) == [("pcb", ("4", "6", "0", "0", "0", "0", "0", "0", "50.0 %"))]


def test_counts_in_the_order_of_the_splits() -> None:
    gallery = {"pictures": 1787, "identities": 100, "cameras": 6, "tracklets": 430, "distractors": 150, "junk": 60}
    train = {"pictures": 1961, "identities": 100, "cameras": 6}
    assert count_rows({"counts": {"gallery": gallery, "train": train}}) == [
        ("Training", ("1,961", "100", "6", "\N{EN DASH}", "\N{EN DASH}", "\N{EN DASH}")),
        ("Gallery", ("1,787", "100", "6", "430", "150", "60")),
    ]


def test_nested_configuration() -> None:
    content = {"joint": {"alpha": 5.0, "deeper": {"on": True}}, "steps": [40, 60], "empty": {}}
    expected = [("joint.alpha", "5.0"), ("joint.deeper.on", "True"), ("steps", "40, 60"), ("empty", "{}")]
    assert configuration_rows(content) == expected


def test_costs_follow_the_stages(tmp_path: Path) -> None:
    (tmp_path / "evaluate_joint.pcb.v2@market.likelihood.tsv").write_text(
        HEADER + "2.5\t0:00:02\t400\t1\t1\t1\t0\t0\t97.4\t2\n"
    )
    (tmp_path / "prepare_dataset.tsv").write_text(
        HEADER + "4.0\t0:00:04\t100\t1\t1\t1\t0\t0\t50\t2\n" + "192\t0:03:12\t-\t-\t-\t-\t-\t-\t-\t-\n"
    )
    for stage in ("write_report", "export_model.pcb"):
        (tmp_path / f"{stage}.tsv").write_text(HEADER + "1\t0:00:01\t1\t1\t1\t1\t0\t0\t1\t1\n")
    first, second = cost_rows(tmp_path)
    dash = "\N{EN DASH}"
    assert (first.stage, first.subject, first.time, first.memory, first.load) == (
        *("prepare_dataset", "", "3 min 12 s"),
        *(dash, dash),
    )
    assert (second.stage, second.subject, second.time, second.memory, second.load) == (
        *("evaluate_joint", "pcb.v2@market, likelihood", "2.5 s"),
        *("400 MB", "97 %"),
    )


def test_a_file_that_is_no_benchmark_is_refused(tmp_path: Path) -> None:
    (tmp_path / "prepare_dataset.tsv").write_text("nothing\n")
    with pytest.raises(InputError, match=r"prepare_dataset\.tsv"):
        cost_rows(tmp_path)
    with pytest.raises(InputError, match="no such folder"):
        cost_rows(tmp_path / "none")


def test_the_only_shard_of_an_extraction_is_not_named() -> None:
    assert split_stem("extract_features.pcb.v2@market.1-of-1") == ("extract_features", "pcb.v2@market")
    assert split_stem("extract_features.pcb.2-of-12") == ("extract_features", "pcb, shard 2 of 12")
    assert split_stem("prepare_dataset") == ("prepare_dataset", "")
