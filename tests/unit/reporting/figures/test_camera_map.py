"""The map of cameras drawn from travel times."""

import numpy as np
import pytest
from sklearn.metrics import pairwise_distances

from streid.files.histograms import Histograms
from streid.reporting.figures.camera_map import (
    fill_gaps,
    joined_pairs,
    log_times,
    map_cameras,
    median_times,
    place_cameras,
)
from streid.reporting.wording import Clock

CLOCK = Clock(per_second=25, unit="frames")
NAN = float("nan")


def histograms(cameras: int, *counted: tuple[int, int, int, int]) -> Histograms:
    """Counts given as (later, earlier, bin, people)."""
    counts_CCB = np.zeros((cameras, cameras, 200), np.int64)
    for later, earlier, position, people in counted:
        counts_CCB[later, earlier, position] += people
    return Histograms(
        cameras_C=10 * np.arange(1, cameras + 1),
        counts_CCB=counts_CCB,
        density_CCB=counts_CCB / 9,
        bin_width=100.0,
        sigma=1.0,
        identities=9,
        sessions=1,
    )


def test_medians_count_both_orders() -> None:
    found = median_times(histograms(3, (0, 1, 2, 2), (1, 0, 5, 2), (1, 0, 9, 1), (2, 0, 0, 1)))
    np.testing.assert_array_equal(found, [[0, 550, 50], [550, 0, NAN], [50, NAN, 0]])


@pytest.mark.parametrize("people", [1, 2, 5, 8])
def test_medians_equal_those_of_the_people(people: int) -> None:
    bins = np.random.default_rng(people).integers(0, 199, people)
    found = median_times(histograms(2, *((1, 0, int(one), 1) for one in bins)))[0, 1]
    assert found == 100 * (np.sort(bins)[(people - 1) // 2] + 0.5)


def test_gaps_are_filled_by_ways_over_others() -> None:
    known = np.array([[0, 2, NAN, NAN], [2, 0, 3, NAN], [NAN, 3, 0, NAN], [NAN, NAN, NAN, 0]])
    filled = fill_gaps(known)
    assert filled[0].tolist() == [0, 2, 5, 7.5]
    np.testing.assert_array_equal(filled, filled.T)
    detour = np.array([[0, 1, 9], [1, 0, 1], [9, 1, 0.0]])
    np.testing.assert_array_equal(fill_gaps(detour), detour)  # what is known stays, however long


def test_places_of_a_plane_are_found_again() -> None:
    places = np.array([[0, 0], [9, 1], [4, 3], [7, -2.0], [1, 4]])
    found = place_cameras(pairwise_distances(places))
    np.testing.assert_allclose(pairwise_distances(found), pairwise_distances(places), atol=0.05)
    assert np.ptp(found[:, 0]) > np.ptp(found[:, 1])
    assert found[0, 0] <= 0 <= found[0, 1]
    np.testing.assert_array_equal(found, place_cameras(pairwise_distances(places)))


def test_lines_join_those_without_a_third_between() -> None:
    line = np.array([[0, 1, 2.2], [1, 0, 1.2], [2.2, 1.2, 0]])
    assert joined_pairs(line) == [(0, 1), (1, 2)]
    assert joined_pairs(np.array([[0, 1, 1], [1, 0, 1], [1, 1, 0.0]])) == [(0, 1), (0, 2), (1, 2)]
    assert joined_pairs(np.array([[0, 9, NAN], [9, 0, 1], [NAN, 1, 0]])) == [(0, 1), (1, 2)]


def test_the_map_names_its_neighbours_and_lists_all_medians() -> None:
    found = map_cameras(histograms(4, (1, 0, 4, 3), (2, 1, 4, 1), (2, 0, 9, 1)), CLOCK)
    assert found is not None
    assert found.chart.alt == (
        "Map of 3 cameras by the time people take between them. Neighbours: 10 to 20 +18 s, 20 to 30 +18 s.".replace(
            "+", ""
        )
    )
    assert found.cameras == ["10", "20", "30"]  # nobody was seen at 40
    assert found.rows[0] == ("Camera 10", ("", "18 s", "38 s"))
    assert found.misfit < 0.05
    assert b">18 s</text>" in found.chart.svg
    again = map_cameras(histograms(4, (1, 0, 4, 3), (2, 1, 4, 1), (2, 0, 9, 1)), CLOCK)
    assert again is not None and again.chart.svg == found.chart.svg


def test_times_that_differ_much_are_placed_by_their_logarithm() -> None:
    near = histograms(3, (0, 1, 10, 5), (1, 2, 10, 5), (0, 2, 20, 5))
    far = histograms(3, (0, 1, 10, 5), (1, 2, 160, 5), (0, 2, 170, 5))
    maps = [map_cameras(one, CLOCK) for one in (near, far)]
    assert [one is not None and one.logarithmic for one in maps] == [False, True]
    times_CC = np.array([[0.0, 3.0, 12.0], [3.0, 0.0, 6.0], [12.0, 6.0, 0.0]])
    assert log_times(times_CC).tolist() == [[0, 1, 3], [1, 0, 2], [3, 2, 0]]


def test_unknown_pairs_have_a_dash_and_no_line() -> None:
    found = map_cameras(histograms(4, (1, 0, 4, 1), (3, 2, 4, 1)), CLOCK)
    assert found is not None
    assert found.rows[0][1] == ("", "18 s", "\N{EN DASH}", "\N{EN DASH}")
    assert "20 to 30" not in found.chart.alt


def test_two_cameras_make_a_map_and_one_does_not() -> None:
    found = map_cameras(histograms(2, (1, 0, 4, 1)), CLOCK)
    assert found is not None and found.misfit < 1e-6
    assert map_cameras(histograms(3), CLOCK) is None
