"""Mean passing times by hand and against loops."""

import numpy as np
from scenes_by_hand import passages

from streid.spatiotemporal.timelines import mean_times


def test_mean_is_sum_over_count_plus_epsilon() -> None:
    timelines = mean_times(passages((3, 2, 0, 10), (3, 2, 0, 20), (3, 1, 0, 7), (3, 2, 1, 90)))
    assert timelines.cameras_C.tolist() == [1, 2]
    assert timelines.session_G.tolist() == [0, 1]
    np.testing.assert_array_equal(timelines.means_GC, [[7 / (1 + 1e-7), 30 / (2 + 1e-7)], [np.nan, 90 / (1 + 1e-7)]])


def test_a_large_clocks_mean_is_exact() -> None:
    begin = 1_700_000_000
    means = mean_times(passages((1, 1, 0, begin), (1, 2, 0, begin + 90), (1, 2, 0, begin + 91), (1, 1, 1, 30))).means_GC
    np.testing.assert_array_equal(means, [[0, 90.5], [30 / (1 + 1e-7), np.nan]])
