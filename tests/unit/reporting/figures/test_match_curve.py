"""Match curves."""

from collections.abc import Callable

import pytest
from inspections_by_hand import texts

from streid.reporting.figures.match_curve import match_curve_start, plot_match_curve
from streid.reporting.figures.stream_lines import fusion_lines
from streid.reporting.runs import ModelRun

MakeRun = Callable[..., ModelRun]


def test_a_curve_that_lies_below_the_axis_is_said_to(make_run: MakeRun) -> None:
    run = make_run(visual={"cmc": [0.8, 0.9], "mAP": 1}, spatiotemporal={"cmc": [0.1, 0.2], "mAP": 1})
    start = match_curve_start(run.streams.items())
    assert start == 75
    chart = plot_match_curve("pcb", "pcb", fusion_lines(run, "logistic"), start)
    assert {"Appearance", "Times alone (below)"} <= set(texts(chart))
    assert chart.alt == "Match curves of pcb: Appearance 80.0 % at rank 1, Times alone 10.0 % at rank 1."


@pytest.mark.parametrize(("ranks", "ticks"), [(2, {"1", "2"}), (20, {"1", "2", "5", "10", "20"})])
def test_ranks_are_marked_as_far_as_the_curve_goes(make_run: MakeRun, ranks: int, ticks: set[str]) -> None:
    run = make_run(visual={"cmc": [0.5] * ranks, "mAP": 1})
    chart = plot_match_curve("pcb", "pcb", fusion_lines(run, "logistic"), 0)
    assert ticks <= set(texts(chart))
    assert "50" not in texts(chart) or ranks >= 50
