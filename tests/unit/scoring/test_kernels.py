"""The compiled inner loops against loops, sorting and formulas, and where bins begin."""

import numpy as np
import pytest
from scenes_by_hand import LAST, fused_scores, made_up_likelihood, naive_log_ratio, random_rows, seen, two_cameras

from streid.scoring.compilation import Rule
from streid.scoring.fusion import Fusion, likelihood_fusion, locate, logistic_fusion
from streid.scoring.kernels import ROUND_UP, fuse_block, fuse_pairs


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("latest", [3, 45, 4000])
def test_kernels_equal_the_formula(seed: int, latest: int) -> None:
    rows, likelihood, weight = random_rows(seed, 300, latest), made_up_likelihood(), 0.03
    products = np.random.default_rng(seed).uniform(-1, 1, (300, 300)).astype(np.float32)
    fusion = likelihood_fusion(likelihood, weight)
    expected = products + weight * np.array([[naive_log_ratio(likelihood, a, b) for b in rows] for a in rows])
    found = fused_scores(fusion, seen(*rows), products)
    np.testing.assert_allclose(found, expected, atol=1e-6)
    np.testing.assert_array_equal(found, fused_scores(fusion, seen(*rows), products, answered=True))
    one, other = np.divmod(np.arange(300 * 300, dtype=np.int32), np.int32(300))
    pairs = fuse_pairs(products.reshape(-1), one, other, locate(seen(*rows), fusion.cameras_C), fusion.rule)
    np.testing.assert_array_equal(pairs, found.reshape(-1))


@pytest.mark.parametrize("latest", [2, 45, 4000])
def test_the_score_is_the_same_whichever_picture_asks(latest: int) -> None:
    products = np.random.default_rng(1).uniform(-1, 1, (400, 400)).astype(np.float32)
    products = np.maximum(products, products.T)
    scores = fused_scores(likelihood_fusion(made_up_likelihood(), 0.02), seen(*random_rows(3, 400, latest)), products)
    np.testing.assert_array_equal(scores, scores.T)


@pytest.mark.parametrize(("gap", "k"), [(0, 0), (1, 0), (2, 1), (4, 1), (5, 2), (30, 10), (31, 10), (900, 10)])
@pytest.mark.parametrize("sign", [1, -1])
def test_nearest_bin_and_the_last_one_for_all_beyond(gap: int, k: int, sign: int) -> None:
    likelihood = made_up_likelihood()
    times = (1000, 1000 + sign * gap)
    scores = fused_scores(
        likelihood_fusion(likelihood, 1.0), seen((2, 0, times[0]), (4, 0, times[1])), np.zeros((2, 2), np.float32)
    )
    assert scores[0, 1] == scores[1, 0] == likelihood.log_ratios()[0, 1, LAST + sign * k]


def test_half_a_bin_goes_outwards() -> None:
    likelihood = made_up_likelihood(bin_width=4)
    pictures = seen((2, 0, 100), (4, 0, 102), (4, 0, 98))
    scores = fused_scores(likelihood_fusion(likelihood, 1.0), pictures, np.zeros((3, 3), np.float32))
    table = likelihood.log_ratios()
    assert (scores[0, 1], scores[0, 2]) == (table[0, 1, LAST + 1], table[0, 1, LAST - 1])


def test_neutral_where_nothing_is_known_or_the_camera_is_the_same() -> None:
    fusion = likelihood_fusion(made_up_likelihood(), 1.0)
    pictures = seen((2, 0, 5), (2, 0, 9), (2, 1, 9), (9, 0, 5), (4, 0, -1), (9, 0, 9))
    cosines = np.random.default_rng(0).uniform(-1, 1, (6, 6)).astype(np.float32)
    np.testing.assert_array_equal(fused_scores(fusion, pictures, cosines), cosines)
    apart = fused_scores(fusion, seen((2, 0, 5), (4, 1, 5)), np.zeros((2, 2), np.float32))
    assert apart.tolist() == [[0, -2.5], [-2.5, 0]]


@pytest.mark.parametrize("alpha", [0.01, 5.0, 80.0])
def test_logistic_keeps_its_precision_at_any_steepness(alpha: float) -> None:
    products = np.linspace(-1, 1, 601, dtype=np.float32)[None]
    fusion = logistic_fusion(two_cameras(), alpha)
    moments = locate(seen(*([(9, 0, 0)] * 601)), fusion.cameras_C)
    scores = np.empty_like(products)
    fuse_block(products, moments, moments, fusion.rule, False, scores)
    expected = 1 / (1 + np.exp(-alpha * products.astype(np.float64))) / 3
    np.testing.assert_allclose(scores, expected, rtol=2e-5 if alpha > 50 else 1e-6)


def test_added_table_with_values_apart_and_unknown() -> None:
    table = np.broadcast_to(
        np.array([0.5, 0.25, 0.25, 0.5], np.float32), (2, 2, 4)
    ).copy()  # a camera against itself too
    rule = Rule(table, 10.0, 0.0, np.float32(-2), np.float32(-3), np.float32(0), False)
    fusion = Fusion(name="x", parameters={}, cameras_C=np.array([1, 2]), rule=rule)
    pictures = seen((1, 0, 0), (1, 0, 5), (1, 0, 50), (2, 1, 0), (1, 1, 0), (1, 0, -1))
    scores = fused_scores(fusion, pictures, np.zeros((6, 6), np.float32))
    assert scores[0].tolist() == [0.25, 0.25, 0.5, -2, -3, -3]  # -3, as if unknown: one camera in two sessions
    assert scores[3].tolist() == [-2, -2, -2, 0.25, 0.25, -3]
    assert scores[5].tolist() == [-3] * 6


def test_gaps_that_are_whole_bins_fall_into_the_bin_they_begin() -> None:
    widths, steps = np.array([1.0, 7.0, 25.0, 100.0, 999.0]), np.arange(1, 5000, 7)
    for width in widths:
        for shift in (0, -1):
            gaps = steps * width + shift
            np.testing.assert_array_equal(np.floor(gaps * (ROUND_UP / width)), gaps // width)
