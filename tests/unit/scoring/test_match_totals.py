"""Sums over right matches: against definitions written out query by query."""

import numpy as np
import pytest
from scenes_by_hand import group, ranked

from streid.files.rankings import RECALL_LEVELS
from streid.scoring import match_totals
from streid.scoring.match_totals import MatchTotals, precision_sums


def test_interpolated_precision_by_hand() -> None:
    # right at ranks 1, 3 and 4: precisions 1, 2/3, 3/4 at recalls 1/3, 2/3, 1; 3/4 also stands in for 2/3
    ranking = ranked(group([5], [1]), group([5, 6, 5, 5], [2, 2, 2, 2]), [4, 3, 2, 1]).ranking()
    assert ranking.precision_L[:34].tolist() == [1.0] * 34
    assert ranking.precision_L[34:].tolist() == [0.75] * (RECALL_LEVELS - 34)


@pytest.mark.parametrize("at_once", [1 << 20, 50, 1])
def test_interpolated_precision_equals_its_definition(monkeypatch: pytest.MonkeyPatch, at_once: int) -> None:
    monkeypatch.setattr(match_totals, "VALUES_AT_ONCE", at_once)
    rng = np.random.default_rng(0)
    ranks = [np.sort(rng.choice(np.arange(1, 200), count, replace=False)) for count in (1, 7, 100, 3, 150)]
    expected = np.zeros(RECALL_LEVELS)
    for ranks_M in ranks:
        hits = np.arange(1, len(ranks_M) + 1)
        precision, recall = hits / ranks_M, hits / len(hits)
        expected += [precision[recall >= level / 100 - 1e-12].max() for level in range(101)]
    found = precision_sums(np.array([len(ranks_M) for ranks_M in ranks]), np.concatenate(ranks).astype(np.int32))
    np.testing.assert_allclose(found, expected, atol=1e-12)


@pytest.mark.parametrize("drawn", [1 << 19, 300])
def test_right_pairs_are_drawn_evenly_over_queries_and_ranks(drawn: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(match_totals, "DRAWN_RIGHT_PAIRS", drawn)
    queries, matches = 60, 50
    query, gallery = group([5] * queries, [1] * queries), group([5] * matches, [2] * matches)
    totals = MatchTotals(query, gallery, np.full(queries, matches))
    ranks_M = np.arange(1, matches + 1, dtype=np.int32)
    for q in range(0, queries, 20):
        scores = np.concatenate([1000.0 * (q + more) + ranks_M for more in range(20)]).astype(np.float32)
        totals.add(slice(q, q + 20), np.tile(ranks_M - 1, 20), np.tile(ranks_M, 20), scores)
    scores_R = totals.right_scores()
    if drawn > queries * matches:
        assert len(np.unique(scores_R)) == len(scores_R) == queries * matches
        return
    assert len(scores_R) == 300
    assert np.bincount((scores_R // 1000).astype(int)).tolist() == [5] * queries
    assert np.bincount((scores_R % 1000).astype(int) - 1, minlength=matches).min() >= 5
    assert (scores_R % 1000).mean() == pytest.approx((matches + 1) / 2, rel=0.02)
