"""What limits the results, the gravest first."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from streid.files.histograms import Histograms
from streid.reporting.report.notices import list_notices
from streid.reporting.runs import ModelRun

MakeRun = Callable[..., ModelRun]

COUNTS = {"train": {"identities": 100}, "val": {"identities": 20}, "query": {"identities": 80}}
SUMMARY = {"warnings": [], "pictures_with_time": 9, "counts": COUNTS, "unit": "picture"}
HISTORY = pd.DataFrame({"epoch": [1.0], "loss": [2.0]})
MINUS = "\N{MINUS SIGN}"


def metrics(rank1: float, mean_ap: float, skipped: int = 0) -> dict[str, Any]:
    intervals = {"rank1": [rank1, rank1], "mAP": [mean_ap, mean_ap]}
    return {"rank1": rank1, "mAP": mean_ap, "ci95": intervals, "evaluated": 4, "skipped": skipped}


def rising() -> dict[str, dict[str, Any]]:
    """Streams of which none loses."""
    values = {"visual": 0.5, "spatiotemporal": 0.1, "joint": 0.6, "reranked": 0.7}
    return {stream: metrics(value, value) for stream, value in values.items()}


def histograms(counted: int = 3, **changes: Any) -> Histograms:
    """Travel times of `counted` people between two cameras, learned from 90."""
    counts_CCB = np.zeros((2, 2, 4), np.int64)
    counts_CCB[1, 0, 2] = counted
    shape = {"cameras_C": np.array([1, 2]), "counts_CCB": counts_CCB, "density_CCB": np.zeros((2, 2, 4))}
    return Histograms(**shape, **({"bin_width": 100, "sigma": 50, "identities": 90, "sessions": 1} | changes))


def notices(
    runs: list[ModelRun],
    summary: dict[str, Any] = SUMMARY,
    times: Histograms | None = None,
    foreign: dict[str, str] | None = None,
    **record: Any,
) -> list[tuple[str, bool]]:
    whole = {"dataset": "demo", "data": summary, "configuration": {}} | record
    found = list_notices(whole, runs, times or histograms(), foreign or {})
    assert [one.serious for one in found] == sorted((one.serious for one in found), reverse=True)
    return [(one.text, one.serious) for one in found]


def test_losses_are_said_first_with_their_intervals(make_run: MakeRun) -> None:
    streams = rising() | {"joint": metrics(0.48, 0.6), "reranked": metrics(0.4, 0.4)}
    streams["joint"]["lift_ci95"] = {"visual": {"rank1": [-0.05, 0.01]}}
    streams["reranked"]["lift_ci95"] = {"joint": {"rank1": [-0.1, -0.05], "mAP": [-0.25, -0.15]}}
    summary = SUMMARY | {"warnings": ["officially 4"]}
    assert notices([make_run(history=HISTORY, **streams)], summary) == [
        (
            f"pcb, logistic fusion: re-ranking loses 8.0 points of Rank-1 ({MINUS}10.0 to {MINUS}5.0) and 20.0 points "
            f"of mAP ({MINUS}25.0 to {MINUS}15.0) against appearance + times.",
            True,
        ),
        ("officially 4", True),
        (
            f"pcb, logistic fusion: using times loses 2.0 points of Rank-1 ({MINUS}5.0 to +1.0) against appearance, "
            "which may be chance.",
            False,
        ),
    ]


def test_a_loss_of_unknown_interval_is_grave_and_one_that_shows_as_0_is_none(make_run: MakeRun) -> None:
    streams = rising() | {"reranked": metrics(0.5996, 0.5)}
    ((text, serious),) = notices([make_run(history=HISTORY, **streams)])
    assert text == "pcb, logistic fusion: re-ranking loses 10.0 points of mAP against appearance + times."
    assert serious


@pytest.mark.parametrize(
    ("train", "words", "serious"),
    [
        ({"epochs": 60}, "training was cut short: 1 of 60 epochs done", True),
        ({"epochs": 60, "max_steps": 2}, "cut short after 2 steps (max_steps): 1 of 60 epochs done", True),
        ({"epochs": 1, "max_steps": 2}, "limited to 2 steps (max_steps), which may be within its last epoch", False),
        ({"epochs": 1, "max_steps": 0}, "", False),
        ({}, "", False),
    ],
)
def test_a_training_that_was_cut_short_is_said(
    make_run: MakeRun, train: dict[str, int], words: str, serious: bool
) -> None:
    configuration = {"models": {"pcb": {"train": train}}}
    found = notices([make_run(history=HISTORY, **rising())], configuration=configuration)
    assert [(words in text, one) for text, one in found] == ([(True, serious)] if words else [])


def test_few_people_are_said(make_run: MakeRun) -> None:
    few = {"train": {"identities": 6}, "val": {}, "query": {"identities": 1}}
    run = make_run(history=HISTORY, **rising())
    found = [text for text, serious in notices([run], SUMMARY | {"counts": few}, histograms(identities=12)) if serious]
    assert found == [
        "Models were trained on only 6 people: more would make the results better.",
        "Travel times were learned from only 12 people.",
        "The queries show only 1 person, so every figure is uncertain.",
    ]
    other = make_run("pcb@market", **rising())
    there = notices([other], SUMMARY | {"counts": few}, histograms(identities=12), {"pcb@market": "m"})
    assert not any("trained on only" in text or "learned from" in text for text, _ in there)


def test_nothing_to_note(make_run: MakeRun) -> None:
    assert notices([make_run(history=HISTORY, **rising())]) == []


def test_weights_whose_training_is_shown_under_another_name_lack_no_history(make_run: MakeRun) -> None:
    trained = replace(make_run("pcb", history=HISTORY), weights="abc")
    for weights, missing in (("abc", 0), ("def", 1), ("", 1)):
        found = notices([trained, replace(make_run("pcb_tracklets"), weights=weights)])
        assert sum("pcb_tracklets: no training history" in text for text, _ in found) == missing


def test_every_limit_is_said(make_run: MakeRun) -> None:
    summary = {"warnings": ["train: 3 pictures, officially 4"], "pictures_with_time": 0, "counts": {"train": {}}}
    found = notices([make_run(visual=metrics(0.5, 0.4, skipped=1))], summary, histograms(0), dataset="other")
    expected = (
        "officially 4",
        "No picture has a time",
        "measured on the data set 'demo', not 'other'",
        "1 query without a right match in another camera was left out",
        "No identities are held out",
        "pcb, logistic fusion: no scores for times alone, appearance + times",
        "pcb, logistic fusion: was not re-ranked",
        "no training history",
    )
    assert len(found) == len(expected)
    assert [serious for _, serious in found] == [True] * 4 + [False] * 4
    for (text, _), words in zip(found, expected, strict=True):
        assert words in text


def test_few_left_out_queries_are_a_remark(make_run: MakeRun) -> None:
    streams = {stream: values | {"evaluated": 97, "skipped": 3} for stream, values in rising().items()}
    ((text, serious),) = notices([make_run(history=HISTORY, **streams)])
    assert text.startswith("pcb: 3 queries without a right match") and not serious


def test_a_default_weight_and_blind_pictures_are_noted(make_run: MakeRun) -> None:
    run = make_run(history=HISTORY, **rising(), beside={"likelihood": (rising(), {"weight_source": "default"})})
    ((text, serious),) = notices([run])
    assert text.startswith("pcb, likelihood fusion: no held-out identities to choose the weight on")
    assert not serious
    run = make_run(history=HISTORY, **rising())
    run.fusions["logistic"].scores["audit"].update(query=10, gallery=90, unknown_times=30, unknown_cameras=2)
    assert notices([run]) == [
        ("pcb: 30 of 100 pictures compared have no time: only appearance counts for them.", True),
        (
            "pcb: 2 of 100 pictures compared come from cameras without training pictures: only appearance counts for "
            "them.",
            False,
        ),
    ]


def test_a_model_of_another_data_set_is_called_one(make_run: MakeRun) -> None:
    assert notices([make_run("pcb@market", **rising())]) == [
        ("pcb@market: was trained on another data set, market.", False)
    ]
    together = replace(make_run("wide", **rising()), trained_on="market+msmt17")
    assert notices([together]) == [("wide: was trained on several data sets, market+msmt17.", False)]


def test_times_that_count_nobody(make_run: MakeRun) -> None:
    ((text, serious),) = notices([make_run(history=HISTORY, **rising())], times=histograms(0))
    assert "No training identity was seen in two cameras" in text and serious


def test_doubts_about_the_times_are_grave_where_the_times_count(make_run: MakeRun) -> None:
    run, doubtful = make_run(history=HISTORY, **rising()), {"warnings": ("the clock is too coarse",)}
    assert notices([run], times=histograms(**doubtful)) == [("Times: the clock is too coarse.", True)]
    assert not any("too coarse" in text for text, _ in notices([run], times=histograms(0, **doubtful)))


def test_a_model_scored_with_another_sets_travel_times_is_named(make_run: MakeRun) -> None:
    run, foreign = make_run("pcb@market", **rising()), {"pcb@market": "market"}
    expected = ("pcb@market: scored with the travel times of market; the charts show this data set's own.", True)
    assert expected in notices([run], foreign=foreign)
    untimed = notices([run], times=histograms(0), foreign=foreign)
    assert expected in untimed
    assert not any("in joint scores only appearance counts" in text for text, _ in untimed)
    both = notices([run, make_run(history=HISTORY)], times=histograms(0), foreign=foreign)
    assert any("in joint scores only appearance counts" in text for text, _ in both)


def test_tracklets_that_identities_helped_to_group_are_called_so(make_run: MakeRun) -> None:
    runs = [
        make_run("pcb", history=HISTORY, **rising()),
        replace(make_run("stgcn", history=HISTORY, **rising()), unit="tracklet"),
    ]
    oracle = SUMMARY | {"tracklets": "oracle"}
    (other, _), (helped, _) = notices(runs, oracle)
    assert other.startswith("stgcn: queries and gallery are tracklets, while the data set's protocol compares single")
    assert helped.startswith("stgcn: the tracklets are oracle tracklets, grouped with the help of the identities")
    (first, _), (second, _) = notices(runs[1:], oracle)
    assert first.startswith("Queries and gallery are tracklets")
    assert second.startswith("The tracklets are oracle tracklets")
    assert notices(runs[:1], oracle) == []
    protocol = SUMMARY | {"tracklets": "own", "unit": "tracklet"}
    assert notices([], protocol, dataset="mars") == []
