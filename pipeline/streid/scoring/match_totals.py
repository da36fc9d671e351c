"""Figures over the right matches of all queries, added up without keeping the matches.

Shape suffixes: Q queries, P right matches of some queries, query after query, each query's best first, L recall levels,
C query cameras, D gallery cameras, F pairs of a query and a camera with a right match of it, R right pairs.
Ranks are 1-based.
"""

import numpy as np

from streid.arrays import FeatureArray, FloatArray, IntArray
from streid.files.rankings import RECALL_LEVELS
from streid.files.sightings import Sightings
from streid.scoring.compilation import Int32Array

DRAWN_RIGHT_PAIRS = 1 << 19
VALUES_AT_ONCE = 1 << 20
GOLDEN = (5**0.5 - 1) / 2


class MatchTotals:
    """Sums over the queries added: precision by recall, figures by camera pair, and an even sample of right pairs."""

    def __init__(self, query: Sightings, gallery: Sightings, count_Q: IntArray) -> None:
        """Start empty. count_Q: right matches of every query."""
        query_C, self._camera_Q = np.unique(query.camid_N, return_inverse=True)
        gallery_D, self._camera_G = np.unique(gallery.camid_N, return_inverse=True)
        self._step = max(1, -(-int(count_Q.sum()) // DRAWN_RIGHT_PAIRS))
        self._count_Q = count_Q
        self._precision_L = np.zeros(RECALL_LEVELS)
        self._queries_CD = np.zeros((len(query_C), len(gallery_D)), np.int64)
        self._first_CD = np.zeros(self._queries_CD.shape)
        self._ap_CD = np.zeros(self._queries_CD.shape)
        self._right: list[FeatureArray] = []

    def add(self, queries: slice, rows_P: Int32Array, ranks_P: Int32Array, scores_P: FeatureArray) -> None:
        """Add the right matches of some queries: their gallery rows, ranks and scores."""
        count_Q = self._count_Q[queries]
        owner_P = np.repeat(np.arange(queries.start, queries.stop), count_Q)
        place_P = np.arange(len(rows_P)) - np.repeat(np.cumsum(count_Q) - count_Q, count_Q)
        self._precision_L += precision_sums(count_Q[count_Q > 0], ranks_P)
        self._add_camera_pairs(owner_P, place_P, rows_P, ranks_P)
        # Each query's sample starts at a different place, so that not all start with the best match.
        begin_P = np.floor(owner_P * GOLDEN % 1 * self._step).astype(np.int64)
        self._right.append(scores_P[(place_P + begin_P) % self._step == 0])

    def _add_camera_pairs(self, owner_P: IntArray, place_P: IntArray, rows_P: Int32Array, ranks_P: Int32Array) -> None:
        """Add AP and rank 1 of every query in every gallery camera; right matches in other cameras are ignored."""
        cameras = self._queries_CD.shape[1]
        key_P = owner_P * cameras + self._camera_G[rows_P]
        order_P = np.argsort(key_P, kind="stable")
        pair_F, begin_F, count_F = np.unique(key_P[order_P], return_index=True, return_counts=True)
        before_P = np.empty(len(key_P), np.int64)
        before_P[order_P] = np.arange(len(key_P)) - np.repeat(begin_F, count_F)
        rank_P = ranks_P - (place_P - before_P)
        last_P = np.where(rank_P == 1, 1.0, before_P / np.maximum(1, rank_P - 1))
        precision_P = (last_P + (before_P + 1) / rank_P) / 2
        ap_F = np.add.reduceat(precision_P[order_P], begin_F) / count_F if len(begin_F) else np.empty(0)
        cell_F = (self._camera_Q[pair_F // cameras], pair_F % cameras)
        np.add.at(self._queries_CD, cell_F, 1)
        np.add.at(self._first_CD, cell_F, rank_P[order_P][begin_F] == 1)
        np.add.at(self._ap_CD, cell_F, ap_F)

    def precision(self) -> FloatArray:
        """Interpolated precision at recalls 0, 0.01 ... 1 (L,), the mean of the queries with a right match, or NaN."""
        evaluated = int((self._count_Q > 0).sum())
        return self._precision_L / evaluated if evaluated else np.full(RECALL_LEVELS, np.nan)

    def camera_pairs(self) -> tuple[IntArray, FloatArray, FloatArray]:
        """Queries with a right match, rank-1 and mAP, by query camera and gallery camera (C, D); NaN if none."""
        divisor_CD = np.where(self._queries_CD, self._queries_CD, np.nan)
        return self._queries_CD, self._first_CD / divisor_CD, self._ap_CD / divisor_CD

    def right_scores(self) -> FeatureArray:
        """Scores of right pairs (R,); of more than DRAWN_RIGHT_PAIRS, an even sample of about that many."""
        return np.concatenate(self._right, dtype=np.float32) if self._right else np.empty(0, np.float32)


def precision_sums(count_Q: IntArray, ranks_P: Int32Array) -> FloatArray:
    """Interpolated precision at the recalls 0, 0.01 ... 1 (L,), summed over queries with `count_Q` right matches each.

    At recall r, a query's highest precision at any recall of at least r counts (Manning, Raghavan and
    Schuetze, Introduction to Information Retrieval, 2008, section 8.4).
    """
    total_L = np.zeros(RECALL_LEVELS)
    begin_Q = np.cumsum(count_Q) - count_Q
    queries = max(1, VALUES_AT_ONCE // int(count_Q.max(initial=1)))
    for start in range(0, len(count_Q), queries):
        count_Q1, begin_Q1 = (column_Q[start : start + queries, None] for column_Q in (count_Q, begin_Q))
        place_M = np.arange(count_Q1.max())
        rank_QM = ranks_P[np.minimum(begin_Q1 + place_M, begin_Q1 + count_Q1 - 1)]
        precision_QM = np.where(place_M < count_Q1, (place_M + 1) / rank_QM, 0)
        best_QM = np.maximum.accumulate(precision_QM[:, ::-1], axis=1)[:, ::-1]
        reached_QL = np.maximum(-(-np.arange(RECALL_LEVELS) * count_Q1 // (RECALL_LEVELS - 1)), 1) - 1
        total_L += np.take_along_axis(best_QM, reached_QL, axis=1).sum(axis=0)
    return total_L
