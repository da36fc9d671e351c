"""What all charts share: legends that fit."""

import xml.etree.ElementTree as ET
from collections.abc import Callable

import pandas as pd

from streid.reporting.figures.learning import plot_training
from streid.reporting.runs import ModelRun

MakeRun = Callable[..., ModelRun]
SVG = "{http://www.w3.org/2000/svg}"


def test_a_legend_of_long_names_stays_in_its_chart(make_run: MakeRun) -> None:
    names = ["pcb", "resnet50", "densenet121", "stcanet", "stcanet_video", "stgcn"]
    history = pd.DataFrame({"epoch": [1.0, 2.0], "loss": [2.0, 1.0]})
    (chart,) = plot_training([make_run(name, history=history) for name in names])
    page = ET.fromstring(chart.light)
    width = float(page.attrib["viewBox"].split()[2])
    (legend,) = [group for group in page.iter(f"{SVG}g") if group.get("id") == "legend_1"]
    starts = [float(path.attrib["d"].split()[1]) for path in legend.iter(f"{SVG}path")]
    assert len(starts) == len(names)
    # A legend stands in the middle: where it begins left of the chart, it ends right of it.
    assert 0.02 * width < min(starts) < 0.5 * width
