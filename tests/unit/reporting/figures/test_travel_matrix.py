"""Travel times of all camera pairs in one figure."""

import re

import numpy as np
from travel_times_by_hand import CLOCK, histograms, likelihood

from streid.reporting.figures.travel_matrix import _count_curves, _ratio_curves, plot_all_pairs

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
