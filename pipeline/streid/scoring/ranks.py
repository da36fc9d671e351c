"""Where each query's right matches rank, counted rather than sorted.

Shape suffixes: Q queries, G gallery pictures, J junk pictures, K kept ranks, M right matches of one query.
Row indices are 0-based, ranks 1-based.
"""

# ruff: noqa: PLR0917  a compiled function takes positional arguments only
from typing import NamedTuple

import numba
import numpy as np

from streid.artifacts import DISTRACTOR_PID, JUNK_PID, FeatureArray, FloatArray, IntArray, Ranking, Sightings
from streid.scoring.compilation import Int32Array, compiled
from streid.scoring.kernels import NOBODY, best_of_rows

KEPT_RANKS = 100
STRETCH = 256


class Outcomes(NamedTuple):
    """How well each query did; NaN, and rank 0, for a query without a right match in the gallery.

    ap_Q: average precision by the trapezoid rule. ap_step_Q: mean precision at the right matches.
    inp_Q: right matches / rank of the last one. first_Q: rank of the first one.
    """

    ap_Q: FloatArray
    ap_step_Q: FloatArray
    inp_Q: FloatArray
    first_Q: Int32Array


class StreamRanker:
    """Ranks the gallery for every query of one stream, block by block.

    Protocol: gallery pictures of the query's identity in the query's camera, and junk, are ignored;
    distractors count. Of equal scores the lower gallery row ranks first.
    """

    def __init__(self, query: Sightings, gallery: Sightings) -> None:
        self._query_camid_Q = query.camid_N
        self._gallery_camid_G = gallery.camid_N
        self._order_G = np.argsort(gallery.pid_N, kind="stable")
        self._junk_J = np.flatnonzero(gallery.pid_N == JUNK_PID)
        ordered = gallery.pid_N[self._order_G]
        person_Q = query.pid_N > DISTRACTOR_PID
        self._first_Q = np.where(person_Q, np.searchsorted(ordered, query.pid_N, "left"), 0)
        self._stop_Q = np.where(person_Q, np.searchsorted(ordered, query.pid_N, "right"), 0)
        queries = len(query)
        kept = min(KEPT_RANKS, len(gallery))
        self.outcomes = Outcomes(
            ap_Q=np.full(queries, np.nan),
            ap_step_Q=np.full(queries, np.nan),
            inp_Q=np.full(queries, np.nan),
            first_Q=np.zeros(queries, np.int32),
        )
        self._indices_QK = np.empty((queries, kept), np.int32)
        self._scores_QK = np.empty((queries, kept), np.float32)

    def add(self, start: int, scores_QG: FeatureArray) -> None:
        """Rank the queries from row `start` on; their scores are overwritten where the protocol ignores them."""
        rows = slice(start, start + len(scores_QG))
        _measure(
            scores_QG,
            self._query_camid_Q[rows],
            self._gallery_camid_G,
            self._order_G,
            self._first_Q[rows],
            self._stop_Q[rows],
            self._junk_J,
            Outcomes(
                ap_Q=self.outcomes.ap_Q[rows],
                ap_step_Q=self.outcomes.ap_step_Q[rows],
                inp_Q=self.outcomes.inp_Q[rows],
                first_Q=self.outcomes.first_Q[rows],
            ),
        )
        best_of_rows(scores_QG, self._indices_QK[rows], self._scores_QK[rows])

    def ranking(self) -> Ranking:
        """The result over all queries added."""
        unused_QK = self._indices_QK == NOBODY
        return Ranking(
            indices_QK=np.where(unused_QK, np.int32(-1), self._indices_QK),
            scores_QK=np.where(unused_QK, np.float32(np.nan), self._scores_QK),
            ap_Q=self.outcomes.ap_Q,
            first_match_Q=self.outcomes.first_Q,
        )


@compiled()
def _sort_matches(scores_G: FeatureArray, matches_M: IntArray) -> None:
    """Sort gallery rows by descending score, then ascending row."""
    for place in range(1, len(matches_M)):
        row = matches_M[place]
        while place > 0 and (
            scores_G[matches_M[place - 1]] < scores_G[row]
            or (scores_G[matches_M[place - 1]] == scores_G[row] and matches_M[place - 1] > row)
        ):
            matches_M[place] = matches_M[place - 1]
            place -= 1  # noqa: PLW2901
        matches_M[place] = row


@compiled()
def _count_ranks(scores_G: FeatureArray, matches_M: IntArray, ranks_M: IntArray) -> None:
    """1-based ranks of sorted matches: one more than the rows before them."""
    ranks_M[:] = 0
    lowest = scores_G[matches_M[-1]]
    marked_W = np.empty(STRETCH, np.bool_)
    groups = marked_W.view(np.uint64)
    for low in range(0, len(scores_G), STRETCH):
        part_W = scores_G[low : low + STRETCH]
        for w in range(len(part_W)):
            marked_W[w] = part_W[w] >= lowest
        marked_W[len(part_W) :] = False
        for group in range(len(groups)):
            if groups[group]:
                for w in range(8 * group, min(8 * group + 8, len(part_W))):
                    if marked_W[w]:
                        _count_row(scores_G, low + w, matches_M, ranks_M)
    before = 0
    for m in range(len(matches_M)):
        before += ranks_M[m]
        ranks_M[m] = before + 1


@compiled()
def _count_row(scores_G: FeatureArray, row: int, matches_M: IntArray, counts_M: IntArray) -> None:
    """Count one gallery row for the first match it stands before, if there is one."""
    score = scores_G[row]
    low, high = 0, len(matches_M)
    while low < high:
        middle = (low + high) // 2
        match = matches_M[middle]
        if score > scores_G[match] or (score == scores_G[match] and row < match):
            high = middle
        else:
            low = middle + 1
    if low < len(matches_M):
        counts_M[low] += 1


@compiled()
def _measure_query(
    scores_G: FeatureArray, q: int, camid: int, gallery_camid_G: IntArray, same_M: IntArray, outcomes: Outcomes
) -> None:
    """Blot out the query's own camera in `same_M`, the rows of its identity, and note how query q did."""
    matches_M = np.empty(len(same_M), np.int64)
    count = 0
    for row in same_M:
        if gallery_camid_G[row] == camid:
            scores_G[row] = -np.inf
        else:
            matches_M[count] = row
            count += 1
    if count == 0:
        return
    ranks_M = np.empty(count, np.int64)
    _sort_matches(scores_G, matches_M[:count])
    _count_ranks(scores_G, matches_M[:count], ranks_M)
    area, steps = 0.0, 0.0
    for m in range(count):
        before = 1.0 if ranks_M[m] == 1 else m / (ranks_M[m] - 1)
        precision = (m + 1) / ranks_M[m]
        area += (before + precision) / 2
        steps += precision
    outcomes.ap_Q[q] = area / count
    outcomes.ap_step_Q[q] = steps / count
    outcomes.inp_Q[q] = count / ranks_M[count - 1]
    outcomes.first_Q[q] = ranks_M[0]


@compiled(parallel=True)
def _measure(
    scores_QG: FeatureArray,
    query_camid_Q: IntArray,
    gallery_camid_G: IntArray,
    order_G: IntArray,
    first_Q: IntArray,
    stop_Q: IntArray,
    junk_J: IntArray,
    outcomes: Outcomes,
) -> None:
    """Blot out what the protocol ignores (-infinity) and measure each query.

    order_G: gallery rows by identity; order_G[first_Q[q]:stop_Q[q]] are those of query q's identity.
    """
    for q in numba.prange(len(scores_QG)):
        for row in junk_J:
            scores_QG[q, row] = -np.inf
        same_M = order_G[first_Q[q] : stop_Q[q]]
        _measure_query(scores_QG[q], q, query_camid_Q[q], gallery_camid_G, same_M, outcomes)
