"""Planted edges of the learned graphs."""

import re

import pytest
from inspections_by_hand import graphs, inspection, with_pictures

from streid.reporting.figures.charts import Chart
from streid.reporting.figures.patch_graphs import APART, TOUCHING, WIDEST, plot_graphs


def colours(chart: Chart, colour: str) -> int:
    """How many lines or areas of a chart have a colour."""
    return len(re.findall(rf"(?:stroke|fill): {colour}", chart.drawing))


def test_graphs_show_planted_edges_by_width_and_colour() -> None:
    made = with_pictures(inspection(graphs=graphs()))
    assert made.inspection.graphs is not None
    chart = plot_graphs(made, made.inspection.graphs)
    # Learned halves by hand: 1-2 mean of 0.25 and 0.3, 1-3 of 0.75 and 0.2, 2-3 of 0.7 and 0.8.
    assert "identity 7, camera 1: strongest edges between patches 2 and 3 of frame 1 (0.75)" in chart.alt
    assert "between frames 1 and 2 (1.00)" in chart.alt
    widths = {}
    for colour in (TOUCHING, APART):
        line = rf"fill: none; stroke: {colour}; stroke-opacity: [\d.]+; stroke-width: ([\d.]+)"
        widths[colour] = set(map(float, re.findall(line, chart.drawing)))
    widest = WIDEST * 0.75
    assert sorted(widths[TOUCHING]) == pytest.approx([widest * (0.275 / 0.75) ** 1.5, widest], abs=1e-3)
    assert sorted(widths[APART]) == pytest.approx([widest * (0.475 / 0.75) ** 1.5], abs=1e-3)
    assert colours(chart, APART) == 4  # one edge in each frame
    assert colours(chart, TOUCHING) == 8
