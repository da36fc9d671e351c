"""The nearest of every picture against a full sort."""

import numpy as np
import pytest
import torch
from scenes_by_hand import ALPHA, CASES, naive_scores, random_features, random_tables

from streid.errors import InputError
from streid.scoring.compilation import Moments
from streid.scoring.evaluation import make_scene
from streid.scoring.fusion import locate, logistic_fusion, visual_fusion
from streid.scoring.neighbours import Neighbours, find_neighbours, first_of, score_again
from streid.scoring.products import PairProducts


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("count", [1, 7, 1000])
def test_neighbours_equal_a_full_sort(name: str, count: int) -> None:
    features, tables = random_features(CASES[name], seed=9), random_tables(4)
    scores = naive_scores(features, tables)
    scene, fusion = make_scene(features), logistic_fusion(tables, ALPHA)
    pictures = locate(scene.everyone, fusion.cameras_C)
    found = find_neighbours(PairProducts(scene.features_ND), pictures, fusion.rule, count=count, block_rows=48)
    expected = np.argsort(np.round(-scores.T, 10), axis=1, kind="stable")[:, :count]
    if CASES[name].exact:
        np.testing.assert_array_equal(found.indices_NK, expected)
    assert all(len(set(row)) == len(row) for row in found.indices_NK.tolist())
    of_found = np.take_along_axis(scores.T, found.indices_NK.astype(np.int64), 1)  # float32 may swap near ties
    np.testing.assert_allclose(of_found, np.take_along_axis(scores.T, expected, 1), rtol=0, atol=2e-7)
    np.testing.assert_allclose(found.scores_NK, np.take_along_axis(scores.T, expected, 1), atol=1e-6)
    np.testing.assert_allclose(found.lowest_N, scores.min(axis=0), atol=1e-6)


@pytest.mark.parametrize("device", [None, torch.device("cpu")])
def test_scores_that_are_no_numbers_are_refused_before_anybody_is_looked_up(device: torch.device | None) -> None:
    features = np.eye(5, 4, dtype=np.float32)
    features[3] = np.nan
    nobody = Moments(np.zeros(5, np.int32), np.full(5, -1, np.int32), np.zeros(5))
    with pytest.raises(InputError, match="pictures .* are not finite"):
        find_neighbours(PairProducts(features, device), nobody, visual_fusion().rule, count=3)


@pytest.mark.parametrize("block_rows", [7, 64, 1000])
@pytest.mark.parametrize("first", [0, 1, 20, 33])
def test_cosines_that_pass_by_are_kept(block_rows: int, first: int) -> None:
    features = np.random.default_rng(0).standard_normal((60, 16)).astype(np.float32)
    nobody = Moments(np.zeros(60, np.int32), np.full(60, -1, np.int32), np.zeros(60))
    kept = np.full((first, 25), np.nan, np.float32)
    products = PairProducts(features)
    find_neighbours(products, nobody, visual_fusion().rule, count=3, block_rows=block_rows, cosines_AG=kept)
    np.testing.assert_allclose(kept, features[:first] @ features[35:].T, rtol=1e-5, atol=1e-5)


def test_scoring_again_puts_neighbours_in_the_order_of_exact_scores() -> None:
    features = np.array([[1, 0], [0.8, 0.6], [0.6, 0.8], [0, 1]], np.float32)
    nobody = Moments(np.zeros(4, np.int32), np.full(4, -1, np.int32), np.zeros(4))
    rough = Neighbours(
        indices_NK=np.array([[1, 0, 2], [2, 0, 1], [1, 2, 3], [2, 3, 1]], np.int32),
        scores_NK=np.full((4, 3), 0.9, np.float32),
        lowest_N=np.array([0.1, 0.2, 0.3, 0.4], np.float32),
    )
    exact = score_again(rough, features, nobody, visual_fusion().rule)
    assert exact.indices_NK.tolist() == [[0, 1, 2], [1, 2, 0], [2, 1, 3], [3, 2, 1]]
    np.testing.assert_allclose(exact.scores_NK[1], [1, 0.96, 0.8], rtol=1e-6)
    np.testing.assert_array_equal(exact.lowest_N, rough.lowest_N)
    two = first_of(exact, 2)
    assert two.indices_NK.tolist() == [[0, 1], [1, 2], [2, 1], [3, 2]]
    assert two.scores_NK.flags.c_contiguous and two.indices_NK.flags.c_contiguous
