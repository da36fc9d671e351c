"""What the figures show, and that they are the same bytes each time."""

import xml.etree.ElementTree as ET
from collections.abc import Callable

import matplotlib as mpl
import pandas as pd

from streid.reporting.census import plot_cameras
from streid.reporting.charts import DARK, LIGHT, draw_chart, style_of
from streid.reporting.comparison import compare_streams
from streid.reporting.learning import plot_training
from streid.reporting.matches import plot_match_curves
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


def test_each_fusion_has_match_curves_over_the_same_axes(make_run: MakeRun) -> None:
    (chart,) = plot_match_curves(make_run())
    assert (chart.name, chart.title) == ("cmc_pcb_logistic", "pcb")
    assert "Appearance 50.0 % at rank 1" in chart.alt
    assert b"(below)" not in chart.light
    other = {"visual": {"cmc": [0.5, 1.0]}, "joint": {"cmc": [0.25, 1.0]}}
    first, second = plot_match_curves(make_run(beside={"likelihood": (other, {})}))
    assert [first.title, second.title] == ["pcb, logistic", "pcb, likelihood"]
    assert second.alt == (
        "Match curves of pcb, likelihood: Appearance 50.0 % at rank 1, Appearance + times 25.0 % at rank 1."
    )
    assert all(b">20</text>" in one.light for one in (first, second))
    assert b">20</text>" not in chart.light


def test_match_curves_say_when_one_lies_below(make_run: MakeRun) -> None:
    (low,) = plot_match_curves(
        make_run(visual={"cmc": [0.8, 0.9], "mAP": 1}, spatiotemporal={"cmc": [0.1, 0.2], "mAP": 1})
    )
    assert b"Times alone (below)" in low.light


def test_training_curves_only_of_what_was_recorded(make_run: MakeRun) -> None:
    history = pd.DataFrame({"epoch": [1.0, 2.0], "loss": [2.0, 1.0], "accuracy": [0.1, 0.5]})
    charts = plot_training([make_run("pcb", history=history), make_run("none")])
    assert [chart.name for chart in charts] == ["training_loss", "training_accuracy"]
    assert charts[1].alt == "Accuracy on training pictures, % over the epochs: pcb ends at 50."
    assert plot_training([make_run()]) == []


def test_pictures_per_camera() -> None:
    table = pd.DataFrame({"camid": [1, 1, 3], "split": ["train", "query", "gallery"]})
    assert plot_cameras(table).alt == "Pictures: camera 1 2, camera 3 1."
