import time

import numpy as np
import pytest

from streid.errors import InputError
from streid.files.rankings import QueryResults
from streid.files.sightings import Sightings
from streid.scoring import metrics
from streid.scoring.metric_records import METRICS
from streid.scoring.metrics import (
    bootstrap_intervals,
    draw_identities,
    earlier_outcomes,
    lift_intervals,
    measure,
    stream_figures,
)
from streid.scoring.ranks import DRAWN_PAIRS, StreamRanker, draw_rows


def group(pid: list[int], camid: list[int]) -> Sightings:
    return Sightings(
        pid_N=np.array(pid, np.int64),
        camid_N=np.array(camid, np.int64),
        session_N=np.zeros(len(pid), np.int64),
        time_N=np.full(len(pid), -1, np.int64),
        path_N=np.array([f"{row}.jpg" for row in range(len(pid))], object),
    )


def ranked(query: Sightings, gallery: Sightings, *rows: list[float]) -> StreamRanker:
    ranker = StreamRanker(query, gallery)
    for start, row in enumerate(rows):
        ranker.add(start, np.array([row], np.float32))
    return ranker


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


def test_queries_without_a_match_are_skipped_and_counted() -> None:
    query = group([5, 6, 0, -1], [1, 1, 1, 1])  # a distractor and junk never have a right match
    ranker = ranked(query, group([5, 0, -1], [2, 2, 2]), *([[0.1, 0.2, 0.3]] * 4))
    figures = measure(ranker.outcomes)
    assert (figures["evaluated"], figures["skipped"]) == (1, 3)
    assert figures["rank1"] == 0
    assert figures["rank5"] == 1
    assert figures["cmc"] == [0.0] + [1.0] * 49
    assert np.isnan(ranker.ranking().ap_Q).tolist() == [False, True, True, True]


def test_no_match_at_all_is_refused() -> None:
    ranker = ranked(group([5], [1]), group([5], [1]), [0.5])
    with pytest.raises(InputError, match="none of the 1 queries has a right match"):
        measure(ranker.outcomes)


@pytest.mark.parametrize("seed", range(5))
def test_equals_sorting(seed: int) -> None:
    rng = np.random.default_rng(seed)
    query = group(rng.integers(-1, 6, 40).tolist(), rng.integers(1, 4, 40).tolist())
    gallery = group(rng.integers(-1, 6, 300).tolist(), rng.integers(1, 4, 300).tolist())
    scores = rng.integers(0, 30, (40, 300)).astype(np.float32)  # many ties
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
        matches = slice(ranking.match_count_Q[:q].sum(), ranking.match_count_Q[: q + 1].sum())
        np.testing.assert_array_equal(ranking.match_ranks_P[matches], ranks)
        np.testing.assert_array_equal(ranking.match_rows_P[matches], order[ranks - 1])
        np.testing.assert_array_equal(ranking.match_scores_P[matches], scores[q, order[ranks - 1]])
        wrong = (gallery.pid_N != query.pid_N[q]) & (gallery.pid_N != -1) & (query.pid_N[q] > 0)
        np.testing.assert_array_equal(ranking.wrong_scores_QW[q], np.where(wrong, scores[q], np.nan))
        if len(ranks):
            hits = np.arange(1, len(ranks) + 1)
            old = np.where(ranks == 1, 1.0, (hits - 1) / np.maximum(1, ranks - 1))
            assert ranking.ap_Q[q] == pytest.approx(((old + hits / ranks) / 2).mean(), abs=1e-12)
            assert ranker.outcomes.ap_step_Q[q] == pytest.approx((hits / ranks).mean(), abs=1e-12)
            assert ranker.outcomes.inp_Q[q] == pytest.approx(len(ranks) / ranks[-1], abs=1e-12)


@pytest.mark.parametrize(("queries", "gallery"), [(1000, 5000), (3, 7), (0, 5), (2, 0), (400_000, 3)])
def test_pairs_are_drawn_evenly(queries: int, gallery: int) -> None:
    rows_QW = draw_rows(queries, gallery)
    assert rows_QW.shape == (queries, min(gallery, DRAWN_PAIRS // max(1, queries)) or min(gallery, 1))
    assert ((rows_QW >= 0) & (rows_QW < max(1, gallery))).all()
    assert (np.diff(rows_QW, axis=1) > 0).all()
    if rows_QW.size:
        drawn_G = np.bincount(rows_QW.ravel(), minlength=gallery)
        assert drawn_G.min() > 0.9 * drawn_G.mean() and drawn_G.max() < 1.1 * drawn_G.mean()


def people(identities: int, queries: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Whose query it is, each identity at least once, and values that an identity's queries share in part (E, 2)."""
    rng = np.random.default_rng(seed)
    pid_E = np.concatenate((np.arange(identities), rng.integers(identities, size=queries - identities)))
    shared = rng.random((identities, 2))
    return 7 * pid_E + 3, 0.8 * shared[pid_E] + 0.2 * rng.random((queries, 2))


@pytest.mark.parametrize("drawn_at_once", [1, 50, 1 << 22])
def test_intervals_equal_drawing_people_one_by_one(drawn_at_once: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, "DRAWN_AT_ONCE", drawn_at_once)
    pid_E, values_EM = people(12, 40)
    rng = np.random.default_rng(5)
    numbers = np.unique(pid_E)
    means = []
    for _ in range(100):
        rows = [row for pid in numbers[rng.integers(12, size=12)] for row in np.flatnonzero(pid_E == pid)]
        means.append(values_EM[rows].mean(axis=0))
    ends_2M = bootstrap_intervals(values_EM, pid_E, resamples=100, seed=5)
    np.testing.assert_allclose(ends_2M, np.percentile(means, (2.5, 97.5), axis=0), rtol=1e-12)
    np.testing.assert_array_equal(ends_2M, bootstrap_intervals(values_EM, pid_E, resamples=100, seed=5))


def test_by_hand_two_people() -> None:
    # one drawn twice gives 0 or 1; both, as happens half the time, the mean over their four queries
    values_EM, pid_E = np.array([[0.0], [1.0], [1.0], [1.0]]), np.array([8, 5, 5, 5])
    drawn = np.concatenate(list(draw_identities(2, resamples=400, seed=0)))
    assert (drawn.sum(axis=1) == 2).all()
    assert 0.4 < (drawn == 1).all(axis=1).mean() < 0.6
    ends_2M = bootstrap_intervals(values_EM, pid_E, resamples=400, seed=0)
    assert ends_2M.tolist() == [[0.0], [1.0]]


def test_intervals_cover_the_mean_and_widen_where_queries_of_one_person_agree() -> None:
    values_EM = np.random.default_rng(0).random((400, 2))
    alone = bootstrap_intervals(values_EM, np.arange(400), resamples=500, seed=1)
    # the mean of 400 uniform values has standard deviation sqrt(1 / 12 / 400)
    np.testing.assert_allclose(alone[1] - alone[0], 2 * 1.96 * np.sqrt(1 / 12 / 400), rtol=0.15)
    assert ((alone[0] < values_EM.mean(axis=0)) & (values_EM.mean(axis=0) < alone[1])).all()
    # four equal queries each: a hundred people's worth, so twice as wide
    pid_E = np.repeat(np.arange(100), 4)
    agreed = bootstrap_intervals(values_EM[::4].repeat(4, axis=0), pid_E, resamples=500, seed=1)
    np.testing.assert_allclose(agreed[1] - agreed[0], 2 * 1.96 * np.sqrt(1 / 12 / 100), rtol=0.15)


def test_lifts_are_paired() -> None:
    pid_Q, values_QM = people(30, 120)
    first_Q = np.random.default_rng(1).integers(1, 9, 120).astype(np.int32)
    pid_Q = np.append(pid_Q, 999)  # whom nobody could find
    first_Q = np.append(first_Q, np.int32(0))
    before = earlier_outcomes(QueryResults(first_Q=first_Q, ap_Q=np.append(0.5 * values_QM[:, 0], np.nan)))
    after = before._replace(first_Q=np.minimum(first_Q, 5), ap_Q=before.ap_Q + 0.1)
    found = lift_intervals(after, before, pid_Q, resamples=200, seed=0)
    assert found["mAP"] == pytest.approx([0.1, 0.1])  # every query gains as much, so that nothing is left to chance
    assert found["rank1"] == [0.0, 0.0]
    rank5 = bootstrap_intervals((first_Q[:-1] > 5)[:, None].astype(float), pid_Q[:-1], resamples=200, seed=0)
    assert found["rank5"] == pytest.approx(rank5[:, 0].tolist())
    with pytest.raises(InputError, match="evaluate different queries"):
        lift_intervals(after, before._replace(first_Q=first_Q[::-1].copy()), pid_Q, resamples=5, seed=0)


def test_figures_tell_what_each_stream_gains_over_the_earlier_ones() -> None:
    query, gallery = group([5, 5, 6], [1, 2, 1]), group([5, 6, 6], [3, 3, 2])
    visual = ranked(query, gallery, [0.1, 0.2, 0.3], [0.5, 0.2, 0.3], [0.1, 0.2, 0.3]).outcomes
    joint = ranked(query, gallery, [0.9, 0.2, 0.3], [0.5, 0.2, 0.3], [0.1, 0.2, 0.3]).outcomes
    streams = {"visual": visual, "joint": joint}
    figures = stream_figures(streams, {}, query.pid_N, resamples=50, seed=0)
    assert "lift_ci95" not in figures["visual"]
    assert list(figures["joint"]["lift_ci95"]) == ["visual"]
    assert set(figures["joint"]["lift_ci95"]["visual"]) == set(METRICS)
    # person 6 gains nothing; one of the two queries of person 5 is found: drawn alone, half of them
    assert figures["joint"]["lift_ci95"]["visual"]["rank1"] == [0.0, 0.5]
    assert figures["joint"]["rank1"] - figures["visual"]["rank1"] == pytest.approx(1 / 3)
    earlier = {name: QueryResults(first_Q=one.first_Q, ap_Q=one.ap_Q) for name, one in streams.items()}
    again = stream_figures({"reranked": joint}, earlier, query.pid_N, resamples=50, seed=0)
    gains = again["reranked"]["lift_ci95"]["visual"]  # files say nothing of the other metrics of single queries
    assert gains == {
        name: figures["joint"]["lift_ci95"]["visual"][name] for name in ("rank1", "rank5", "rank10", "mAP")
    }
    assert set(map(tuple, again["reranked"]["lift_ci95"]["joint"].values())) == {(0.0, 0.0)}


def test_a_data_set_of_market_size_takes_no_time() -> None:
    pid_E, values_EM = people(750, 3368)
    started = time.process_time()
    bootstrap_intervals(np.tile(values_EM, 3), pid_E, resamples=1000, seed=0)
    assert time.process_time() - started < 2
