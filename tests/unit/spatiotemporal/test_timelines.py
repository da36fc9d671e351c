"""Mean passing times by hand and against loops."""

import tracemalloc

import numpy as np
import pytest
from scenes_by_hand import passages

from streid.spatiotemporal.timelines import mean_times


def test_mean_is_sum_over_count_plus_epsilon() -> None:
    timelines = mean_times(passages((3, 2, 0, 10), (3, 2, 0, 20), (3, 1, 0, 7), (3, 2, 1, 90)))
    assert timelines.cameras_C.tolist() == [1, 2]
    assert timelines.session_V.tolist() == [0, 0, 1]
    assert timelines.camera_V.tolist() == [0, 1, 1]
    np.testing.assert_array_equal(timelines.mean_V, [7 / (1 + 1e-7), 30 / (2 + 1e-7), 90 / (1 + 1e-7)])


def test_a_large_clocks_mean_is_exact() -> None:
    begin = 1_700_000_000
    means = mean_times(passages((1, 1, 0, begin), (1, 2, 0, begin + 90), (1, 2, 0, begin + 91), (1, 1, 1, 30))).mean_V
    np.testing.assert_array_equal(means, [0, 90.5, 30 / (1 + 1e-7)])


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
    assert found.cameras_C.tolist() == sorted({camera for pid, camera, _, _ in rows.tolist() if pid > 0})
    cameras_V = found.cameras_C[found.camera_V]
    assert list(zip(found.pid_V, found.session_V, cameras_V, strict=True)) == sorted(times)
    means = [sum(passed) / (len(passed) + 1e-7) for _, passed in sorted(times.items())]
    assert found.mean_V.tolist() == pytest.approx(means)


def test_cameras_without_a_known_time_are_listed_all_the_same() -> None:
    timelines = mean_times(passages((1, 3, 0, -1), (1, 5, 0, 9), (0, 7, 0, 4), (-1, 8, 0, 4)))
    assert timelines.cameras_C.tolist() == [3, 5]
    assert timelines.camera_V.tolist() == [1]
    np.testing.assert_array_equal(timelines.mean_V, [9 / (1 + 1e-7)])


def test_nobody_gives_an_empty_table() -> None:
    timelines = mean_times(passages((0, 1, 0, 5)))
    assert (timelines.cameras_C.shape, timelines.mean_V.shape) == ((0,), (0,))


def test_many_people_and_many_cameras_take_no_table_of_both() -> None:
    person_N = np.repeat(np.arange(1, 20_001), 2)
    rows = np.column_stack((person_N, np.arange(40_000) % 300 + 1, person_N * 0, person_N))
    seen = passages(*rows.tolist())
    tracemalloc.start()
    found = mean_times(seen)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(found.cameras_C) == 300
    assert peak < 20_000_000  # a value for each person and camera would be 48,000,000
