"""Model runs of a few queries with results written by hand."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from rankings_by_hand import no_totals

from streid.files.rankings import Ranking
from streid.files.sightings import Sightings
from streid.reporting.measured import AUDIT_COUNTS
from streid.reporting.runs import FusionRun, ModelRun, is_shown
from streid.reporting.streams import stream_key
from streid.scoring.match_totals import precision_sums
from streid.scoring.metric_records import METRICS

MakeRun = Callable[..., ModelRun]


def metrics(rank1: float, mean_ap: float, *, evaluated: int = 4, skipped: int = 0) -> dict[str, Any]:
    """One stream's metrics; every interval reaches 0.01 to both sides, those of gains reach from -0.001 to 0.02."""
    values = dict.fromkeys(METRICS, rank1) | {"mAP": mean_ap}
    intervals = {name: [value - 0.01, value + 0.01] for name, value in values.items()}
    lifts = {over: {key: [-0.001, 0.02] for key in ("rank1", "mAP")} for over in ("visual", "joint")}
    counted = {"cmc": [rank1, 1.0], "evaluated": evaluated, "skipped": skipped}
    return values | {"ci95": intervals, "lift_ci95": lifts, **counted}


def ranking(ap: list[float], first: list[int], indices: list[list[int]] | None = None) -> Ranking:
    """A ranking with the given average precisions; every query finds gallery rows 0 and 1 unless told."""
    indices_QK = np.array(indices or [[0, 1]] * len(ap), np.int32)
    return Ranking(
        indices_QK=indices_QK,
        scores_QK=np.zeros(indices_QK.shape, np.float32),
        ap_Q=np.array(ap),
        first_match_Q=np.array(first, np.int32),
        match_count_Q=(found_Q := np.array(first) > 0).astype(np.int32),
        match_rows_P=np.zeros(found_Q.sum(), np.int32),
        match_ranks_P=np.array(first, np.int32)[found_Q],
        match_scores_P=np.ones(found_Q.sum(), np.float32),
        **no_totals(2, 2)
        | {
            "precision_L": precision_sums(np.ones(found_Q.sum(), int), np.array(first)[found_Q])
            / max(1, found_Q.sum()),
            "right_scores_R": np.ones(found_Q.sum(), np.float32),
        },
        wrong_scores_QW=np.array([[0.0, 2.0]] * len(ap), np.float32),
    )


def sightings(pid: list[int], camid: list[int], time: list[int], session: list[int] | None = None) -> Sightings:
    """Pictures named by their row: 0.jpg, 1.jpg, ..."""
    return Sightings(
        pid_N=np.array(pid),
        camid_N=np.array(camid),
        session_N=np.array(session or [0] * len(pid)),
        time_N=np.array(time),
        path_N=np.array([f"{row}.jpg" for row in range(len(pid))], object),
    )


def fusion_run(name: str, streams: dict[str, dict[str, Any]], **fusion: Any) -> FusionRun:
    """A fusion's figures; `reranked` is absent where it is no stream."""
    return FusionRun(
        scores={
            "dataset": "demo",
            "streams": {stream: values for stream, values in streams.items() if stream != "reranked"},
            "audit": dict.fromkeys(AUDIT_COUNTS, 0) | {"query": 4, "gallery": 6, "pairs_with_time": 0.5},
            "fusion": {"name": name, **fusion},
        },
        reranked={"streams": {"reranked": streams["reranked"]}} if "reranked" in streams else None,
    )


@pytest.fixture
def make_run() -> MakeRun:
    """Build a model run; the logistic fusion's streams come as keywords, a missing one was not measured.

    beside: more fusions, name -> (streams, fusion record). folder: where its files are.
    """

    def make(
        name: str = "pcb",
        history: pd.DataFrame | None = None,
        beside: dict[str, tuple[dict[str, Any], dict[str, Any]]] | None = None,
        folder: Path = Path("no such folder"),
        **streams: dict[str, Any],
    ) -> ModelRun:
        streams = streams or {
            "visual": metrics(0.5, 0.4),
            "spatiotemporal": metrics(0.1, 0.1),
            "joint": metrics(0.75, 0.6),
            "reranked": metrics(0.7, 0.8),
        }
        fusions = {"logistic": fusion_run("logistic", streams, alpha=5.0)}
        fusions |= {other: fusion_run(other, more, **record) for other, (more, record) in (beside or {}).items()}
        keys = {
            stream_key(stream, fusion)
            for fusion, run in fusions.items()
            for stream in run.streams
            if is_shown(stream, fusion)
        }
        return ModelRun(
            name=name,
            fusions=fusions,
            history=history,
            rankings={key: ranking([0.2, 0.9], [3, 1]) for key in sorted(keys)},
            query=sightings([1, 2], [1, 2], [100, 200]),
            gallery=sightings([1, 2], [2, 3], [150, -1]),
            unit="picture",
            feature_length=256,
            folder=folder,
        )

    return make
