"""The compiled loops of re-ranking against sets and by hand."""

import numpy as np

from streid.scoring.neighbours import Neighbours
from streid.scoring.reciprocal import RowScales, rerank_block, soft_memberships
from streid.scoring.rerank import row_scales


def test_distances_of_scores_above_1_by_hand() -> None:
    # three pictures: the first row's best is 1.5, the second's 1 but for rounding, the third's scores are all 0.5
    scores = np.array([[1.5, 1.25, 1.0], [1.000001, 0.75, 0.5], [0.5, 0.5, 0.5]], np.float32)
    lowest_N = np.array([-0.5, 0.0, 0.5], np.float32)
    scales = row_scales(Neighbours(indices_NK=np.zeros((3, 3), np.int32), scores_NK=scores, lowest_N=lowest_N))
    assert scales.nearest_N.tolist() == [1.5, 1.0, 1.0]
    assert scales.farthest_N.tolist() == [4.0, 2.0, 1.0]
    weights = soft_memberships(np.array([0, 3, 6, 9]), scores.reshape(-1), scales).reshape(3, 3)
    distances = [[0, 0.5 / 4, 1 / 4], [0, 0.5 / 2, 1 / 2], [1, 1, 1]]
    expected = np.exp(-np.array(distances))
    np.testing.assert_allclose(weights, expected / expected.sum(axis=1, keepdims=True), rtol=1e-6)
    # no common members, so that the distance is 1/2 (1 - 0) + 1/2 d
    final = scores[:2].copy()
    apart = (np.zeros(4, np.int64), np.zeros(0, np.int64), np.zeros(0, np.float32))
    rerank_block(final, RowScales(*(column[:2] for column in scales)), apart, apart, 0.5)
    np.testing.assert_allclose(final, -(0.5 + 0.5 * np.array(distances[:2])), rtol=1e-6)
