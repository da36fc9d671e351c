"""The compiled inner loops against loops, sorting and formulas, and where bins begin."""

import numba
import numpy as np
import pytest
from scenes_by_hand import LAST, fused_scores, made_up_likelihood, naive_log_ratio, random_rows, seen, two_cameras

from streid.scoring.compilation import Lists, Rule
from streid.scoring.fusion import Fusion, likelihood_fusion, locate, logistic_fusion
from streid.scoring.kernels import (
    NOBODY,
    ROUND_UP,
    STRIPE,
    absorb_block,
    best_of_rows,
    copy_columns,
    fuse_block,
    fuse_pairs,
    multiply_pairs,
    sort_heaps,
    stripe_width,
)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("latest", [3, 45, 4000])
@pytest.mark.parametrize("equal_bins", [0, 2, 8, 64])
def test_kernels_equal_the_formula(seed: int, latest: int, equal_bins: int) -> None:
    rows, likelihood, weight = random_rows(seed, 300, latest), made_up_likelihood(equal_bins=equal_bins), 0.03
    products = np.random.default_rng(seed).uniform(-1, 1, (300, 300)).astype(np.float32)
    fusion = likelihood_fusion(likelihood, weight)
    expected = products + weight * np.array([[naive_log_ratio(likelihood, a, b) for b in rows] for a in rows])
    found = fused_scores(fusion, seen(*rows), products)
    np.testing.assert_allclose(found, expected, atol=1e-6)
    np.testing.assert_array_equal(found, fused_scores(fusion, seen(*rows), products, backward=True))
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


@pytest.mark.parametrize("width", [1, 3, 1000])
@pytest.mark.parametrize("power", [0, 1, 10, 35, 50])
def test_bins_widen_alike_in_the_kernels_up_to_the_longest_clocks(width: int, power: int) -> None:
    ratios_PS = np.random.default_rng(power).uniform(0.1, 2, (1, 601)).astype(np.float32)
    likelihood = made_up_likelihood(
        cameras_C=np.array([2, 4]), same_PS=ratios_PS, different_PS=np.ones_like(ratios_PS), identities_P=np.ones(1),
        bin_width=width, equal_bins=16,
    )  # fmt: skip
    around = width * (1 << power) if power < 40 else 1 << power
    later = np.unique(np.maximum(around + np.arange(-2 * width, 2 * width + 1, max(1, width // 50)), 0))
    pictures = seen((2, 0, 0), *((4, 0, int(time)) for time in later))
    scores = fused_scores(likelihood_fusion(likelihood, 1.0), pictures, np.zeros((len(later) + 1,) * 2, np.float32))
    expected = likelihood.log_ratios()[0, 1, likelihood.last_bin + likelihood.bins.signed(later)]
    np.testing.assert_array_equal(scores[0, 1:], expected)
    np.testing.assert_array_equal(scores[1:, 0], expected)


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


def best_by_sorting(scores: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """The best columns of each row and their scores, ties by index; places that stay empty are NOBODY, -infinity."""
    indices = np.argsort(-scores, axis=1, kind="stable")[:, :count].astype(np.int32)
    best = np.take_along_axis(scores, indices, 1)
    return np.where(np.isneginf(best), NOBODY, indices), best


@pytest.mark.parametrize("columns", [3, 200, 255, 256, 257, 1500])
@pytest.mark.parametrize("count", [1, 3, 100, 300])
def test_the_best_of_each_row_equal_a_full_sort(columns: int, count: int) -> None:
    kept = min(count, columns)
    rng = np.random.default_rng(columns + count)
    for scores in (rng.integers(0, 20, (6, columns)).astype(np.float32), rng.standard_normal((6, columns), np.float32)):
        scores[0] = -np.inf
        scores[1, rng.random(columns) < 0.9] = -np.inf  # most of a row is ignored
        scores[2] = np.arange(columns)  # each better than all before
        indices, best = np.empty((6, kept), np.int32), np.empty((6, kept), np.float32)
        best_of_rows(scores, indices, best)
        wanted = best_by_sorting(scores, kept)
        np.testing.assert_array_equal(indices, wanted[0])
        np.testing.assert_array_equal(best, wanted[1])


@pytest.mark.parametrize("count", [1, 2, 9])
def test_lists_filled_block_by_block_equal_a_full_sort(count: int) -> None:
    total, edge, width = 23, 8, 3
    rng = np.random.default_rng(count)
    features = rng.choice([-1.0, 1.0], (total, 6)).astype(np.float32)  # exact products, many ties
    products = features @ features.T
    fusion = likelihood_fusion(made_up_likelihood(), 0.25)
    pictures = locate(seen(*random_rows(4, total)), fusion.cameras_C)
    lists = Lists(
        np.full((total, count), NOBODY, np.int32),
        np.full((total, count), -np.inf, np.float32),
        np.full(total, np.inf, np.float32),
    )
    threshold = np.full(total, -np.inf, np.float32)
    stripes = -(-edge // width)
    spare = (
        np.empty((stripes, edge, count), np.int32),
        np.empty((stripes, edge, count), np.float32),
        np.empty((stripes, edge), np.float32),
    )
    for row in range(0, total, edge):
        for column in range(row, total, edge):
            block = np.ascontiguousarray(products[row : row + edge, column : column + edge])
            absorb_block(block, row, column, pictures, fusion.rule, lists, threshold, width, spare)
    sort_heaps(lists.indices_NK, lists.scores_NK)
    scores = np.empty_like(products)
    fuse_block(products, pictures, pictures, fusion.rule, True, scores)
    wanted = best_by_sorting(scores, count)
    np.testing.assert_array_equal(lists.indices_NK, wanted[0])
    np.testing.assert_array_equal(lists.scores_NK, wanted[1])
    np.testing.assert_array_equal(lists.lowest_N, scores.min(axis=1))


def test_products_of_single_pairs() -> None:
    features = np.random.default_rng(0).standard_normal((7, 33)).astype(np.float32)
    first, second = np.array([0, 6, 3], np.int32), np.array([0, 1, 2], np.int32)
    expected = [features[i].astype(float) @ features[j] for i, j in zip(first, second, strict=True)]
    np.testing.assert_allclose(multiply_pairs(features, first, second), expected, rtol=1e-5)


def test_columns_are_copied_as_far_as_there_are_rows() -> None:
    block, found = np.arange(12, dtype=np.float32).reshape(3, 4), np.zeros((5, 6), np.float32)
    copy_columns(block, 1, found, 3, 2)
    assert found[:3].sum() == 0
    assert found[3:].tolist() == [[0, 0, 1, 2, 3, 0], [0, 0, 5, 6, 7, 0]]


def test_stripes_share_out_a_blocks_columns() -> None:
    before = numba.get_num_threads()
    numba.set_num_threads(1)
    try:
        assert [stripe_width(columns) for columns in (5, 128, 1000, 5000)] == [128, 128, 1024, STRIPE]
    finally:
        numba.set_num_threads(before)


@pytest.mark.filterwarnings("error")
def test_the_exponential_is_exact_to_two_units_in_the_last_place() -> None:
    x = np.concatenate((np.linspace(-87, 88, 20001), [0.0, -0.0, 1e-30]))
    fusion = logistic_fusion(two_cameras(), 1.0)
    products = x.astype(np.float32)[None]
    moments = locate(seen(*([(9, 0, 0)] * len(x))), fusion.cameras_C)
    scores = np.empty_like(products)
    fuse_block(products, moments, moments, fusion.rule, False, scores)
    np.testing.assert_allclose(scores[0], 1 / (1 + np.exp(-products[0].astype(np.float64))) / 3, rtol=6e-7)
