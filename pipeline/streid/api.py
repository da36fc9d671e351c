"""The library for other programs: travel times, joint scores, re-ranking and figures from plain arrays.

    from streid.api import Pictures, fit_travel_times, measure, rerank, score

Nothing is read from or written to files; docs/python.md has an example. Arguments that cannot be used raise
`streid.errors.InputError`, a ValueError whose message is one line.

Shape suffixes: N pictures, Q queries, G gallery pictures, D feature values. Rows are 0-based.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from streid.arrays import FeatureArray, IntArray
from streid.errors import InputError
from streid.files.features import FeatureGroup
from streid.files.histograms import Histograms
from streid.files.sightings import JUNK_PID, SIGHTING_FIELDS, UNKNOWN_TIME, Sightings, checked_column
from streid.scoring.evaluation import Scene, check_test
from streid.scoring.fusion import Fusion, visual_fusion
from streid.scoring.fusion_records import DEFAULT_FUSION, FusionRequest, make_fusion
from streid.scoring.metrics import summarise
from streid.scoring.products import PairProducts, normalised_features
from streid.scoring.ranks import StreamRanker
from streid.scoring.rerank import rerank_blocks
from streid.scoring.rerank_settings import RerankSettings
from streid.scoring.search import Gallery
from streid.spatiotemporal.likelihood import fit_likelihood
from streid.spatiotemporal.travel_histograms import build_histograms

__all__ = ["InputError", "Pictures", "TravelTimes", "fit_travel_times", "measure", "rerank", "score"]

TravelTimes = Histograms


@dataclass(frozen=True, kw_only=True, eq=False)
class Pictures:
    """Pictures, or tracklets, one row each.

    features: (N, D) numbers, of any length above 0. cameras: (N,) whole numbers from 0. times: (N,) whole numbers in
    any unit, -1 where unknown; None if all are unknown. sessions: (N,) whole numbers from 0; times are comparable only
    within one session; None for one session. identities: (N,) whole numbers from 1, in the gallery also 0 for
    distractors and -1 for junk; None if they are not known. Only `measure` needs them.
    """

    features: npt.ArrayLike
    cameras: npt.ArrayLike
    times: npt.ArrayLike | None = None
    sessions: npt.ArrayLike | None = None
    identities: npt.ArrayLike | None = None

    def group(self, name: str) -> FeatureGroup:
        """The pictures in the form that the library uses; `name` is used in messages.

        Raises:
            InputError: an array has another length or kind, or a number is out of range.
        """
        features_ND = np.asarray(self.features)
        if features_ND.ndim != 2 or features_ND.dtype.kind not in "fiu" or not features_ND.size:
            raise InputError(
                f"{name}: features are {features_ND.dtype} of shape {features_ND.shape}; a table of numbers with a row "
                "per picture is needed"
            )
        features_ND = features_ND.astype(np.float32)
        if not np.isfinite(features_ND).all():
            row = int(np.argmin(np.isfinite(features_ND).all(axis=1)))
            raise InputError(f"{name}: features of row {row} are not finite in float32")
        seen = _sightings(name, len(features_ND), self.cameras, self.times, self.sessions, self.identities)
        return FeatureGroup(sightings=seen, features_ND=features_ND)


def fit_travel_times(
    cameras: npt.ArrayLike,
    times: npt.ArrayLike,
    identities: npt.ArrayLike,
    sessions: npt.ArrayLike | None = None,
    *,
    bin_width: float = 100.0,
    max_bins: int = 5000,
    sigma: float = 50.0,
    seed: int = 0,
) -> TravelTimes:
    """Learn travel times between cameras from known people, for both fusions.

    Args:
        cameras, times, identities, sessions: one row per picture, as in `Pictures`. None of these people may be tested
            later.
        bin_width, max_bins, sigma: for the logistic fusion's histograms: time per bin, the most bins, and the smoothing
            window in bins. The likelihood chooses its own.
        seed: deals people into the folds that choose the likelihood's smoothing.

    Raises:
        InputError: an array has another length or kind, or a number is out of range.
    """
    seen = _sightings("training", np.size(cameras), cameras, times, sessions, identities)
    histograms = build_histograms(seen, bin_width=bin_width, max_bins=max_bins, sigma=sigma)
    return replace(histograms, likelihood=fit_likelihood(seen, seed=seed))


def score(
    query: Pictures,
    gallery: Pictures,
    travel_times: TravelTimes | None = None,
    *,
    fusion: str = DEFAULT_FUSION,
    alpha: float = 5.0,
    weight: float | None = None,
    seed: int = 0,
) -> FeatureArray:
    """Joint scores of every query with every gallery picture; cosines if no travel times are given.

    Args:
        fusion: how appearance and times become one score, a name from docs/fusion.md. alpha: for the logistic fusion.
        weight: for the likelihood; None takes the default, which follows from the spread of the cosines.
        seed: draws the pictures for the default weight.

    Returns:
        (Q, G) float32; higher is better.

    Raises:
        InputError: the pictures or a setting cannot be used.
    """
    scene = _scene(query, gallery)
    made = _fusion(scene, travel_times, fusion, {"alpha": alpha, "weight": weight}, seed)
    queries = len(scene.query)
    searched = Gallery(
        sightings=scene.gallery, features_GD=scene.features_ND[queries:], fusion=made, histograms=travel_times
    )
    return searched.score(scene.features_ND[:queries], scene.query if made else None).score_QG


def rerank(
    query: Pictures,
    gallery: Pictures,
    travel_times: TravelTimes | None = None,
    *,
    fusion: str = DEFAULT_FUSION,
    alpha: float = 5.0,
    weight: float | None = None,
    k1: int = 20,
    k2: int = 6,
    lambda_: float = 0.3,
    average: str = "nearest",
    seed: int = 0,
) -> FeatureArray:
    """k-reciprocal distances of every query to every gallery picture, by their joint scores.

    Args:
        fusion, alpha, weight, seed: as in `score`.
        k1, k2, lambda_, average: as in `streid.scoring.rerank_settings.RerankSettings`.

    Returns:
        (Q, G) float32 from 0 to 1; lower is better.

    Raises:
        InputError: the pictures or a setting cannot be used.
    """
    settings = RerankSettings.of(k1=k1, k2=k2, lambda_=lambda_, average=average)
    scene = _scene(query, gallery)
    made = _fusion(scene, travel_times, fusion, {"alpha": alpha, "weight": weight}, seed) or visual_fusion()
    distances_QG = np.empty((len(scene.query), len(scene.gallery)), np.float32)
    for first, negative_QG in rerank_blocks(scene, made, PairProducts(scene.features_ND), settings):
        np.negative(negative_QG, out=distances_QG[first : first + len(negative_QG)])
    return distances_QG


def measure(
    scores_QG: npt.ArrayLike, query: Pictures, gallery: Pictures, *, resamples: int = 1000, seed: int = 0
) -> dict[str, Any]:
    """Rank-k, mAP, mINP and their 95 % intervals, by the protocol of Market-1501.

    Args:
        scores_QG: (Q, G), higher is better: those of `score`, or the negative of `rerank`'s distances.
        query, gallery: with identities.
        resamples, seed: for the intervals.

    Returns:
        The figures of one stream as in scores.json (docs/features.md), fractions from 0 to 1.

    Raises:
        InputError: identities are missing, a query's identity is below 1, a score is not finite, or no query has a
            right match.
    """
    groups = {"query": query.group("query").sightings, "gallery": gallery.group("gallery").sightings}
    for name, pictures in (("query", query), ("gallery", gallery)):
        if pictures.identities is None:
            raise InputError(f"{name}: identities are missing, which figures need")
    scores = np.array(scores_QG, np.float32)  # the ranker writes into it
    shape = len(groups["query"]), len(groups["gallery"])
    if scores.shape != shape or not np.isfinite(scores).all():
        raise InputError(f"scores have shape {scores.shape}; finite scores of shape {shape} are needed")
    check_test(groups["query"], groups["gallery"], "figures")
    ranker = StreamRanker(groups["query"], groups["gallery"])
    ranker.add(0, scores)
    return summarise(ranker.outcomes, groups["query"].pid_N, resamples=resamples, seed=seed)


def _scene(query: Pictures, gallery: Pictures) -> Scene:
    groups = {"query": query.group("query"), "gallery": gallery.group("gallery")}
    lengths = [group.features_ND.shape[1] for group in groups.values()]
    if lengths[0] != lengths[1]:
        raise InputError(
            f"features of the queries have {lengths[0]} values, those of the gallery {lengths[1]}; both must come from "
            "one model"
        )
    return Scene(
        dataset="",
        model="",
        query=groups["query"].sightings,
        gallery=groups["gallery"].sightings,
        features_ND=normalised_features(groups, ("query", "gallery")),
    )


def _fusion(
    scene: Scene, travel_times: TravelTimes | None, name: str, settings: dict[str, float | None], seed: int
) -> Fusion | None:
    """The fusion called `name`; None if there are no travel times."""
    if travel_times is None:
        return None
    request = FusionRequest(histograms=travel_times, scene=scene, features=None, settings=settings, seed=seed)
    return make_fusion(name, request)


def _sightings(name: str, count: int, *columns: npt.ArrayLike | None) -> Sightings:
    """Cameras, times, sessions and identities in the library's form; None means unknown, or one session."""
    names = ("cameras", "times", "sessions", "identities")
    fields = dict(zip(("camid", "time", "session", "pid"), zip(names, columns, strict=True), strict=True))
    unknown = {"time": UNKNOWN_TIME, "session": 0, "pid": JUNK_PID}
    found: dict[str, IntArray] = {}
    for field in SIGHTING_FIELDS:
        title, given = fields[field]
        column_N = np.full(count, unknown[field]) if given is None else np.asarray(given)
        if column_N.shape != (count,):
            raise InputError(f"{name}: {title} have shape {column_N.shape}, expected ({count},), one per picture")
        found[f"{field}_N"] = checked_column(column_N, field, f"{name}: {title}")
    return Sightings(**found, path_N=np.full(count, "", object))
