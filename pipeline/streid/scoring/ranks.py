"""Where each query's right matches rank, counted rather than sorted.

Shape suffixes: Q queries, G gallery pictures, J junk pictures, K kept ranks, M right matches of one query,
P right matches of several queries, query after query, W sampled wrong pictures.
Row indices are 0-based, ranks 1-based.
"""

# ruff: noqa: PLR0917  a compiled function takes positional arguments only
from typing import NamedTuple

import numba
import numpy as np

from streid.arrays import FeatureArray, FloatArray, IntArray
from streid.files.rankings import KEPT_MATCHES, Ranking
from streid.files.sightings import DISTRACTOR_PID, JUNK_PID, Sightings
from streid.scoring.compilation import Int32Array, compiled
from streid.scoring.kernels import NOBODY, best_of_rows
from streid.scoring.match_totals import GOLDEN, MatchTotals

KEPT_RANKS = 100
DRAWN_PAIRS = 1 << 17
STRETCH = 256
FEW_MATCHES = 64
MATCHES_AT_ONCE = 1 << 20


class Outcomes(NamedTuple):
    """How well each query did; NaN and rank 0 for a query without a right match in the gallery.

    ap_Q: average precision by the trapezoid rule. ap_step_Q: mean precision at the right matches.
    inp_Q: right matches / rank of the last one. first_Q: rank of the first one.
    """

    ap_Q: FloatArray
    ap_step_Q: FloatArray
    inp_Q: FloatArray
    first_Q: Int32Array


class Found(NamedTuple):
    """Memory for the right matches of some queries, best first: each match's gallery row, rank and score.

    begin_Q: the index of each query's first match.
    """

    begin_Q: IntArray
    rows_P: Int32Array
    ranks_P: Int32Array
    scores_P: FeatureArray


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
        self._count_Q = count_matches(query, gallery)
        self._totals = MatchTotals(query, gallery, self._count_Q)
        self._kept = _room_for_matches(np.minimum(self._count_Q, KEPT_MATCHES))
        self._drawn_QW = draw_wrong_rows(query, gallery)
        self._wrong_scores_QW = np.empty(self._drawn_QW.shape, np.float32)

    def add(self, start: int, scores_QG: FeatureArray) -> None:
        """Rank the queries from row `start` on; scores that the protocol ignores are overwritten."""
        reached_Q = np.cumsum(self._count_Q[start : start + len(scores_QG)]) // MATCHES_AT_ONCE
        for part in np.unique(reached_Q):
            first, stop = np.searchsorted(reached_Q, (part, part + 1))
            self._measure(slice(start + int(first), start + int(stop)), scores_QG[first:stop])
        rows = slice(start, start + len(scores_QG))
        best_of_rows(scores_QG, self._indices_QK[rows], self._scores_QK[rows])

    def _measure(self, rows: slice, scores_QG: FeatureArray) -> None:
        found = _room_for_matches(self._count_Q[rows])
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
            found,
            self._drawn_QW[rows],
            self._wrong_scores_QW[rows],
        )
        self._totals.add(rows, found.rows_P, found.ranks_P, found.scores_P)
        place_P = np.arange(len(found.rows_P)) - np.repeat(found.begin_Q, self._count_Q[rows])
        kept_P = place_P < KEPT_MATCHES
        begin = int(self._kept.begin_Q[rows.start])
        room = slice(begin, begin + int(kept_P.sum()))
        for name in ("rows_P", "ranks_P", "scores_P"):
            getattr(self._kept, name)[room] = getattr(found, name)[kept_P]

    def ranking(self) -> Ranking:
        """The result over all queries added."""
        unused_QK = self._indices_QK == NOBODY
        pair_queries_CD, pair_rank1_CD, pair_mAP_CD = self._totals.camera_pairs()
        return Ranking(
            indices_QK=np.where(unused_QK, np.int32(-1), self._indices_QK),
            scores_QK=np.where(unused_QK, np.float32(np.nan), self._scores_QK),
            ap_Q=self.outcomes.ap_Q,
            first_match_Q=self.outcomes.first_Q,
            match_count_Q=self._count_Q.astype(np.int32),
            match_rows_P=self._kept.rows_P,
            match_ranks_P=self._kept.ranks_P,
            match_scores_P=self._kept.scores_P,
            precision_L=self._totals.precision(),
            pair_queries_CD=pair_queries_CD,
            pair_rank1_CD=pair_rank1_CD,
            pair_mAP_CD=pair_mAP_CD,
            right_scores_R=self._totals.right_scores(),
            wrong_scores_QW=self._wrong_scores_QW,
        )


def _room_for_matches(count_Q: IntArray) -> Found:
    begin_Q1 = np.concatenate(([0], np.cumsum(count_Q)))
    return Found(
        begin_Q=begin_Q1[:-1],
        rows_P=np.empty(begin_Q1[-1], np.int32),
        ranks_P=np.empty(begin_Q1[-1], np.int32),
        scores_P=np.empty(begin_Q1[-1], np.float32),
    )


def count_matches(query: Sightings, gallery: Sightings) -> IntArray:
    """How many right matches each query has: gallery pictures of its identity in another camera (Q,)."""
    _, person_N = np.unique(np.concatenate((query.pid_N, gallery.pid_N)), return_inverse=True)
    cameras, camera_N = np.unique(np.concatenate((query.camid_N, gallery.camid_N)), return_inverse=True)
    passed_N, queries = person_N * len(cameras) + camera_N, len(query)
    everywhere_Q = np.bincount(person_N[queries:], minlength=len(query) + len(gallery))[person_N[:queries]]
    passes, count = np.unique(passed_N[queries:], return_counts=True)
    place_Q = np.minimum(np.searchsorted(passes, passed_N[:queries]), max(0, len(passes) - 1))
    own_Q = np.where(passes[place_Q] == passed_N[:queries], count[place_Q], 0) if len(passes) else 0
    return np.where(query.pid_N > DISTRACTOR_PID, everywhere_Q - own_Q, 0)


def draw_rows(queries: int, gallery: int) -> IntArray:
    """Sample gallery rows for every query, evenly spread and shifted for each query: about DRAWN_PAIRS pairs in all.

    A gallery is sorted by people and cameras, so even steps reach all of them equally often. The shifts are multiples
    of the golden ratio, which fill a step evenly. All rows are taken where there are fewer pairs than that.

    Returns:
        (Q, W), ascending per query.
    """
    width = min(gallery, max(1, DRAWN_PAIRS // max(1, queries)))
    shift_Q1 = (np.arange(queries) * GOLDEN % 1)[:, None]
    return np.floor((np.arange(width) + shift_Q1) * (gallery / max(1, width))).astype(np.int64)


def draw_wrong_rows(query: Sightings, gallery: Sightings) -> Int32Array:
    """The rows of `draw_rows` that show a distractor or another person than the query; -1 in place of the others."""
    drawn_QW = draw_rows(len(query), len(gallery))
    pid_QW, query_pid_Q1 = gallery.pid_N[drawn_QW], query.pid_N[:, None]
    wrong_QW = (pid_QW != query_pid_Q1) & (pid_QW != JUNK_PID) & (query_pid_Q1 > DISTRACTOR_PID)
    return np.where(wrong_QW, drawn_QW, -1).astype(np.int32)


@compiled()
def _sort_matches(scores_G: FeatureArray, matches_M: IntArray) -> None:
    """Sort ascending gallery rows by descending score, then ascending row."""
    if len(matches_M) > FEW_MATCHES:
        matches_M[:] = matches_M[np.argsort(-scores_G[matches_M], kind="mergesort")]
        return
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
    """1-based ranks of sorted matches: 1 + the number of gallery rows that rank before them."""
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
    """Count one gallery row for the first match that it ranks before, if there is one."""
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
    scores_G: FeatureArray,
    q: int,
    camid: int,
    gallery_camid_G: IntArray,
    same_M: IntArray,
    outcomes: Outcomes,
    found: Found,
) -> None:
    """Set the scores of query q's own camera in `same_M`, the rows of its identity, to -infinity, and measure it."""
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
    for m in range(count):
        place = found.begin_Q[q] + m
        found.rows_P[place] = matches_M[m]
        found.ranks_P[place] = ranks_M[m]
        found.scores_P[place] = scores_G[matches_M[m]]


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
    found: Found,
    drawn_QW: Int32Array,
    wrong_scores_QW: FeatureArray,
) -> None:
    """Set the scores that the protocol ignores to -infinity, and measure each query.

    order_G: gallery rows sorted by identity; order_G[first_Q[q]:stop_Q[q]] are those of query q's identity. drawn_QW:
    wrong rows whose scores are kept, -1 for none.
    """
    for q in numba.prange(len(scores_QG)):
        for row in junk_J:
            scores_QG[q, row] = -np.inf
        same_M = order_G[first_Q[q] : stop_Q[q]]
        _measure_query(scores_QG[q], q, query_camid_Q[q], gallery_camid_G, same_M, outcomes, found)
        for w in range(drawn_QW.shape[1]):
            row = drawn_QW[q, w]
            wrong_scores_QW[q, w] = scores_QG[q, row] if row >= 0 else np.float32(np.nan)
