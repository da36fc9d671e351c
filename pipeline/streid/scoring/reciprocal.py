"""The compiled loops of k-reciprocal re-ranking (Zhong et al., CVPR 2017, as st-ReID uses it).

Shape suffixes: N pictures, K kept neighbours, P stored entries of a sparse matrix, Q queries, G gallery
pictures. All indices are 0-based.
"""

from typing import NamedTuple

import numba
import numpy as np

from streid.arrays import FeatureArray, IntArray
from streid.scoring.compilation import Int32Array, compiled

ZERO = np.float32(0)
ONE = np.float32(1)
TWO = np.float32(2)


class RowScales(NamedTuple):
    """How the scores of each picture's row become distances: (2 nearest - 2 score) / farthest, at least 0.

    nearest_N: the score at distance 0: 1, or the row's best if that is higher. farthest_N: above 0.
    """

    nearest_N: FeatureArray
    farthest_N: FeatureArray


@compiled()
def _place(list_K: Int32Array, picture: int) -> int:
    """The place of `picture` in a list; the list's length if it is not there."""
    for place in range(len(list_K)):
        if list_K[place] == picture:
            return place
    return len(list_K)


@compiled(parallel=True)
def mutual_places(indices_NK: Int32Array) -> Int32Array:
    """For each neighbour of each picture, the picture's place among the neighbour's neighbours (N, K); K if absent."""
    places_NK = np.empty(indices_NK.shape, np.int32)
    for i in numba.prange(len(indices_NK)):
        for place in range(indices_NK.shape[1]):
            places_NK[i, place] = _place(indices_NK[indices_NK[i, place]], i)
    return places_NK


@compiled()
def _expanded(i: int, indices_NK: Int32Array, places_NK: Int32Array, half: int, found: Int32Array) -> int:
    """Write R*(i), ascending and without repeats, to the start of `found`; return its size."""
    kept = indices_NK.shape[1]
    near = 0
    for place in range(kept):
        if places_NK[i, place] < kept:
            found[near] = indices_NK[i, place]
            near += 1
    total = near
    for member in range(near):
        c = found[member]
        size, common = 0, 0
        for place in range(half):
            if places_NK[c, place] < half:
                found[total + size] = indices_NK[c, place]
                size += 1
                common += _place(found[:near], indices_NK[c, place]) < near
        if 3 * common > 2 * size:
            total += size
    found[:total].sort()
    unique = 0
    for place in range(total):
        if unique == 0 or found[place] != found[unique - 1]:
            found[unique] = found[place]
            unique += 1
    return unique


@compiled(parallel=True)
def expanded_counts(indices_NK: Int32Array, places_NK: Int32Array, half: int) -> IntArray:
    """The size of every picture's R*."""
    counts_N = np.empty(len(indices_NK), np.int64)
    for i in numba.prange(len(indices_NK)):
        found = np.empty(indices_NK.shape[1] * (1 + half), np.int32)
        counts_N[i] = _expanded(i, indices_NK, places_NK, half, found)
    return counts_N


@compiled(parallel=True)
def expanded_members(indices_NK: Int32Array, places_NK: Int32Array, half: int, starts_N: IntArray) -> Int32Array:
    """Every picture's R*, ascending, one after the other; picture i's is starts_N[i]:starts_N[i + 1]."""
    members_P = np.empty(starts_N[-1], np.int32)
    for i in numba.prange(len(indices_NK)):
        found = np.empty(indices_NK.shape[1] * (1 + half), np.int32)
        count = _expanded(i, indices_NK, places_NK, half, found)
        members_P[starts_N[i] : starts_N[i + 1]] = found[:count]
    return members_P


@compiled(parallel=True)
def known_scores(
    starts_N: IntArray, members_P: Int32Array, indices_NK: Int32Array, scores_NK: FeatureArray
) -> FeatureArray:
    """The scores of the members that are among their picture's neighbours; NaN for the others."""
    scores_P = np.empty(len(members_P), np.float32)
    for i in numba.prange(len(indices_NK)):
        for entry in range(starts_N[i], starts_N[i + 1]):
            place = _place(indices_NK[i], members_P[entry])
            scores_P[entry] = scores_NK[i, place] if place < indices_NK.shape[1] else np.nan
    return scores_P


@compiled(parallel=True)
def soft_memberships(starts_N: IntArray, scores_P: FeatureArray, scales: RowScales) -> FeatureArray:
    """exp(-d) of each member, scaled so that each picture's sum to 1."""
    weights_P = np.empty(len(scores_P), np.float32)
    for i in numba.prange(len(starts_N) - 1):
        total = 0.0
        start = TWO * scales.nearest_N[i]
        for entry in range(starts_N[i], starts_N[i + 1]):
            weights_P[entry] = np.exp(-max(ZERO, start - TWO * scores_P[entry]) / scales.farthest_N[i])
            total += weights_P[entry]
        for entry in range(starts_N[i], starts_N[i + 1]):
            weights_P[entry] /= np.float32(total)
    return weights_P


@compiled(parallel=True)
def put_known(scores_QG: FeatureArray, indices_QK: Int32Array, known_QK: FeatureArray, queries: int) -> None:
    """Put known scores of pictures (numbered queries first) into a block of query x gallery scores."""
    for q in numba.prange(len(scores_QG)):
        for place in range(indices_QK.shape[1]):
            if indices_QK[q, place] >= queries:
                scores_QG[q, indices_QK[q, place] - queries] = known_QK[q, place]


@compiled(parallel=True)
def rerank_block(
    scores_QG: FeatureArray,
    scales: RowScales,
    query_V: tuple[IntArray, IntArray, FeatureArray],
    gallery_V: tuple[IntArray, IntArray, FeatureArray],
    lambda_: float,
) -> None:
    """Turn a block of joint scores, with the gallery pictures in the query's role, into negative final distances.

    -((1 - lambda) (1 - m / (2 - m)) + lambda d); m is the sum of the minima of both pictures' memberships.

    Args:
        scales: those of the queries' rows.
        query_V: the queries' memberships by row: starts, members, values.
        gallery_V: the gallery's memberships by column, in the same form: starts, gallery rows, values.
    """
    own, rest = np.float32(lambda_), np.float32(1 - lambda_)
    starts_Q, members_P, values_P = query_V
    columns, rows_P, shares_P = gallery_V
    for q in numba.prange(len(scores_QG)):
        minima_G = np.zeros(scores_QG.shape[1], np.float32)
        start = TWO * scales.nearest_N[q]
        for entry in range(starts_Q[q], starts_Q[q + 1]):
            value = values_P[entry]
            for other in range(columns[members_P[entry]], columns[members_P[entry] + 1]):
                minima_G[rows_P[other]] += min(value, shares_P[other])
        for g in range(scores_QG.shape[1]):
            jaccard = ONE - minima_G[g] / (TWO - minima_G[g])
            distance = max(ZERO, start - TWO * scores_QG[q, g]) / scales.farthest_N[q]
            scores_QG[q, g] = -(rest * jaccard + own * distance)
