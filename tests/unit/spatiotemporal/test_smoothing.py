"""The smoothing windows against sums written out."""

import numpy as np
import pytest
from scenes_by_hand import naive_smooth

from streid.spatiotemporal.smoothing import Smoother, smooth_counts, window_radius, window_sizes


def test_each_pair_sums_to_one_and_same_camera_is_zero() -> None:
    counts = np.zeros((2, 2, 40), np.int64)
    counts[1, 0, [3, 20]] = (5, 1)
    density = smooth_counts(counts, 2.0)
    assert density[1, 0].sum() == pytest.approx(1, abs=1e-6)
    assert not density[0].any()
    assert not density[1, 1].any()


def test_a_window_wider_than_the_table_is_cut_without_a_difference() -> None:
    counts = np.zeros((2, 2, 9), np.int64)
    counts[1, 0, [0, 5]] = (2, 1)
    offsets = np.arange(9)[:, None] - np.arange(9)
    expected = np.exp(-(offsets**2) / (2 * 40.0**2)) @ counts[1, 0]
    np.testing.assert_allclose(smooth_counts(counts, 40.0)[1, 0], expected / expected.sum(), rtol=1e-5)


def test_smoothing_keeps_each_sum_and_is_never_negative() -> None:
    histograms = np.random.default_rng(0).random((3, 41)) ** 8
    for sigma in (1.0, 4.0, 13.0):
        found = Smoother(histograms).smooth(sigma)
        np.testing.assert_allclose(found, [naive_smooth(one, sigma) for one in histograms], atol=1e-12)
        np.testing.assert_allclose(found.sum(axis=1), histograms.sum(axis=1))
        assert found.min() >= 0


def test_what_lies_beyond_keeps_its_bins() -> None:
    histograms = np.random.default_rng(0).random((2, 3, 41)) ** 8
    smoother = Smoother(histograms, folded=True)
    for sigma in (1.0, 13.0):
        found = smoother.smooth(sigma)
        np.testing.assert_array_equal(found[..., [0, -1]], histograms[..., [0, -1]])
        expected = [[naive_smooth(one[1:-1], sigma) for one in rows] for rows in histograms]
        np.testing.assert_allclose(found[..., 1:-1], expected, atol=1e-12)


@pytest.mark.parametrize(("last", "sizes"), [(1, (1,)), (3, (1,)), (5, (1,)), (6, (1, 2)), (100, (1, 2, 4, 8, 16, 32))])
def test_windows_double_up_to_a_third_of_the_last_bin(last: int, sizes: tuple[int, ...]) -> None:
    assert window_sizes(last) == sizes


@pytest.mark.parametrize("sigma", [0.4, 1.0, 2.5])
def test_counts_are_smoothed_as_the_paper_says(sigma: float) -> None:
    counts = np.random.default_rng(0).integers(0, 4, (3, 3, 17))
    counts[1, 2] = 0
    found, reach = smooth_counts(counts, sigma), window_radius(sigma)
    for pair in np.ndindex(3, 3):
        shares = counts[pair] / (counts[pair].sum() + 1e-7)
        smoothed = np.zeros(17)
        for k in range(17):
            for n in range(-reach, reach + 1):
                if 0 <= k + n < 17:
                    density = np.exp(-(n**2) / (2 * sigma**2)) / (sigma * np.sqrt(2 * np.pi))
                    smoothed[k] += shares[k + n] * density
        np.testing.assert_allclose(found[pair], smoothed / (smoothed.sum() + 1e-7), atol=1e-12)


@pytest.mark.parametrize(("sigma", "radius"), [(0.3, 0), (0.34, 1), (1.0, 3), (50.0, 150)])
def test_a_window_reaches_three_standard_deviations(sigma: float, radius: int) -> None:
    assert window_radius(sigma) == radius
