"""The compiled loops of re-ranking against sets and by hand."""

import numpy as np
import pytest
from scipy import sparse

from streid.scoring.neighbours import Neighbours
from streid.scoring.reciprocal import (
    RowScales,
    expanded_counts,
    expanded_members,
    known_scores,
    mutual_places,
    put_known,
    rerank_block,
    soft_memberships,
)
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


K, HALF = 6, 4


@pytest.fixture(scope="module")
def lists() -> np.ndarray:
    """The six nearest of forty pictures, themselves mostly first."""
    rng = np.random.default_rng(0)
    points = rng.standard_normal((40, 2))
    distances = np.linalg.norm(points[:, None] - points, axis=2)
    return np.argsort(distances, axis=1, kind="stable")[:, :K].astype(np.int32)


def reciprocal(lists: np.ndarray, picture: int, count: int) -> set[int]:
    """Those among the first `count` of a picture that have it among their first `count`."""
    return {int(other) for other in lists[picture, :count] if picture in lists[other, :count]}


def test_mutual_places_equal_a_search(lists: np.ndarray) -> None:
    expected = [[([*lists[other], picture]).index(picture) for other in lists[picture]] for picture in range(40)]
    assert mutual_places(lists).tolist() == expected


def test_expanded_neighbours_equal_sets(lists: np.ndarray) -> None:
    places = mutual_places(lists)
    counts = expanded_counts(lists, places, HALF)
    starts = np.concatenate(([0], np.cumsum(counts)))
    members = expanded_members(lists, places, HALF, starts)
    for picture in range(40):
        near = reciprocal(lists, picture, K)
        expected = set(near)
        for other in near:
            candidates = reciprocal(lists, other, HALF)
            if 3 * len(candidates & near) > 2 * len(candidates):
                expected |= candidates
        assert members[starts[picture] : starts[picture + 1]].tolist() == sorted(expected)
    assert counts.max() > K  # some sets were expanded


def test_known_scores_are_looked_up_and_others_not_known() -> None:
    lists, scores = np.array([[0, 2], [1, 0], [2, 1]], np.int32), np.array([[9, 8], [7, 6], [5, 4]], np.float32)
    starts, members = np.array([0, 2, 2, 4]), np.array([1, 2, 0, 2], np.int32)
    np.testing.assert_array_equal(known_scores(starts, members, lists, scores), [np.nan, 8, np.nan, 5])


def test_known_scores_are_put_into_a_block_where_they_are_of_the_gallery() -> None:
    block = np.zeros((2, 3), np.float32)
    put_known(block, np.array([[0, 4], [2, 3]], np.int32), np.array([[9, 8], [7, 6]], np.float32), 2)
    assert block.tolist() == [[0, 0, 8], [7, 6, 0]]


@pytest.mark.parametrize("lambda_", [0.0, 0.3, 1.0])
def test_final_distances_equal_the_definition(lambda_: float) -> None:
    rng = np.random.default_rng(1)
    query, gallery = (sparse.random_array((rows, 9), density=0.4, rng=rng, dtype=np.float32) for rows in (4, 7))
    scores = rng.uniform(-1, 1.2, (4, 7)).astype(np.float32)
    scales = RowScales(np.full(4, 1.2, np.float32), np.array([4.4, 3, 2, 1], np.float32))
    rows, columns = query.tocsr(), gallery.tocsc()
    found = scores.copy()
    rerank_block(
        found,
        scales,
        (rows.indptr.astype(np.int64), rows.indices.astype(np.int64), rows.data),
        (columns.indptr.astype(np.int64), columns.indices.astype(np.int64), columns.data),
        lambda_,
    )
    for q in range(4):
        for g in range(7):
            minima = np.minimum(query.toarray()[q], gallery.toarray()[g]).sum()
            distance = (2 * 1.2 - 2 * scores[q, g]) / scales.farthest_N[q]
            expected = (1 - lambda_) * (1 - minima / (2 - minima)) + lambda_ * distance
            assert found[q, g] == pytest.approx(-expected, abs=1e-5)
