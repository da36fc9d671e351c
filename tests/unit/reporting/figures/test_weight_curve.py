"""The curve that a weight was chosen on."""

from typing import Any

import numpy as np

from streid.reporting.figures.weight_curve import plot_weights

WEIGHTS = [0.01, 0.02, 0.04]
SELECTION = {"identities": 20, "queries": 85, "default": 0.02, "best": 0.04, "weights": WEIGHTS, "mAP": [0.7, 0.8, 0.9]}


def record(source: str, selection: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    return {"weight": 0.02, "weight_source": source, "selection": selection, "same_camera": "neutral", **more}


def test_the_curve_marks_chosen_default_and_best() -> None:
    chart = plot_weights("pcb", "likelihood", record("held-out", SELECTION))
    assert chart is not None
    assert chart.name == "weight_pcb_likelihood"
    assert chart.alt == (
        "mAP on 20 held-out identities for weights from 0.01 to 0.04, between 70.0 and 90.0 %: "
        "best here 0.04 with 90.0 %, default 0.02 with 80.0 %, chosen 0.02 with 80.0 %."
    )
    for words in (b"best here: 0.04", b"default: 0.02", b"chosen: 0.02"):
        assert words in chart.svg
    assert plot_weights("pcb", "likelihood", record("given")) is None


def test_a_given_weight_of_nothing_beside_a_curve_is_not_marked() -> None:
    chart = plot_weights("pcb", "likelihood", record("given", SELECTION) | {"weight": 0.0})
    assert chart is not None
    assert b"chosen" not in chart.svg
    assert np.log(SELECTION["default"]) < 0


def test_no_curve_where_no_weights_were_tried() -> None:
    few = SELECTION | {"identities": 1, "weights": [], "mAP": []}
    assert plot_weights("pcb", "likelihood", record("default", few)) is None
