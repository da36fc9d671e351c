import time

import numpy as np
import pytest
from scenes_by_hand import group, ranked

from streid.errors import InputError
from streid.files.rankings import QueryResults
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
