"""Bins of signed time differences: by hand, and against a search among their edges."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streid.errors import InputError
from streid.files.time_bins import TimeBins


@pytest.mark.parametrize(("gap", "bin_"), [(0, 0), (1, 0), (2, 1), (5, 1), (6, 2), (-1, 0), (-2, -1), (-6, -2)])
def test_nearest_multiple_halves_away_from_zero(gap: int, bin_: int) -> None:
    assert TimeBins(width=4, last=100).signed(np.array([gap])).tolist() == [bin_]


def test_bins_widen_by_hand() -> None:
    bins = TimeBins(width=10, last=9, equal=4)  # multiples 0 1 2 3, then 4-5 6-7, 8-11 12-15, 16-23 and all beyond 23
    multiples = [0, 1, 2, 3, 4, 5, 6, 7, 8, 11, 12, 15, 16, 23, 24, 31, 32, 10**9]
    expected = [0, 1, 2, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 9, 9]
    gaps = 10 * np.array(multiples)
    assert bins.signed(gaps).tolist() == expected
    assert bins.signed(-gaps).tolist() == [-one for one in expected]
    assert bins.starts().tolist() == [0, 5, 15, 25, 35, 55, 75, 115, 155, 235, 315]
    assert bins.edges().tolist()[7:12] == [-25, -15, -5, 5, 15]


def test_equal_bins_keep_one_width() -> None:
    bins = TimeBins(width=3, last=4)
    assert bins.starts().tolist() == [0, 1.5, 4.5, 7.5, 10.5, 13.5]
    assert bins.signed(np.array([13, 14, -1000])).tolist() == [4, 4, -4]


@given(
    st.integers(1, 1000), st.integers(1, 300), st.sampled_from([0, 2, 8, 64]), st.lists(st.integers(-(2**50), 2**50))
)
def test_every_difference_lies_between_its_bins_edges(width: int, last: int, equal: int, gaps: list[int]) -> None:
    bins = TimeBins(width=width, last=last, equal=equal)
    gap_E = np.array(gaps, np.int64)
    found_E = np.abs(bins.signed(gap_E))
    expected_E = np.minimum(np.searchsorted(bins.starts(), np.abs(gap_E), side="right") - 1, last)
    np.testing.assert_array_equal(found_E, expected_E)


@pytest.mark.parametrize("wrong", [{"width": 0}, {"last": 0}, {"equal": 3}, {"equal": -2}, {"equal": 1}])
def test_impossible_bins_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(InputError, match="time bins"):
        TimeBins(**{"width": 1, "last": 5, **wrong})
