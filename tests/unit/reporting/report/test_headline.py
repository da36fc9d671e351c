"""The headline: the best result, the step it is of, and what each step gains or loses."""

from collections.abc import Callable
from typing import Any

from streid.reporting.report.headline import Figure, step_phrase, write_headline
from streid.reporting.runs import ModelRun

MakeRun = Callable[..., ModelRun]
MINUS, SPACE = "\N{MINUS SIGN}", "\N{NO-BREAK SPACE}"


def metrics(rank1: float, mean_ap: float) -> dict[str, Any]:
    intervals = {"rank1": [rank1, rank1], "mAP": [mean_ap, mean_ap]}
    return {"rank1": rank1, "mAP": mean_ap, "ci95": intervals, "evaluated": 4, "skipped": 0}


def test_the_title_states_the_best_step_and_each_step_its_lift(make_run: MakeRun) -> None:
    weak = make_run("baseline", visual=metrics(0.9, 0.3), joint=metrics(0.95, 0.5))
    headline = write_headline("demo", [weak, make_run("pcb")])
    assert headline.sentence == (
        "pcb, the best of 2 models, re-ranked (logistic fusion), puts a right match first for "
        f"70.0{SPACE}% of 4 queries on demo"
    )
    assert headline.choice == "Of all 5 results this one has the highest mAP."
    appearance, joint, reranked = headline.steps
    assert appearance.figures[0] == Figure(value="50.0", interval="49.0 to 51.0")
    assert [figure.lift for figure in joint.figures] == ["+25.0", "+20.0"]
    assert [figure.lift_interval for figure in joint.figures] == [f"{MINUS}0.1 to +2.0"] * 2
    assert [(figure.lift, figure.lost) for figure in reranked.figures] == [(f"{MINUS}5.0", True), ("+20.0", False)]
    assert [step.stated for step in headline.steps] == [False, False, True]
    assert (headline.model, headline.fusions) == ("pcb", ())


def test_a_step_that_loses_is_not_stated(make_run: MakeRun) -> None:
    run = make_run(visual=metrics(0.5, 0.4), joint=metrics(0.8, 0.7), reranked=metrics(0.6, 0.5))
    headline = write_headline("demo", [run])
    assert headline.sentence.startswith("pcb, appearance + times (logistic fusion), puts a right match first for 80.0")
    assert headline.choice == (
        "Of all 3 results this one has the highest mAP, so it was chosen on the test itself; re-ranked (logistic "
        "fusion), the last step of the first fusion, has rank-1 60.0 and mAP 50.0."
    )
    assert [step.stated for step in headline.steps] == [False, True, False]


def test_the_best_fusion_is_stated_whichever_comes_first(make_run: MakeRun) -> None:
    other = {"visual": metrics(0.5, 0.4), "joint": metrics(0.8, 0.7), "reranked": metrics(0.85, 0.9)}
    bare = {"visual": metrics(0.5, 0.4), "joint": metrics(0.5, 0.4), "reranked": metrics(0.6, 0.5)}
    headline = write_headline("demo", [make_run(beside={"likelihood": (other, {}), "none": (bare, {})})])
    assert headline.sentence.startswith("pcb, re-ranked (likelihood fusion), puts a right match first for 85.0")
    assert "re-ranked (logistic fusion), the last step of the first fusion, has rank-1 70.0" in headline.choice
    first, second, third = headline.fusions
    assert [fusion.title for fusion in headline.fusions] == ["Logistic fusion", "Likelihood fusion", "Without times"]
    assert [(step.kind, [(one.value, one.lift, one.best) for one in step.figures]) for step in second.steps] == [
        ("joint", [("80.0", "+30.0", False), ("70.0", "+30.0", False)]),
        ("reranked", [("85.0", "+35.0", True), ("90.0", "+50.0", True)]),
    ]
    assert [figure.lift for figure in first.steps[1].figures] == ["+20.0", "+40.0"]
    assert [figure.lift_interval for figure in second.steps[1].figures] == ["", ""]  # its file says nothing of them
    assert [step.kind for step in third.steps] == ["reranked"]


def test_the_best_value_beside_the_others_may_be_of_a_step_before_the_last(make_run: MakeRun) -> None:
    streams = {"visual": metrics(0.5, 0.4), "joint": metrics(0.8, 0.7), "reranked": metrics(0.6, 0.5)}
    headline = write_headline("demo", [make_run(**streams, beside={"likelihood": (streams, {})})])
    for fusion in headline.fusions:  # equal values are equally best
        joint, reranked = fusion.steps
        assert all(figure.best for figure in joint.figures)
        assert not any(figure.best for figure in reranked.figures)


def test_appearance_alone_leaves_no_choice(make_run: MakeRun) -> None:
    headline = write_headline("demo", [make_run(visual=metrics(0.5, 0.4))])
    assert headline.sentence.startswith("pcb, appearance alone, puts")
    assert headline.choice == ""
    assert len(headline.steps) == 1


def test_steps_have_words() -> None:
    assert [step_phrase(key) for key in ("visual", "joint/logistic", "reranked/none")] == [
        "appearance alone",
        "appearance + times (logistic fusion)",
        "re-ranked (without times)",
    ]
