"""Stripes and the lengths of their features."""

import re

import pytest
from inspections_by_hand import inspection, stripes, texts, with_pictures

from streid.reporting.figures.stripe_norms import BAR_LENGTH, plot_stripes
from streid.reporting.palette import SERIES


def test_stripes_are_as_long_as_their_norms() -> None:
    made = with_pictures(inspection(stripes=stripes()))
    assert made.inspection.stripes is not None
    chart = plot_stripes(made, made.inspection.stripes)
    assert {"4", "2", "3", "1"} <= set(texts(chart))
    assert chart.alt.endswith("identity 7, camera 1: stripe 1 of 2; identity 7, camera 3: stripe 1 of 2.")
    bars = {}
    for colour in SERIES[:2]:
        found = re.findall(rf'<path d="M ([\d.]+) [\d.]+ L ([\d.]+) [^"]*"[^>]*fill: {colour}', chart.drawing)
        bars[colour] = sorted(round(float(right) - float(left), 1) for left, right in found)
    unit = BAR_LENGTH * 0.75 / 4  # points for a norm of 1, the longest being 4
    assert bars[SERIES[1]] == pytest.approx([3 * unit, 4 * unit], abs=0.1)
    assert bars[SERIES[0]] == pytest.approx([1 * unit, 2 * unit], abs=0.1)
