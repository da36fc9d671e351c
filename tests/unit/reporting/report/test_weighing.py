"""What decided a fusion's weight, in words and as a curve."""

from collections.abc import Callable
from typing import Any

from streid.reporting.report.weighing import describe_weight, explain_weights
from streid.reporting.runs import ModelRun

MakeRun = Callable[..., ModelRun]

WEIGHTS = [0.01, 0.02, 0.04]
SELECTION = {"identities": 20, "queries": 85, "default": 0.02, "best": 0.04, "weights": WEIGHTS, "mAP": [0.7, 0.8, 0.9]}


def record(source: str, selection: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    return {"weight": 0.02, "weight_source": source, "selection": selection, "same_camera": "neutral", **more}


def test_every_source_of_a_weight_is_reported() -> None:
    assert describe_weight(record("given")) == "w = 0.02, as given in the configuration."
    assert "the default" in describe_weight(record("default"))
    assert "no held-out identities to choose the weight on" in describe_weight(record("default"))
    few = SELECTION | {"identities": 1, "weights": [], "mAP": []}
    assert "too few held-out identities" in describe_weight(record("default", few))
    told = describe_weight(record("default", few | {"reason": "every weight tried ranks them the same"}))
    assert told.endswith(": every weight tried ranks them the same.")
    chosen = describe_weight(record("held-out", SELECTION))
    assert chosen.startswith("w = 0.02, chosen on 20 held-out identities (85 queries)")
    assert chosen.endswith("Default 0.02, best there 0.04.")


def test_each_fusion_is_explained(make_run: MakeRun) -> None:
    visual = {"visual": {"mAP": 0.5}}
    run = make_run(beside={"likelihood": (visual, record("held-out", SELECTION)), "none": (visual, {})})
    logistic, likelihood, none = explain_weights([run])
    assert "no weight to choose" in logistic.sentences[0]
    assert logistic.curve is None
    assert "Pairs from one camera are neutral" in likelihood.sentences[1]
    assert likelihood.curve is not None
    assert (none.sentences, none.curve) == ([], None)
    run.fusions["likelihood"].scores["audit"]["neutral_pairs"] = 0.25
    assert "25.0 % of the pairs compared" in explain_weights([run])[1].sentences[2]
    apart = record("given", sessions=2, near=2.0, apart=-3.456)
    told = explain_weights([make_run(beside={"likelihood": (visual, apart)})])[1].sentences[2]
    assert (
        told == "For pictures of one session +2.00 is added to L; for pictures of two sessions L is \N{MINUS SIGN}3.46."
    )
    thin = make_run(beside={"likelihood": (visual, record("default", identities=9, neutral=1.0))})
    assert any("L is 0" in sentence for sentence in explain_weights([thin])[1].sentences)
