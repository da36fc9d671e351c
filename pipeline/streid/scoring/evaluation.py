"""From features and histograms to the ranked streams, query block by query block.

Shape suffixes: N pictures (queries, then gallery), Q queries, G gallery pictures, D feature values.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from streid.artifacts import (
    DISTRACTOR_PID,
    JUNK_PID,
    UNKNOWN_TIME,
    FeatureArray,
    FeatureSet,
    IntArray,
    Sightings,
    concatenate_sightings,
)
from streid.scoring.fusion import Fusion, locate, logistic_fusion, take_moments, temporal_fusion, usable, visual_fusion
from streid.scoring.kernels import fuse_block
from streid.scoring.metrics import summarise
from streid.scoring.products import PairProducts, normalised_features
from streid.scoring.ranks import Outcomes, StreamRanker
from streid.tables import Histograms

FUSIONS = ("logistic", "none")
BLOCK_VALUES = 1 << 24


@dataclass(frozen=True, kw_only=True, eq=False)
class Scene:
    """The pictures to be scored: queries first, then the gallery, with L2-normalised features_ND."""

    dataset: str
    model: str
    query: Sightings
    gallery: Sightings
    features_ND: FeatureArray

    @property
    def everyone(self) -> Sightings:
        """The queries, then the gallery."""
        return concatenate_sightings((self.query, self.gallery))


def make_scene(features: FeatureSet) -> Scene:
    """Normalise the features of query and gallery.

    Raises:
        InputError: a feature row is all zeros.
    """
    return Scene(
        dataset=features.dataset,
        model=features.model,
        query=features.groups["query"].sightings,
        gallery=features.groups["gallery"].sightings,
        features_ND=normalised_features(features.groups, ("query", "gallery")),
    )


def make_fusion(name: str, histograms: Histograms, *, alpha: float) -> Fusion:
    """The fusion called `name`, one of FUSIONS."""
    return logistic_fusion(histograms, alpha) if name == "logistic" else visual_fusion()


def query_blocks(queries: int, gallery: int, most_rows: int | None = None) -> Iterator[slice]:
    """Consecutive query rows, few enough for a block of scores to stay near 64 MB."""
    rows = max(1, BLOCK_VALUES // max(1, gallery))
    rows = rows if most_rows is None else min(rows, most_rows)
    return (slice(start, min(start + rows, queries)) for start in range(0, queries, rows))


def rank_streams(
    scene: Scene, histograms: Histograms, fusion: Fusion, products: PairProducts
) -> dict[str, StreamRanker]:
    """Rank the gallery for every query by the cosine, by what the times say, and by both.

    Returns:
        The streams visual, spatiotemporal and joint.
    """
    queries, total = len(scene.query), len(products)
    rankers = {name: StreamRanker(scene.query, scene.gallery) for name in ("visual", "spatiotemporal", "joint")}
    fusions = {"spatiotemporal": temporal_fusion(histograms), "joint": fusion}
    moments = {name: locate(scene.everyone, one.cameras_C) for name, one in fusions.items()}
    for rows in query_blocks(queries, total - queries):
        cosines_QG = products.block(rows, slice(queries, total))
        for name, one in fusions.items():
            asking, asked = take_moments(moments[name], rows), take_moments(moments[name], slice(queries, total))
            visual_QG = np.zeros_like(cosines_QG) if name == "spatiotemporal" else cosines_QG
            scores_QG = np.empty_like(cosines_QG)
            fuse_block(visual_QG, asking, asked, one.rule, False, scores_QG)
            rankers[name].add(rows.start, scores_QG)
        rankers["visual"].add(rows.start, cosines_QG)
    return rankers


def summary(
    scene: Scene,
    histograms: Histograms,
    fusion: Mapping[str, Any],
    streams: Mapping[str, Outcomes],
    *,
    resamples: int,
    seed: int,
) -> dict[str, Any]:
    """What goes into scores.json or reranked.json.

    Args:
        fusion: the fusion's name and parameters, as written.

    Raises:
        InputError: no query has a right match.
    """
    figures = {name: summarise(outcomes, resamples=resamples, seed=seed) for name, outcomes in streams.items()}
    some = next(iter(figures.values()))
    return {
        "format": "streid-metrics",
        "version": 1,
        "dataset": scene.dataset,
        "model": scene.model,
        "fusion": dict(fusion),
        "audit": {
            **audit(scene.query, scene.gallery, histograms),
            "evaluated": some["evaluated"],
            "skipped": some["skipped"],
        },
        "streams": figures,
    }


def audit(query: Sightings, gallery: Sightings, histograms: Histograms) -> dict[str, int | float]:
    """Counts that tell how far to trust the figures.

    `unknown_times`, `unknown_cameras`: pictures, of both groups, without a time or before a camera the
    histograms do not know. `pairs_with_time`: share of the query x gallery pairs with known times in one
    session, before two cameras between which the histograms counted anyone.
    """
    everyone = concatenate_sightings((query, gallery))
    return {
        "query": len(query),
        "gallery": len(gallery),
        "junk": int((gallery.pid_N == JUNK_PID).sum()),
        "distractors": int((gallery.pid_N == DISTRACTOR_PID).sum()),
        "unknown_times": int((everyone.time_N == UNKNOWN_TIME).sum()),
        "unknown_cameras": int((~np.isin(everyone.camid_N, histograms.cameras_C)).sum()),
        "pairs_with_time": _timed_share(query, gallery, histograms),
    }


def _timed_share(query: Sightings, gallery: Sightings, histograms: Histograms) -> float:
    counted_CC = histograms.counts_CCB.any(axis=2)
    counted_CC |= counted_CC.T
    sessions = np.union1d(query.session_N, gallery.session_N)
    shape = (len(sessions), len(histograms.cameras_C))

    def pictures(group: Sightings) -> IntArray:
        known = group.take(usable(group, histograms.cameras_C))
        cell_N = np.searchsorted(sessions, known.session_N) * shape[1]
        cell_N += np.searchsorted(histograms.cameras_C, known.camid_N)
        return np.bincount(cell_N, minlength=shape[0] * shape[1]).reshape(shape)

    timed = np.einsum("sc,ce,se->", pictures(query), counted_CC.astype(np.int64), pictures(gallery))
    return float(timed / max(1, len(query) * len(gallery)))
