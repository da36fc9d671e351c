"""The metrics, by hand."""

import numpy as np
import pytest

from streid.files.sightings import Sightings
from streid.scoring.metric_records import METRICS, Metric
from streid.scoring.metrics import measure, summarise
from streid.scoring.ranks import Outcomes, StreamRanker


def rank_by_row(query_pid: list[int], gallery_pid: list[int]) -> Outcomes:
    """Every query finds the gallery in the order of its rows; all gallery pictures are of another camera."""

    def group(pid: list[int], camid: int) -> Sightings:
        rows = np.arange(len(pid))
        names_N = np.array([f"{row}.jpg" for row in rows], object)
        return Sightings(
            pid_N=np.array(pid), camid_N=rows * 0 + camid, session_N=rows * 0, time_N=rows * 0, path_N=names_N
        )

    ranker = StreamRanker(group(query_pid, 1), group(gallery_pid, 2))
    ranker.add(0, np.tile(-np.arange(len(gallery_pid), dtype=np.float32), (len(query_pid), 1)))
    return ranker.outcomes


def test_every_metric_by_hand() -> None:
    # right matches rank 1 and 3 for the first query, 6 for the second; the third has none
    outcomes = rank_by_row([5, 6, 7], [5, 8, 5, 8, 8, 6])
    figures = measure(outcomes)
    assert {name: figures[name] for name in METRICS} == pytest.approx(
        {
            "rank1": 1 / 2,
            "rank5": 1 / 2,
            "rank10": 1,
            "mAP": ((1 + (1 / 2 + 2 / 3) / 2) / 2 + (0 + 1 / 6) / 2) / 2,
            "mAP_step": ((1 + 2 / 3) / 2 + 1 / 6) / 2,
            "mINP": (2 / 3 + 1 / 6) / 2,
        }
    )


def test_a_record_is_all_that_a_new_metric_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(METRICS, "rank2", Metric(title="Rank-2", per_query=lambda outcomes: outcomes.first_Q <= 2))
    figures = summarise(rank_by_row([5], [8, 5]), np.array([5]), resamples=5, seed=0)
    assert (figures["rank2"], figures["ci95"]["rank2"]) == (1.0, [1.0, 1.0])
