"""What the figures show, and that they are the same bytes each time."""

import xml.etree.ElementTree as ET
from collections.abc import Callable

import matplotlib as mpl
import numpy as np
import pandas as pd

from streid.reporting.charts import DARK, LIGHT, draw_chart, style_of
from streid.reporting.figures import MOST_PAIRS, compare_streams, plot_cameras, plot_cmc, plot_training, plot_travel
from streid.reporting.runs import ModelRun
from streid.reporting.wording import Clock
from streid.tables import Histograms

MakeRun = Callable[..., ModelRun]

CLOCK = Clock(per_second=25, unit="frames")


def histograms(cameras: int, *counted: tuple[int, int, int, int]) -> Histograms:
    """Counts given as (later, earlier, bin, people), unsmoothed."""
    counts_CCB = np.zeros((cameras, cameras, 12), np.int64)
    for later, earlier, position, people in counted:
        counts_CCB[later, earlier, position] = people
    totals = np.maximum(counts_CCB.sum(axis=2, keepdims=True), 1)
    return Histograms(
        cameras_C=np.arange(1, cameras + 1),
        counts_CCB=counts_CCB,
        density_CCB=counts_CCB / totals,
        bin_width=100.0,
        sigma=1.0,
        identities=9,
        sessions=1,
    )


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


def test_streams_are_compared_in_words(make_run: MakeRun) -> None:
    rank1, mean_ap = compare_streams([make_run()])
    assert (rank1.name, mean_ap.name) == ("compare_rank1", "compare_mAP")
    assert mean_ap.alt == "mAP: Appearance 40.0 %, Times alone 10.0 %, Appearance + times 60.0 %, Re-ranked 80.0 %."


def test_match_curves_say_when_one_lies_below(make_run: MakeRun) -> None:
    chart = plot_cmc(make_run())
    assert chart.name == "cmc_pcb"
    assert "Appearance 50.0 % at rank 1" in chart.alt
    assert b"(below)" not in chart.light
    low = make_run(visual={"cmc": [0.8, 0.9], "mAP": 1}, spatiotemporal={"cmc": [0.1, 0.2], "mAP": 1})
    assert b"Times alone (below)" in plot_cmc(low).light


def test_training_curves_only_of_what_was_recorded(make_run: MakeRun) -> None:
    history = pd.DataFrame({"epoch": [1.0, 2.0], "loss": [2.0, 1.0], "accuracy": [0.1, 0.5]})
    charts = plot_training([make_run("pcb", history=history), make_run("none")])
    assert [chart.name for chart in charts] == ["training_loss", "training_accuracy"]
    assert charts[1].alt == "Accuracy on training pictures, % over the epochs: pcb ends at 50."
    assert plot_training([make_run()]) == []


def test_travel_times_per_pair() -> None:
    charts, pairs = plot_travel(histograms(3, (1, 0, 4, 3), (0, 1, 2, 1), (2, 0, 1, 2)), CLOCK)
    assert pairs == 2
    assert [chart.name for chart in charts] == ["travel_1_2", "travel_1_3"]
    assert charts[0].alt == "Time between cameras 1 and 2: 3 people came to 2 after 1, 1 to 1 after 2."
    assert plot_travel(histograms(3), CLOCK) == ([], 0)


def test_of_many_pairs_the_fullest_are_drawn() -> None:
    pairs = [(later, earlier) for later in range(9) for earlier in range(later)]
    charts, counted = plot_travel(histograms(9, *((*pair, 1, 1 + (pair != (8, 7))) for pair in pairs)), CLOCK)
    assert counted == 36
    assert len(charts) == MOST_PAIRS
    assert "travel_8_9" not in {chart.name for chart in charts}


def test_pictures_per_camera() -> None:
    table = pd.DataFrame({"camid": [1, 1, 3], "split": ["train", "query", "gallery"]})
    assert plot_cameras(table).alt == "Pictures: camera 1 2, camera 3 1."
