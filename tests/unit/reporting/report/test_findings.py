"""The headline and what limits it."""

from collections.abc import Callable
from dataclasses import replace

import pandas as pd

from streid.reporting.report.findings import list_notices, write_headline
from streid.reporting.runs import ModelRun

MakeRun = Callable[..., ModelRun]

SUMMARY = {"warnings": [], "pictures_with_time": 9, "counts": {"train": {}, "val": {}}, "unit": "picture"}
HISTORY = pd.DataFrame({"epoch": [1.0], "loss": [2.0]})


def metrics(rank1: float, mean_ap: float, skipped: int = 0) -> dict[str, object]:
    intervals = {"rank1": [rank1, rank1], "mAP": [mean_ap, mean_ap]}
    return {"rank1": rank1, "mAP": mean_ap, "ci95": intervals, "evaluated": 4, "skipped": skipped}


def test_headline_names_the_best_model_and_each_lift(make_run: MakeRun) -> None:
    weak = make_run("baseline", visual=metrics(0.9, 0.3), joint=metrics(0.95, 0.5))
    headline = write_headline("demo", [weak, make_run("pcb")])
    assert headline.sentence == "pcb, the best of 2 models, puts a right match first for 70.0 % of 4 queries on demo"
    minus = "\N{MINUS SIGN}"
    assert headline.lead == (
        "Rank-1 / mAP in percent, logistic fusion: appearance 50.0 / 40.0, appearance + times 75.0 / 60.0 "
        "(+25.0 / +20.0 points), "
        f"re-ranked 70.0 / 80.0 ({minus}5.0 / +20.0 points)."
    )
    assert [step.lifts for step in headline.steps] == [None, ("+25.0", "+20.0"), (f"{minus}5.0", "+20.0")]
    assert headline.steps[0].intervals == ("49.0 to 51.0", "39.0 to 41.0")
    assert headline.steps[0].lift_intervals == ()
    assert headline.steps[1].lift_intervals == (f"{minus}0.1 to +2.0",) * 2
    assert (headline.model, headline.fusions) == ("pcb", ())


def test_fusions_side_by_side_with_lifts_over_appearance(make_run: MakeRun) -> None:
    other = {"visual": metrics(0.5, 0.4), "joint": metrics(0.8, 0.7), "reranked": metrics(0.85, 0.9)}
    bare = {"visual": metrics(0.5, 0.4), "joint": metrics(0.5, 0.4), "reranked": metrics(0.6, 0.5)}
    headline = write_headline("demo", [make_run(beside={"likelihood": (other, {}), "none": (bare, {})})])
    assert headline.sentence.startswith("pcb puts a right match first for 70.0 %")  # the first fusion's
    first, second, third = headline.fusions
    assert [fusion.title for fusion in headline.fusions] == ["Logistic fusion", "Likelihood fusion", "Without times"]
    assert [fusion.best for fusion in headline.fusions] == [False, True, False]
    assert [(step.kind, step.values, step.lifts) for step in second.steps] == [
        ("joint", ("80.0", "70.0"), ("+30.0", "+30.0")),
        ("reranked", ("85.0", "90.0"), ("+35.0", "+50.0")),
    ]
    assert first.steps[1].lifts == ("+20.0", "+40.0")
    assert second.steps[1].lift_intervals == ("", "")  # its figures say nothing of them
    assert [step.kind for step in third.steps] == ["reranked"]


def test_headline_of_appearance_alone(make_run: MakeRun) -> None:
    headline = write_headline("demo", [make_run(visual=metrics(0.5, 0.4))])
    assert headline.lead == "Rank-1 / mAP in percent: appearance 50.0 / 40.0."


def test_nothing_to_note(make_run: MakeRun) -> None:
    assert list_notices("demo", SUMMARY, [make_run(history=HISTORY)], timed=True, foreign={}) == []


def test_weights_whose_training_is_shown_under_another_name_lack_no_history(make_run: MakeRun) -> None:
    trained = replace(make_run("pcb", history=HISTORY), weights="abc")
    for weights, missing in (("abc", 0), ("def", 1), ("", 1)):
        runs = [trained, replace(make_run("pcb_tracklets"), weights=weights)]
        notices = list_notices("demo", SUMMARY, runs, timed=True, foreign={})
        assert len([notice for notice in notices if "pcb_tracklets: no training history" in notice]) == missing


def test_every_limit_is_said(make_run: MakeRun) -> None:
    summary = {"warnings": ["train: 3 pictures, officially 4"], "pictures_with_time": 0, "counts": {"train": {}}}
    notices = list_notices("other", summary, [make_run(visual=metrics(0.5, 0.4, skipped=1))], timed=False, foreign={})
    expected = (
        "officially 4",
        "No picture has a time",
        "No identities are held out",
        "1 query without a right match in another camera was left out",
        "of the data set 'demo', not 'other'",
        "pcb, logistic fusion: no scores for times alone, appearance + times",
        "pcb, logistic fusion: was not re-ranked",
        "no training history",
    )
    assert len(notices) == len(expected)
    for notice, words in zip(notices, expected, strict=True):
        assert words in notice


def test_a_default_weight_and_blind_pictures_are_noted(make_run: MakeRun) -> None:
    streams = {name: metrics(0.5, 0.4) for name in ("visual", "spatiotemporal", "joint", "reranked")}
    run = make_run(history=HISTORY, beside={"likelihood": (streams, {"weight_source": "default"})})
    (notice,) = list_notices("demo", SUMMARY, [run], timed=True, foreign={})
    assert notice.startswith("pcb, likelihood fusion: no held-out identities to choose the weight on")
    run = make_run(history=HISTORY)
    run.fusions["logistic"].scores["audit"].update(unknown_times=3, unknown_cameras=2)
    assert list_notices("demo", SUMMARY, [run], timed=True, foreign={}) == [
        "pcb: 3 of 10 pictures compared have no time: appearance decides.",
        "pcb: 2 of 10 pictures compared are of cameras that training did not see: appearance decides.",
    ]


def test_a_model_of_another_data_set_is_called_one(make_run: MakeRun) -> None:
    assert list_notices("demo", SUMMARY, [make_run("pcb@market")], timed=True, foreign={}) == [
        "pcb@market: was trained on another data set, market."
    ]


def test_times_that_count_nobody(make_run: MakeRun) -> None:
    (notice,) = list_notices("demo", SUMMARY, [make_run(history=HISTORY)], timed=False, foreign={})
    assert "No training identity was seen in two cameras" in notice


def test_a_model_scored_with_another_sets_travel_times_is_named(make_run: MakeRun) -> None:
    run, foreign = make_run("pcb@market"), {"pcb@market": "market"}
    expected = "pcb@market: scored with the travel times of market; the charts show this data set's own."
    assert expected in list_notices("demo", SUMMARY, [run], timed=True, foreign=foreign)
    untimed = list_notices("demo", SUMMARY, [run], timed=False, foreign=foreign)
    assert expected in untimed
    assert not any("rest on appearance alone" in notice for notice in untimed)
    both = list_notices("demo", SUMMARY, [run, make_run(history=HISTORY)], timed=False, foreign=foreign)
    assert any("rest on appearance alone" in notice for notice in both)


def test_tracklets_that_identities_helped_to_group_are_called_so(make_run: MakeRun) -> None:
    runs = [make_run("pcb", history=HISTORY), replace(make_run("stgcn", history=HISTORY), unit="tracklet")]
    oracle = SUMMARY | {"tracklets": "oracle"}
    foreign, helped = list_notices("demo", oracle, runs, timed=True, foreign={})
    assert foreign.startswith("stgcn: queries and gallery are tracklets, while the data set's protocol compares single")
    assert helped.startswith("stgcn: the tracklets are oracle tracklets, grouped with the help of the identities")
    first, second = list_notices("demo", oracle, runs[1:], timed=True, foreign={})
    assert first.startswith("Queries and gallery are tracklets")
    assert second.startswith("The tracklets are oracle tracklets")
    assert list_notices("demo", oracle, runs[:1], timed=True, foreign={}) == []
    protocol = SUMMARY | {"tracklets": "own", "unit": "tracklet"}
    assert list_notices("mars", protocol, [], timed=True, foreign={}) == []
