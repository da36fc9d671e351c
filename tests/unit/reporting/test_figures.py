"""What the figures show, and that they are the same bytes each time."""

import xml.etree.ElementTree as ET
from collections.abc import Callable

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from streid.reporting.figures.census import _plot_people, plot_cameras, plot_identities
from streid.reporting.figures.charts import DARK, LIGHT, Theme, _colours, _draw, draw_chart, style_of
from streid.reporting.figures.comparison import compare_streams
from streid.reporting.figures.learning import plot_training, training_rows
from streid.reporting.runs import ModelRun

MakeRun = Callable[..., ModelRun]


def test_the_same_data_gives_the_same_bytes_whatever_the_users_settings() -> None:
    def draw() -> tuple[bytes, bytes]:
        chart = draw_chart(
            name="a", title="A", alt="a", size=(200, 100), paint=lambda axes, _: axes.plot([1, 2]) and None
        )
        return chart.light, chart.dark

    first = draw()
    with mpl.rc_context({"font.size": 30, "axes.facecolor": "red"}):
        assert draw() == first
    assert first[0] != first[1]
    assert b"<dc:date>" not in first[0]
    root = ET.fromstring(first[0])
    assert (root.get("width"), root.get("height")) == ("150pt", "75pt")


def test_a_dark_chart_is_the_light_one_in_other_colours_or_drawn_anew() -> None:
    def lines(axes: Axes, theme: Theme) -> None:
        for number, stream in enumerate(theme.streams):
            axes.plot([1, number], "o--", color=theme.stream(stream), label=f"#{number}")
            axes.fill_between([1, 2], 3, color=style_of(number, theme)[0], alpha=0.3)
        axes.text(0, 0, "text", bbox={"facecolor": theme.paper, "edgecolor": "none"})
        axes.axvline(0, color=theme.muted)
        axes.legend()

    def blended(axes: Axes, theme: Theme) -> None:
        axes.plot([1, 2], color=theme.ink if theme is LIGHT else theme.muted)
        axes.axhline(0, color="#123456")

    size = (200, 100)
    for paint in (lines, blended):
        chart = draw_chart(name="a", title="A", alt="a", size=size, paint=paint)
        assert chart.dark == _draw(size, [paint], DARK)
    pairs = set(zip(_colours(LIGHT), _colours(DARK), strict=True))
    assert len(dict(pairs)) == len(pairs)  # no light colour stands for two dark ones


def test_series_look_different() -> None:
    assert len({style_of(number, LIGHT) for number in range(24)}) == 24
    assert len({LIGHT.stream(name) for name in LIGHT.streams}) == len(LIGHT.streams)
    assert LIGHT.stream("other") == LIGHT.muted != DARK.muted


def test_axes_below_one_another_share_their_scale() -> None:
    chart = draw_chart(
        name="a",
        title="A",
        alt="a",
        size=(200, 200),
        paint=lambda axes, _: axes.plot([0, 1], [0, 1]) and None,
        below=[lambda axes, _: axes.set_xlim(0, 7) and None],
    )
    root = ET.fromstring(chart.light)
    assert len([group for group in root.iter() if group.get("id", "").startswith("axes_")]) == 2


def test_streams_are_compared_in_words(make_run: MakeRun) -> None:
    rank1, mean_ap = compare_streams([make_run()])
    assert (rank1.name, mean_ap.name) == ("compare_rank1", "compare_mAP")
    assert mean_ap.alt == (
        "mAP: Appearance 40.0 %, Times alone, logistic 10.0 %, Appearance + times, logistic 60.0 %, "
        "Re-ranked, logistic 80.0 %."
    )


def test_training_curves_only_of_what_was_recorded(make_run: MakeRun) -> None:
    history = pd.DataFrame({"epoch": [1.0, 2.0], "loss": [2.0, 1.0], "accuracy": [0.1, 0.5], "val_mAP": [np.nan] * 2})
    charts = plot_training([make_run("pcb", history=history), make_run("none")])
    assert [chart.name for chart in charts] == ["training_loss", "training_accuracy"]
    assert charts[1].alt == "Accuracy on training pictures, % over the epochs: pcb ends at 50."
    assert plot_training([make_run()]) == []


def test_training_of_several_models_and_validation_now_and_then(make_run: MakeRun) -> None:
    first = pd.DataFrame({"epoch": [1.0, 2.0, 3.0], "loss": [3.0, 2.0, 1.0], "val_mAP": [0.25, 0.5, np.nan]})
    second = pd.DataFrame({"epoch": [1.0], "loss": [4.0], "learning_rate": [0.00125], "pictures_per_second": [1234.5]})
    runs = [make_run("pcb", history=first), make_run("stgcn", history=second)]
    charts = {chart.name: chart for chart in plot_training(runs)}
    assert list(charts) == [
        "training_loss",
        "training_val_mAP",
        "training_learning_rate",
        "training_pictures_per_second",
    ]
    assert charts["training_loss"].alt == "Loss over the epochs: pcb ends at 1, stgcn ends at 4."
    assert charts["training_val_mAP"].alt == "Held-out mAP, % over the epochs: pcb ends at 50."
    # The second model keeps its colour where the first has no curve.
    assert style_of(1, LIGHT)[0].encode() in charts["training_learning_rate"].light
    assert style_of(0, LIGHT)[0].encode() not in charts["training_learning_rate"].light
    dash = "\N{EN DASH}"
    assert training_rows(runs) == [
        ("pcb", ("3", "1", dash, dash, dash, "50.0 %", dash)),
        ("stgcn", ("1", "4", dash, "0.00125", dash, dash, "1,234")),
    ]
    seven = plot_training([make_run(f"model{number}", history=first) for number in range(7)])
    assert seven[0].size[1] > charts["training_loss"].size[1]


def test_pictures_per_camera() -> None:
    table = pd.DataFrame({"camid": [1, 1, 3], "split": ["train", "query", "gallery"]})
    assert plot_cameras(table).alt == "Pictures: camera 1 2, camera 3 1."


def test_pictures_and_cameras_per_identity() -> None:
    rows = [(1, 1, "train"), (1, 1, "train"), (1, 2, "val"), (2, 1, "train"), (5, 1, "query"), (5, 3, "gallery")]
    table = pd.DataFrame([*rows, (-1, 1, "gallery"), (0, 2, "gallery")], columns=["pid", "camid", "split"])
    pictures, cameras = plot_identities(table)
    assert pictures.alt == (
        "Pictures per identity: trained on 1 to 3, half of the people at most 2, tested 2 to 2, half of the people at "
        "most 2."
    )
    assert cameras.alt.startswith("Cameras per identity: trained on 1 to 2, half of the people at most 1.5")


def test_people_are_counted_in_bars() -> None:
    chart = _plot_people("a", "Pictures per identity", {"trained on": pd.Series([1, 2, 2, 100])})
    bars = [group for group in ET.fromstring(chart.light).iter() if group.get("id", "").startswith("patch_")]
    # A bar for each five numbers up to 100, with the background and two visible edges of the axes.
    assert len(bars) == 20 + 4
