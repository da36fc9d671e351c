"""The models side by side: what they learned on, and how far each step takes them."""

from collections.abc import Callable

from streid.reporting.report.transfers import list_transfers, transfer_rows
from streid.reporting.runs import ModelRun

MakeRun = Callable[..., ModelRun]

MARKET = {"pcb@market": "market"}


def test_sources_and_targets_in_numbers(make_run: MakeRun) -> None:
    own = make_run()
    entries = list_transfers("demo", [own, make_run("pcb@market"), make_run("pcb@duke")], MARKET)
    assert [(entry["source"], entry["target"], entry["model"], entry["histograms_from"]) for entry in entries] == [
        ("demo", "demo", "pcb", "demo"),
        ("market", "demo", "pcb", "market"),
        ("duke", "demo", "pcb", "demo"),
    ]
    assert {key: entries[0][key] for key in ("fusion", "visual", "joint", "reranked")} == {
        "fusion": "logistic",
        "visual": {"rank1": 0.5, "mAP": 0.4},
        "joint": {"rank1": 0.75, "mAP": 0.6},
        "reranked": {"rank1": 0.7, "mAP": 0.8},
    }


def test_an_entry_for_each_fusion_and_none_for_steps_not_taken(make_run: MakeRun) -> None:
    visual = make_run().streams["visual"]
    run = make_run(visual=visual, beside={"none": ({"visual": visual, "joint": visual}, {})})
    entries = list_transfers("demo", [run], {})
    assert [(entry["fusion"], entry["joint"], entry["reranked"]) for entry in entries] == [
        ("logistic", None, None),
        ("none", None, None),
    ]
    (first, second) = transfer_rows("demo", [run], {})
    assert first.cells[2:] == second.cells[2:] == (None,) * 4


def test_rows_have_intervals_lifts_and_the_best_of_each_column(make_run: MakeRun) -> None:
    first, second = transfer_rows("demo", [make_run(), make_run("pcb@market")], MARKET)
    assert (second.model, second.source, second.fusion, second.histograms_from) == (
        *("pcb@market", "market"),
        *("logistic", "market"),
    )
    assert (first.span, second.span) == (1, 1)
    rank1, _, joint, *_ = first.cells
    assert rank1 is not None
    assert joint is not None
    assert (rank1.value, rank1.interval, rank1.lift) == ("50.0", "49.0 to 51.0", "")
    assert (joint.value, joint.lift) == ("75.0", "+25.0")
    assert (rank1.lift_interval, joint.lift_interval) == ("", "\N{MINUS SIGN}0.1 to +2.0")
    assert all(cell is not None and cell.best for row in (first, second) for cell in row.cells)
    weak = make_run("weak", **{stream: make_run().streams["visual"] for stream in ("visual", "joint", "reranked")})
    strong, beaten = transfer_rows("demo", [make_run(), weak], {})
    assert [cell is not None and cell.best for cell in strong.cells] == [True] * 6
    assert [cell is not None and cell.best for cell in beaten.cells] == [True, True, False, False, False, False]


def test_a_models_fusions_share_its_name(make_run: MakeRun) -> None:
    streams = dict(make_run().fusions["logistic"].streams)
    rows = transfer_rows("demo", [make_run(beside={"likelihood": (streams, {})})], {})
    assert [(row.fusion, row.span) for row in rows] == [("logistic", 2), ("likelihood", 0)]
