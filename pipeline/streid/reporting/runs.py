"""The data of a report: each model's metrics and rankings for each fusion, and its training history.

Shape suffixes: Q queries, K kept ranks. Metrics are fractions from 0 to 1.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from streid.errors import InputError
from streid.files.features import FEATURES_FORMAT, feature_shape
from streid.files.hdf5 import open_checked
from streid.files.rankings import RECALL_LEVELS, Ranking, read_rankings
from streid.files.sightings import Sightings, load_sightings
from streid.reporting.measured import HISTORY_COLUMNS, read_history, read_metrics
from streid.reporting.streams import (
    APPEARANCE,
    JOINT,
    RERANKED,
    kind_order,
    stream_fusion,
    stream_key,
)
from streid.scoring.fusion_records import FUSIONS

SAME_FEATURES = 1e-3


@dataclass(frozen=True, kw_only=True, eq=False)
class FusionRun:
    """One fusion's figures: the contents of scores.json and, where it was re-ranked, of reranked.json."""

    scores: Mapping[str, Any]
    reranked: Mapping[str, Any] | None

    @property
    def streams(self) -> dict[str, Mapping[str, Any]]:
        """Stream name in the files -> its metrics."""
        return {**self.scores["streams"], **(self.reranked["streams"] if self.reranked else {})}


@dataclass(frozen=True, kw_only=True, eq=False)
class ModelRun:
    """One model's results on the data set.

    fusions: name -> its figures. history: training.csv, with `epoch` and other columns; None for a model that was not
    trained here. rankings: stream key -> its ranking of `query` and `gallery`. unit: what a feature describes, picture
    or tracklet. feature_length: values per feature. folder: the model's folder. weights: SHA-256 of the weights that
    the features come from; empty if not known. trained_on: the data sets that it was trained on, as in `a+b`, if its
    name does not contain them.
    """

    name: str
    fusions: Mapping[str, FusionRun]
    history: pd.DataFrame | None
    rankings: Mapping[str, Ranking]
    query: Sightings
    gallery: Sightings
    unit: str
    feature_length: int
    folder: Path
    weights: str = ""
    trained_on: str = ""

    def __post_init__(self) -> None:
        if not self.fusions:
            raise InputError(f"{self.name}: no fusion to show")

    @property
    def source(self) -> str:
        """What the model was trained on if that is not this data set: another one, or several (`a+b`); else empty."""
        return self.trained_on or self.name.partition("@")[2]

    @property
    def scores(self) -> Mapping[str, Any]:
        """The first fusion's scores.json."""
        return next(iter(self.fusions.values())).scores

    @property
    def streams(self) -> dict[str, Mapping[str, Any]]:
        """Stream key -> its metrics: appearance, then each kind of stream for every fusion, others last."""
        found = {
            stream_key(stream, name): metrics
            for name, fusion in self.fusions.items()
            for stream, metrics in fusion.streams.items()
            if is_shown(stream, name)
        }
        places = list(self.fusions)
        return {
            key: found[key]
            for key in sorted(
                found, key=lambda key: (kind_order(key), places.index(stream_fusion(key)) if "/" in key else -1)
            )
        }

    def steps(self, fusion: str) -> list[str]:
        """The keys of a fusion's steps that were run: appearance, joint score, re-ranked."""
        steps = (APPEARANCE, stream_key(JOINT, fusion), stream_key(RERANKED, fusion))
        return [key for key in steps if key in self.streams]

    @property
    def best_stream(self) -> str:
        """The step of any fusion with the highest mAP, the first of equals; without steps, the last stream."""
        steps = [key for fusion in self.fusions for key in self.steps(fusion)] or list(self.streams)[-1:]
        return max(steps, key=lambda key: float(self.streams[key]["mAP"]))

    @property
    def best_fusion(self) -> str:
        """The fusion of the best stream; the first one where appearance alone is best."""
        return stream_fusion(self.best_stream) or next(iter(self.fusions))


def is_shown(stream: str, fusion: str) -> bool:
    """Whether a fusion's stream differs from appearance: in a fusion without times, only the re-ranked one does."""
    return FUSIONS[fusion].uses_times or stream in (APPEARANCE, RERANKED)


def best_run(runs: Sequence[ModelRun]) -> ModelRun:
    """The run whose best stream has the highest mAP; the first of equals."""
    return max(runs, key=lambda run: float(run.streams[run.best_stream]["mAP"]))


def read_run(name: str, folder: Path, fusions: Sequence[str], *, trained_on: str = "") -> ModelRun:
    """Read one model's folder.

    Args:
        name: the model's name in the report.
        folder: holds features.h5 and, for each fusion, a folder with scores.h5 and scores.json, and with
            reranked.h5 and reranked.json if they exist; and training.csv if it exists.
        fusions: names of the fusions to show, in this order.
        trained_on: see `ModelRun`.

    Raises:
        InputError: a file is missing, damaged, or does not match the others.
    """
    features = folder / "features.h5"
    with open_checked(features, FEATURES_FORMAT) as handle:
        query, gallery = (load_sightings(handle[group]) for group in ("query", "gallery"))
        unit, (_, feature_length) = str(handle.attrs.get("unit", "picture")), feature_shape(handle["query"])
        weights = str(handle.attrs.get("weights_sha256", ""))
    rankings: dict[str, Ranking] = {}
    found: dict[str, FusionRun] = {}
    for fusion in fusions:
        part = folder / fusion
        scores, ranked = _read_pair(part, "scores", fusion)
        reranked = None
        if (part / "reranked.json").is_file() or (part / "reranked.h5").is_file():
            reranked, more = _read_pair(part, "reranked", fusion)
            ranked |= more
        for stream, ranking in ranked.items():
            _check_ranking(ranking, len(query), len(gallery), f"{part}: stream {stream}")
            if is_shown(stream, fusion):
                rankings.setdefault(stream_key(stream, fusion), ranking)
        found[fusion] = FusionRun(scores=scores, reranked=reranked)
    _check_appearance(found, folder)
    return ModelRun(
        name=name,
        fusions=found,
        history=read_history(folder / "training.csv") if (folder / "training.csv").is_file() else None,
        rankings=rankings,
        query=query,
        gallery=gallery,
        unit=unit,
        feature_length=feature_length,
        folder=folder,
        weights=weights,
        trained_on=trained_on,
    )


def _read_pair(folder: Path, name: str, fusion: str) -> tuple[dict[str, Any], dict[str, Ranking]]:
    """A fusion's figures and the rankings that they were measured on."""
    metrics, rankings = read_metrics(folder / f"{name}.json"), read_rankings(folder / f"{name}.h5")
    if metrics["fusion"]["name"] != fusion:
        raise InputError(
            f"{folder / name}.json: was made with the fusion {metrics['fusion']['name']!r}, expected "
            f"{fusion!r}; make it again"
        )
    if set(metrics["streams"]) != set(rankings):
        raise InputError(f"{folder}: {name}.json and {name}.h5 hold different streams; make both again")
    return metrics, rankings


def _check_ranking(ranking: Ranking, queries: int, gallery: int, where: str) -> None:
    """Refuse a ranking that does not fit these pictures."""
    shapes = {ranking.indices_QK.shape[:1], ranking.ap_Q.shape, ranking.first_match_Q.shape}
    shapes |= {ranking.match_count_Q.shape, ranking.wrong_scores_QW.shape[:1]}
    if shapes != {(queries,)} or ranking.indices_QK.ndim != 2 or ranking.scores_QK.shape != ranking.indices_QK.shape:
        raise InputError(f"{where} does not rank the pictures of features.h5; make it again")
    for name, values, low, high in (
        ("indices", ranking.indices_QK, -1, gallery - 1),
        ("first_match", ranking.first_match_Q, 0, gallery),
        ("match_count", ranking.match_count_Q, 0, gallery),
        ("match_rows", ranking.match_rows_P, 0, gallery - 1),
        ("match_ranks", ranking.match_ranks_P, 1, gallery),
    ):
        if (
            not np.issubdtype(values.dtype, np.integer)
            or values.min(initial=low) < low
            or values.max(initial=low) > high
        ):
            raise InputError(f"{where}: {name} must be whole numbers from {low} to {high}; make it again")
    shares = (ranking.ap_Q, ranking.precision_L, ranking.pair_rank1_CD, ranking.pair_mAP_CD)
    if any(values.dtype.kind != "f" or ((values < 0) | (values > 1)).any() for values in shares):
        raise InputError(f"{where}: precisions must be from 0 to 1, NaN without a right match; make it again")
    if ranking.precision_L.shape != (RECALL_LEVELS,):
        raise InputError(f"{where}: holds no precision at {RECALL_LEVELS} recalls; make it again")
    _check_matches(ranking, where)


def _check_matches(ranking: Ranking, where: str) -> None:
    """Refuse right matches whose ranks contradict their order or the first one's rank."""
    owner_P = np.repeat(np.arange(len(ranking.match_count_Q)), ranking.kept_per_query)
    begins_P = np.diff(owner_P, prepend=-1) > 0
    first_Q = np.zeros(len(ranking.match_count_Q), np.int64)
    first_Q[owner_P[begins_P]] = ranking.match_ranks_P[begins_P]
    rising_P = np.diff(ranking.match_ranks_P, prepend=0) > 0
    if not np.array_equal(first_Q, ranking.first_match_Q) or not (rising_P | begins_P).all():
        raise InputError(f"{where}: ranks of the right matches contradict each other; make it again")
    right = (ranking.match_scores_P, ranking.right_scores_R)
    if not all(np.isfinite(scores).all() for scores in right) or np.isinf(ranking.wrong_scores_QW).any():
        raise InputError(f"{where}: scores of pairs must be finite; make it again")


def _check_appearance(fusions: Mapping[str, FusionRun], folder: Path) -> None:
    """Appearance is one stream for all fusions, so its figures must agree."""
    values = {name: float(run.streams[APPEARANCE]["mAP"]) for name, run in fusions.items() if APPEARANCE in run.streams}
    if values and max(values.values()) - min(values.values()) > SAME_FEATURES:
        shown = ", ".join(f"{name} {100 * value:.1f} %" for name, value in values.items())
        raise InputError(
            f"{folder}: appearance alone differs between the fusions (mAP: {shown}), so they were not made from "
            "the same features.h5; make their scores again"
        )


def final_epoch(history: pd.DataFrame | None) -> dict[str, Any] | None:
    """The number of epochs and the last one's values, None where a value is missing or not finite.

    The speed is left out: it is not the same each time.
    """
    if history is None:
        return None
    last = {str(name): float(value) for name, value in history.iloc[-1].items()}
    values = {name: value if math.isfinite(value) else None for name, value in last.items() if name in HISTORY_COLUMNS}
    return {"epochs": len(history), "last": values}
