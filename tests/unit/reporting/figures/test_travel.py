"""Charts of travel times per camera pair."""

import xml.etree.ElementTree as ET
from dataclasses import replace

import numpy as np
import pytest
from travel_times_by_hand import CLOCK, SIGNED, histograms, likelihood

from streid.files.histograms import Histograms, Likelihood
from streid.reporting.figures.travel import MOST_PAIRS, common_reach, plot_travel


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
