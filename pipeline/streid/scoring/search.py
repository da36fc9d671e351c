"""Searching the gallery for one query picture, or for several: each pair's score with its parts, and the best rows.

Shape suffixes: Q queries, G gallery pictures, D feature values, K rows found.
"""

import logging
from dataclasses import dataclass

import numpy as np

from streid.arrays import FeatureArray, IntArray
from streid.errors import InputError
from streid.files.histograms import Histograms
from streid.files.sightings import TIME_BOUND, Sightings, concatenate_sightings
from streid.scoring.fusion import Fusion, locate, take_moments
from streid.scoring.fusion_records import FUSIONS
from streid.scoring.kernels import fuse_block
from streid.scoring.products import normalise

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, eq=False)
class ScoreParts:
    """Scores of queries with every gallery row, and their parts.

    visual_QG: cosines. times_QG: scores by the times alone, the `times_alone` of the fusion's record; None where only
    appearance counts. score_QG: the score that ranks.
    """

    visual_QG: FeatureArray
    times_QG: FeatureArray | None
    score_QG: FeatureArray


@dataclass(frozen=True, kw_only=True, eq=False)
class SearchResult:
    """The best gallery rows for one picture, best first, with the parts of their scores as in `ScoreParts`."""

    rows_K: IntArray
    score_K: FeatureArray
    visual_K: FeatureArray
    times_K: FeatureArray | None


@dataclass(frozen=True, kw_only=True, eq=False)
class Gallery:
    """The pictures that are searched.

    features_GD: their features, each row of length 1. fusion: how times count; None for appearance only.
    histograms: needed with a fusion, for the scores by the times alone.
    """

    sightings: Sightings
    features_GD: FeatureArray
    fusion: Fusion | None = None
    histograms: Histograms | None = None

    def __post_init__(self) -> None:
        if len(self.features_GD) != len(self.sightings):
            raise InputError(f"{len(self.features_GD)} feature rows for {len(self.sightings)} gallery pictures")
        if self.fusion is not None and self.histograms is None:
            raise InputError("a fusion was given without histograms, which it needs to look up times")

    def score(self, features_QD: FeatureArray, query: Sightings | None) -> ScoreParts:
        """Score queries with the whole gallery; the same scores as in `evaluation.rank_streams`.

        Args:
            features_QD: each row of length 1.
            query: where and when the pictures were taken (identities are not read); None for appearance only.

        Raises:
            InputError: the features are of another length than the gallery's.
        """
        if features_QD.shape[1] != self.features_GD.shape[1]:
            raise InputError(
                f"the pictures' features have {features_QD.shape[1]} values, the gallery's "
                f"{self.features_GD.shape[1]}; both must come from one model"
            )
        visual_QG = features_QD @ self.features_GD.T
        if query is None or self.fusion is None or self.histograms is None:
            return ScoreParts(visual_QG=visual_QG, times_QG=None, score_QG=visual_QG)
        record = FUSIONS[self.fusion.name]
        if not record.uses_times:
            return ScoreParts(visual_QG=visual_QG, times_QG=None, score_QG=visual_QG)
        times_QG, score_QG = np.zeros_like(visual_QG), np.empty_like(visual_QG)
        self._fuse(times_QG, query, record.times_alone(self.histograms), times_QG)
        self._fuse(visual_QG, query, self.fusion, score_QG)
        return ScoreParts(visual_QG=visual_QG, times_QG=times_QG, score_QG=score_QG)

    def search(self, feature_D: FeatureArray, query: Sightings | None = None, *, top: int) -> SearchResult:
        """The best gallery rows for one picture; of equal scores the lower row comes first.

        Args:
            feature_D: of any length above 0.
            query: one entry, where and when it was taken; None for appearance only.

        Raises:
            InputError: the feature is all zeros, or of another length than the gallery's.
        """
        feature_1D = np.array(feature_D, np.float32).reshape(1, -1)
        normalise(feature_1D, "query")
        parts = self.score(feature_1D, query)
        rows_K = best_rows(parts.score_QG[0], top)
        return SearchResult(
            rows_K=rows_K,
            score_K=parts.score_QG[0, rows_K],
            visual_K=parts.visual_QG[0, rows_K],
            times_K=None if parts.times_QG is None else parts.times_QG[0, rows_K],
        )

    def _fuse(self, visual_QG: FeatureArray, query: Sightings, fusion: Fusion, out_QG: FeatureArray) -> None:
        everyone = locate(concatenate_sightings((query, self.sightings)), fusion.cameras_C)
        moments = (take_moments(everyone, slice(0, len(query))), take_moments(everyone, slice(len(query), None)))
        fuse_block(visual_QG, *moments, fusion.rule, False, out_QG)


def best_rows(score_G: FeatureArray, top: int) -> IntArray:
    """The rows of the `top` highest scores, best first; of equal scores the lower row comes first."""
    if top < len(score_G):
        lowest = np.partition(score_G, len(score_G) - top)[len(score_G) - top]
        candidates = np.flatnonzero(score_G >= lowest)
    else:
        candidates = np.arange(len(score_G))
    order = np.argsort(-score_G[candidates], kind="stable")[:top]
    return candidates[order].astype(np.int64)


def place_and_time(
    gallery: Sightings, histograms: Histograms, *, camid: int | None, session: int | None, time: int | None
) -> Sightings | None:
    """Where and when the query pictures were taken, as one entry; None where neither is given.

    The session may be left out where the gallery has only one.

    Raises:
        InputError: only one of camera and time is given, the histograms lack the camera, or the time is 2^53 or more.
    """
    if camid is None and session is None and time is None:
        return None
    if camid is None or time is None:
        raise InputError("--camid and --time go together: give both, or neither to search by appearance alone")
    sessions = np.unique(gallery.session_N)
    if session is None and len(sessions) > 1:
        raise InputError(f"--time needs --session: the gallery has {len(sessions)} sessions, each with its own clock")
    if camid not in histograms.cameras_C:
        known = ", ".join(map(str, histograms.cameras_C))
        raise InputError(f"--camid {camid}: the histograms have only the cameras {known}")
    if time >= TIME_BOUND:
        raise InputError(f"--time {time} is not below 2^53, as the gallery's times are")
    chosen = int(sessions[0]) if session is None and len(sessions) else session or 0
    if chosen not in sessions:
        logger.warning("no gallery picture is of session %d: its time cannot be compared with any of theirs", chosen)
    return Sightings(
        pid_N=np.array([-1]),
        camid_N=np.array([camid]),
        session_N=np.array([chosen]),
        time_N=np.array([time]),
        path_N=np.array([""], object),
    )
