"""Charts of travel times per camera pair, and of all pairs in one."""

import re
import xml.etree.ElementTree as ET
from dataclasses import replace

import numpy as np
import pytest

from streid.files.histograms import Histograms, Likelihood
from streid.reporting.figures.travel import MOST_PAIRS, common_reach, plot_travel
from streid.reporting.figures.travel_matrix import _count_curves, _ratio_curves, plot_all_pairs
from streid.reporting.wording import Clock

CLOCK = Clock(per_second=25, unit="frames")
SIGNED = 2 * 60 + 1


def likelihood(cameras: int, **changed: object) -> Likelihood:
    """Everybody takes 20 bins of 10 frames from a pair's first camera to its second, strangers any time."""
    pairs = cameras * (cameras - 1) // 2
    same_PS = np.full((pairs, SIGNED), 1e-9, np.float32)
    same_PS[:, SIGNED // 2 + 20] = 1
    content = {
        "cameras_C": np.arange(1, cameras + 1),
        "same_PS": same_PS,
        "different_PS": np.full((pairs, SIGNED), 1 / SIGNED, np.float32),
        "identities_P": np.full(pairs, 9.0),
        "bin_width": 10,
        "neutral": 0.1,
        "near": 0.0,
        "apart": 0.0,
        "identities": 9,
        "identities_compared": 9,
        "sessions": 1,
        "pooling": 1.0,
        "windows_J": np.ones(1),
        "weights_J": np.ones(1),
    }
    return Likelihood(**(content | changed))


def histograms(cameras: int, *counted: tuple[int, int, int, int], **more: Likelihood) -> Histograms:
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
        **more,
    )


def panels(content: bytes) -> int:
    return len([group for group in ET.fromstring(content).iter() if group.get("id", "").startswith("axes_")])


def test_pairs_by_the_people_counted() -> None:
    travel = plot_travel(histograms(3, (1, 0, 4, 1), (2, 0, 1, 3), (0, 2, 2, 1)), CLOCK, densities=False)
    assert [chart.name for chart in travel.charts] == ["travel_1_3", "travel_1_2"]
    assert travel.charts[0].alt == "Time between cameras 1 and 3: 3 people came to 3 after 1, 1 to 1 after 3."
    assert (travel.named, travel.densities, panels(travel.charts[0].svg)) == ([], False, 1)
    assert plot_travel(histograms(3), CLOCK, densities=True).charts == ()


def test_densities_and_their_log_ratio_stand_below() -> None:
    counted = histograms(3, (1, 0, 4, 3), likelihood=likelihood(3))
    (chart,) = (travel := plot_travel(counted, CLOCK, densities=True)).charts
    assert travel.densities
    assert panels(chart.svg) == 3
    minus, top = "\N{MINUS SIGN}", np.log(0.9 * SIGNED + 0.1)
    assert chart.alt.endswith(
        f"Log ratio of one person to two people between {minus}2.3 and {top:.1f}, highest at +8.0 s."
    )
    assert panels(plot_travel(counted, CLOCK, densities=False).charts[0].svg) == 1


@pytest.mark.parametrize("told", [likelihood(3, neutral=1.0), likelihood(1)], ids=["neutral", "other cameras"])
def test_densities_that_say_nothing_are_not_drawn(told: Likelihood) -> None:
    travel = plot_travel(histograms(3, (1, 0, 4, 3), likelihood=told), CLOCK, densities=True)
    assert not travel.densities
    assert panels(travel.charts[0].svg) == 1


def test_of_many_pairs_the_fullest_are_drawn_and_the_others_named() -> None:
    pairs = [(later, earlier) for later in range(9) for earlier in range(later)]
    counted = [(*pair, 1, 1 + (pair == (8, 7))) for pair in pairs]
    travel = plot_travel(histograms(9, *counted), CLOCK, densities=False)
    assert len(travel.charts) == MOST_PAIRS
    assert travel.charts[0].name == "travel_8_9"
    assert len(travel.named) == 36 - MOST_PAIRS
    assert travel.named[-1] == "7 and 9"


def spread(*counted: tuple[int, int]) -> Histograms:
    """Two cameras, one order: (bin, people), in 1,000 bins of 100 frames, which are 4 seconds."""
    counts_CCB = np.zeros((2, 2, 1000), np.int64)
    for position, people in counted:
        counts_CCB[1, 0, position] = people
    return replace(histograms(2), counts_CCB=counts_CCB, density_CCB=counts_CCB / counts_CCB.sum(), sigma=50.0)


def test_a_few_who_come_back_late_do_not_press_the_others_together() -> None:
    late = spread((9, 50), (14, 40), (700, 10))
    # A quarter has come by bin 10: the axis has 8 times as many, and a quarter of them as room for the smoothing.
    assert common_reach(late) == 80 + 20
    space = "\N{NO-BREAK SPACE}"
    assert plot_travel(late, CLOCK, densities=False).tail == (
        f"10.0{space}% of the people took longer than the axes show (6.7 min), at most about 47 min."
    )
    assert common_reach(spread((9, 50), (14, 50))) == 15 + 3  # all are covered before 8 times the quick ones
    assert plot_travel(spread((9, 50), (14, 50)), CLOCK, densities=False).tail == ""
    assert common_reach(spread((999, 5))) == 1000


ALL = [(later, earlier, 3, 2) for later in range(4) for earlier in range(later)]


def test_every_pair_stands_in_the_matrix() -> None:
    tables = histograms(4, *ALL, (3, 2, 5, 4), likelihood=likelihood(4))
    chart = plot_all_pairs(tables, CLOCK, densities=True)
    assert chart is not None
    assert chart.alt == (
        "Travel times of 6 pairs of 4 cameras, up to 28 s to either side, with their log ratios; most people were "
        "counted between 3 and 4: 6."
    )
    plain = plot_all_pairs(tables, CLOCK, densities=False)
    assert plain is not None and "log ratios" not in plain.alt
    collections = [len(re.findall(rb"<g id=.(?:Line|Poly)Collection", one.svg)) for one in (plain, chart)]
    assert collections == [1 + 12, 1 + 12 + 6]
    assert plot_all_pairs(histograms(4), CLOCK, densities=True) is None


def test_a_likelihood_of_other_cameras_draws_those_it_knows() -> None:
    tables = histograms(4, *ALL, likelihood=likelihood(2))
    assert list(_ratio_curves(tables, {(0, 1): 2, (0, 2): 2}, 7, CLOCK)) == [(0, 1)]


def test_curves_stay_in_their_cells() -> None:
    tables = histograms(4, *ALL, likelihood=likelihood(4))
    pair = {(1, 3): 2}
    for curve in _count_curves(tables, pair, 7)[1, 3]:  # row 3, column 1
        assert curve.across_X.min() >= 1 and curve.across_X.max() <= 2
        assert curve.down_X.min() >= 3 and curve.down_X.max() <= curve.bottom < 4
    later, earlier = _count_curves(tables, pair, 7)[1, 3]
    assert later.across_X.min() > 1.5 > earlier.across_X.max()  # the higher-numbered camera came later
    assert later.down_X.min() < earlier.down_X.min() == earlier.bottom  # nobody went the other way
    ratio = _ratio_curves(tables, pair, 7, CLOCK)[1, 3]  # row 1, column 3
    assert ratio.across_X.min() >= 3 and ratio.across_X.max() <= 4
    assert ratio.down_X.min() < 1.5 < ratio.down_X.max()
    peak = ratio.across_X[np.argmin(ratio.down_X)]
    assert peak > 3.5  # people are expected 20 bins after the first camera
