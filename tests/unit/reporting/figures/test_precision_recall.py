"""Precision over recall."""

from collections.abc import Callable
from dataclasses import replace

from streid.reporting.figures.precision_recall import plot_precision
from streid.reporting.figures.stream_lines import fusion_lines
from streid.reporting.runs import ModelRun

MakeRun = Callable[..., ModelRun]


def test_precision_is_reported_at_half_of_the_matches_and_at_all(make_run: MakeRun) -> None:
    run = make_run()
    appearance = [line for line in fusion_lines(run, "logistic") if line.key == "visual"]
    chart = plot_precision("pcb", "pcb", appearance)
    # One right match each, at ranks 3 and 1: precisions 1/3 and 1 at every recall.
    assert chart.alt == "Precision over recall of pcb: Appearance 66.7 % at half the matches, 66.7 % at all."
    assert chart.name == "precision_pcb"


def test_lines_keep_their_labels(make_run: MakeRun) -> None:
    lines = [replace(line, label=f"<{line.label}>") for line in fusion_lines(make_run(), "logistic")]
    assert "&lt;Re-ranked&gt;" in plot_precision("a", "a", lines).drawing
