"""Mean passing times by hand and against loops."""

import numpy as np
import pytest
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


@pytest.mark.parametrize("seed", range(4))
def test_means_equal_loops(seed: int) -> None:
    rng = np.random.default_rng(seed)
    rows = np.column_stack(
        (rng.integers(-1, 6, 80), rng.integers(2, 6, 80), rng.integers(0, 3, 80), rng.integers(-1, 200, 80))
    )
    times: dict[tuple[int, int, int], list[int]] = {}
    for pid, camera, session, time in rows.tolist():
        if pid > 0 and time >= 0:
            times.setdefault((pid, session, camera), []).append(time)
    found = mean_times(passages(*rows.tolist()))
    owners = sorted({key[:2] for key in times})
    assert list(zip(found.pid_G.tolist(), found.session_G.tolist(), strict=True)) == owners
    assert found.cameras_C.tolist() == sorted({camera for pid, camera, _, _ in rows.tolist() if pid > 0})
    for row, owner in enumerate(owners):
        for column, camera in enumerate(found.cameras_C.tolist()):
            passed = times.get((*owner, camera))
            mean = found.means_GC[row, column]
            assert np.isnan(mean) if passed is None else mean == pytest.approx(sum(passed) / (len(passed) + 1e-7))


def test_cameras_without_a_known_time_are_listed_all_the_same() -> None:
    timelines = mean_times(passages((1, 3, 0, -1), (1, 5, 0, 9), (0, 7, 0, 4), (-1, 8, 0, 4)))
    assert timelines.cameras_C.tolist() == [3, 5]
    np.testing.assert_array_equal(timelines.means_GC, [[np.nan, 9 / (1 + 1e-7)]])


def test_nobody_gives_an_empty_table() -> None:
    timelines = mean_times(passages((0, 1, 0, 5)))
    assert timelines.means_GC.shape == (0, 0)
