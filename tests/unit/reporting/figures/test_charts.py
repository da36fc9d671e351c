"""What all charts share: same data, same bytes; one drawing for files and pages; legends that fit."""

import re
import xml.etree.ElementTree as ET
from collections.abc import Callable

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from streid.reporting.figures.charts import Chart, draw_chart
from streid.reporting.figures.training_curve import plot_training
from streid.reporting.palette import COLOURS, PAPER, PLACEHOLDERS, stream_colour, style_of
from streid.reporting.runs import ModelRun

MakeRun = Callable[..., ModelRun]
SVG = "{http://www.w3.org/2000/svg}"


def test_a_legend_of_long_names_stays_in_its_chart(make_run: MakeRun) -> None:
    names = ["pcb", "resnet50", "densenet121", "stcanet", "stcanet_video", "stgcn"]
    history = pd.DataFrame({"epoch": [1.0, 2.0], "loss": [2.0, 1.0]})
    (chart,) = plot_training([make_run(name, history=history) for name in names])
    page = ET.fromstring(chart.svg)
    width = float(page.attrib["viewBox"].split()[2])
    (legend,) = [group for group in page.iter(f"{SVG}g") if group.get("id") == "legend_1"]
    starts = [float(path.attrib["d"].split()[1]) for path in legend.iter(f"{SVG}path")]
    assert len(starts) == len(names)
    # A legend stands in the middle: where it begins left of the chart, it ends right of it.
    assert 0.02 * width < min(starts) < 0.5 * width


def drawn(name: str = "a", alt: str = "a") -> Chart:
    def paint(axes: Axes) -> None:
        axes.plot([1, 2], "o--", color=stream_colour("joint"), label="#1")
        axes.fill_between([0, 1], 3, color=style_of(1)[0], alpha=0.3)
        axes.text(0, 0, "a < b", bbox={"facecolor": PAPER, "edgecolor": "none"})
        axes.axhline(0, color="#ffffff")
        axes.imshow(np.zeros((2, 2, 3), np.uint8), extent=(0, 1, 0, 1))

    return draw_chart(name=name, title="A", alt=alt, size=(200, 100), paint=paint)


def test_the_same_data_gives_the_same_bytes_whatever_the_users_settings() -> None:
    first = drawn()
    with mpl.rc_context({"font.size": 30, "axes.facecolor": "red"}):
        again = drawn()
    assert (again.svg, again.inline) == (first.svg, first.inline)
    assert b"<dc:date>" not in first.svg
    root = ET.fromstring(first.svg)
    assert (root.get("width"), root.get("height")) == ("150pt", "75pt")


def test_a_file_is_in_light_colours_and_a_page_in_its_own() -> None:
    chart = drawn()
    file, page = chart.svg.decode(), str(chart.inline)
    assert not any(placeholder in file + page for placeholder in PLACEHOLDERS.values())
    for name in ("green", "orange", "ink", "muted", "line"):
        assert COLOURS[name][0] in file
        assert COLOURS[name][0] not in page and f"var(--{name})" in page
    assert "#ffffff" in page  # white of its own stays white on dark paper
    assert "var(--" not in file


def test_charts_on_one_page_share_no_ids_and_lose_nothing() -> None:
    pages = [str(drawn(name).inline) for name in ("a", "b@c")]
    ids = [re.findall(r'\bid="([^"]+)"', page) for page in pages]
    assert all(name.startswith("a-") for name in ids[0]) and all(name.startswith("b@c-") for name in ids[1])
    for page, own in zip(pages, ids, strict=True):
        assert set(re.findall(r'(?:url\(|href=")#([^)"]+)', page)) == set(own) != set()
        assert "<style" not in page and "<metadata" not in page
    root, file = ET.fromstring(pages[0]), ET.fromstring(drawn().svg)
    for tag in ("path", "use", "text", "image"):
        assert len(list(root.iter(SVG + tag))) == len(list(file.iter(SVG + tag))) > 0
    assert "a < b" in "".join(root.itertext())


def test_a_chart_has_words_and_a_size() -> None:
    root = ET.fromstring(str(drawn(alt='5 < 6 & "x"').inline))
    assert (root.get("role"), root.get("aria-label")) == ("img", '5 < 6 & "x"')
    assert (root.get("width"), root.get("height"), root.get("viewBox")) == ("200", "100", "0 0 150 75")


def test_axes_below_one_another_share_their_scale() -> None:
    chart = draw_chart(
        name="a",
        title="A",
        alt="a",
        size=(200, 200),
        paint=lambda axes: axes.plot([0, 1], [0, 1]) and None,
        below=[lambda axes: axes.set_xlim(0, 7) and None],
    )
    root = ET.fromstring(chart.svg)
    assert len([group for group in root.iter() if group.get("id", "").startswith("axes_")]) == 2
