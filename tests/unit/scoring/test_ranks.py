"""Ranks that are counted, against sorting whole lists."""

import numpy as np
import pytest
from scenes_by_hand import group, ranked

from streid.files.rankings import KEPT_MATCHES
from streid.scoring import ranks as ranks_module
from streid.scoring.ranks import DRAWN_PAIRS, StreamRanker, draw_rows, draw_wrong_rows


def test_by_hand() -> None:
    query = group([5], [1])
    gallery = group([5, 8, 5, 0, -1, 5], [1, 2, 2, 3, 2, 3])
    # ignored: row 0 (same camera) and row 4 (junk); the list is 1 (wrong), 2 (right), 3 (distractor), 5 (right)
    ranker = ranked(query, gallery, [0.99, 0.9, 0.8, 0.7, 0.95, 0.6])
    assert ranker.outcomes.first_Q.tolist() == [2]
    assert ranker.outcomes.ap_Q[0] == pytest.approx(((0 + 1 / 2) / 2 + (1 / 3 + 2 / 4) / 2) / 2)
    assert ranker.outcomes.ap_step_Q[0] == pytest.approx((1 / 2 + 2 / 4) / 2)
    assert ranker.outcomes.inp_Q[0] == pytest.approx(2 / 4)
    ranking = ranker.ranking()
    assert ranking.indices_QK.tolist() == [[1, 2, 3, 5, -1, -1]]
    assert ranking.scores_QK[0, :4] == pytest.approx([0.9, 0.8, 0.7, 0.6])
    assert np.isnan(ranking.scores_QK[0, 4:]).all()
    assert (ranking.match_count_Q.tolist(), ranking.match_rows_P.tolist()) == ([2], [2, 5])
    assert ranking.match_ranks_P.tolist() == [2, 4]
    assert ranking.match_scores_P == pytest.approx([0.8, 0.6])
    # few enough pairs for all of them: the wrong ones are rows 1 and 3, the distractor
    assert ranking.wrong_scores_QW[0] == pytest.approx([np.nan, 0.9, np.nan, 0.7, np.nan, np.nan], nan_ok=True)


def test_right_match_first_counts_full_precision_before_it() -> None:
    ranker = ranked(group([5], [1]), group([5, 6], [2, 2]), [0.5, 0.1])
    assert ranker.outcomes.ap_Q.tolist() == [1.0]


@pytest.mark.parametrize(("right_row", "rank"), [(0, 1), (1, 2), (2, 3)])
def test_of_equal_scores_the_lower_row_ranks_first(right_row: int, rank: int) -> None:
    pid = [9, 9, 9]
    pid[right_row] = 5
    ranker = ranked(group([5], [1]), group(pid, [2, 2, 2]), [0.5, 0.5, 0.5])
    assert ranker.outcomes.first_Q.tolist() == [rank]
    assert ranker.ranking().indices_QK.tolist() == [[0, 1, 2]]


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(
    ("people", "pictures", "at_once"), [(6, 300, 1 << 20), (6, 300, 20), (2, 600, 1 << 20), (2, 600, 1)]
)
def test_equals_sorting(seed: int, people: int, pictures: int, at_once: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ranks_module, "MATCHES_AT_ONCE", at_once)
    rng = np.random.default_rng(seed)
    query = group(rng.integers(-1, people, 40).tolist(), rng.integers(1, 4, 40).tolist())
    gallery = group(rng.integers(-1, people, pictures).tolist(), rng.integers(1, 4, pictures).tolist())
    scores = rng.integers(0, 30, (40, pictures)).astype(np.float32)  # many ties
    ranker = StreamRanker(query, gallery)
    for start in range(0, 40, 16):
        ranker.add(start, scores[start : start + 16].copy())
    ranking = ranker.ranking()
    for q in range(40):
        order = np.argsort(-scores[q], kind="stable")
        same = (gallery.pid_N == query.pid_N[q]) & (query.pid_N[q] > 0)
        order = order[~((same & (gallery.camid_N == query.camid_N[q])) | (gallery.pid_N == -1))[order]]
        ranks = np.flatnonzero(same[order]) + 1
        assert ranking.first_match_Q[q] == (ranks[0] if len(ranks) else 0)
        np.testing.assert_array_equal(ranking.indices_QK[q], order[:100])
        assert ranking.match_count_Q[q] == len(ranks)
        matches, kept = (
            slice(ranking.kept_per_query[:q].sum(), ranking.kept_per_query[: q + 1].sum()),
            ranks[:KEPT_MATCHES],
        )
        np.testing.assert_array_equal(ranking.match_ranks_P[matches], kept)
        np.testing.assert_array_equal(ranking.match_rows_P[matches], order[kept - 1])
        np.testing.assert_array_equal(ranking.match_scores_P[matches], scores[q, order[kept - 1]])
        wrong = (gallery.pid_N != query.pid_N[q]) & (gallery.pid_N != -1) & (query.pid_N[q] > 0)
        np.testing.assert_array_equal(ranking.wrong_scores_QW[q], np.where(wrong, scores[q], np.nan))
        if len(ranks):
            hits = np.arange(1, len(ranks) + 1)
            old = np.where(ranks == 1, 1.0, (hits - 1) / np.maximum(1, ranks - 1))
            assert ranking.ap_Q[q] == pytest.approx(((old + hits / ranks) / 2).mean(), abs=1e-12)
            assert ranker.outcomes.ap_step_Q[q] == pytest.approx((hits / ranks).mean(), abs=1e-12)
            assert ranker.outcomes.inp_Q[q] == pytest.approx(len(ranks) / ranks[-1], abs=1e-12)


def test_what_is_kept_does_not_grow_with_the_right_matches() -> None:
    query, gallery = group([5, 5], [1, 9]), group([5] * 400, [2] * 400)
    scores = np.arange(400, dtype=np.float32)
    ranking = ranked(query, gallery, scores, -scores).ranking()
    assert ranking.match_count_Q.tolist() == [400, 400]
    assert ranking.kept_per_query.tolist() == [KEPT_MATCHES] * 2
    assert ranking.match_rows_P.tolist() == [*range(399, 299, -1), *range(100)]
    assert ranking.match_ranks_P.tolist() == [*range(1, 101)] * 2
    assert ranking.precision_L.tolist() == [1.0] * 101


@pytest.mark.parametrize(("queries", "gallery"), [(1000, 5000), (3, 7), (0, 5), (2, 0), (400_000, 3)])
def test_pairs_are_drawn_evenly(queries: int, gallery: int) -> None:
    rows_QW = draw_rows(queries, gallery)
    assert rows_QW.shape == (queries, min(gallery, DRAWN_PAIRS // max(1, queries)) or min(gallery, 1))
    assert ((rows_QW >= 0) & (rows_QW < max(1, gallery))).all()
    assert (np.diff(rows_QW, axis=1) > 0).all()
    if rows_QW.size:
        drawn_G = np.bincount(rows_QW.ravel(), minlength=gallery)
        assert drawn_G.min() > 0.9 * drawn_G.mean() and drawn_G.max() < 1.1 * drawn_G.mean()


def test_drawn_pairs_leave_out_the_querys_person_and_junk() -> None:
    query, gallery = group([5, 0, -1], [1, 1, 1]), group([5, 6, 0, -1], [2, 2, 2, 2])
    assert draw_wrong_rows(query, gallery).tolist() == [[-1, 1, 2, -1], [-1] * 4, [-1] * 4]


def test_queries_of_nobody_are_ranked_but_have_no_match() -> None:
    ranker = ranked(group([0, -1], [1, 1]), group([0, -1, 3], [2, 2, 2]), [0.1, 0.9, 0.3], [0.1, 0.9, 0.3])
    assert ranker.outcomes.first_Q.tolist() == [0, 0]
    assert np.isnan(ranker.outcomes.ap_Q).all()
    ranking = ranker.ranking()
    assert ranking.indices_QK.tolist() == [[2, 0, -1]] * 2  # junk is never listed
    assert ranking.match_count_Q.tolist() == [0, 0]
    assert len(ranking.match_rows_P) == 0
