"""The nearest of every picture against a full sort."""

import numpy as np
import pytest
import torch
from scenes_by_hand import ALPHA, CASES, naive_scores, random_features, random_tables

from streid.errors import InputError
from streid.scoring.compilation import Moments
from streid.scoring.evaluation import make_scene
from streid.scoring.fusion import locate, logistic_fusion, visual_fusion
from streid.scoring.neighbours import find_neighbours
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
