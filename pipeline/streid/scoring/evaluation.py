"""From features and histograms to the ranked streams, query block by query block.

Shape suffixes: N pictures (queries, then gallery), Q queries, G gallery pictures, D feature values.
"""

import logging
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from streid.arrays import FeatureArray
from streid.data.protocol import check_matches, refuse_nobody
from streid.errors import InputError
from streid.files.atomic import atomic_outputs
from streid.files.features import (
    FEATURES_FORMAT,
    FeatureSet,
    feature_shape,
    load_feature_blocks,
    refuse_different_lengths,
)
from streid.files.hdf5 import open_checked
from streid.files.histograms import Histograms
from streid.files.json_files import json_text_with_checksum
from streid.files.rankings import METRICS_FORMAT, METRICS_VERSION, QueryResults, write_rankings
from streid.files.sightings import Sightings, concatenate_sightings, load_sightings
from streid.scoring.audit import audit
from streid.scoring.fusion import Fusion, locate, take_moments
from streid.scoring.fusion_records import FUSIONS
from streid.scoring.kernels import fuse_block
from streid.scoring.metrics import stream_figures
from streid.scoring.products import PairProducts, normalise, normalised_features
from streid.scoring.ranks import Outcomes, StreamRanker

logger = logging.getLogger(__name__)

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


def read_scene(path: str | os.PathLike[str]) -> Scene:
    """Read query and gallery of a features.h5 into one table, and normalise it in place, block by block.

    The same as `make_scene(read_features(path))`, without holding the features more than once.

    Raises:
        InputError: as `read_features`, or a feature row is all zeros.
    """
    with open_checked(path, FEATURES_FORMAT) as handle:
        groups = {name: handle[name] for name in ("query", "gallery")}
        sightings = {name: load_sightings(group) for name, group in groups.items()}
        shapes = {name: feature_shape(group) for name, group in groups.items()}
        for name, (rows, _) in shapes.items():
            if rows != len(sightings[name]):
                raise InputError(
                    f"features have shape {shapes[name]} for {len(sightings[name])} pictures; "
                    "one row per picture is needed"
                )
        refuse_different_lengths(path, {name: length for name, (_, length) in shapes.items()})
        features_ND = np.empty((sum(rows for rows, _ in shapes.values()), shapes["query"][1]), np.float32)
        start = 0
        for name, group in groups.items():
            own_ND = features_ND[start : start + shapes[name][0]]
            for first, block_ND in load_feature_blocks(group, own_ND):
                normalise(block_ND, name, first)
            start += len(own_ND)
        return Scene(
            dataset=str(handle.attrs["dataset"]),
            model=str(handle.attrs["model"]),
            query=sightings["query"],
            gallery=sightings["gallery"],
            features_ND=features_ND,
        )


def check_test(query: Sightings, gallery: Sightings, where: str | os.PathLike[str]) -> None:
    """Refuse queries that cannot be evaluated before anything is computed; warn where only some cannot.

    Args:
        where: the file or the like that holds them, for the message.

    Raises:
        InputError: a query has the pid of junk or of distractors, or no query has a right match.
    """

    def place(row: int) -> str:
        return f"{where}: group query, row {row}"

    refuse_nobody(query.pid_N, place)
    for warning in check_matches(query, gallery, place):
        logger.warning("%s: %s", where, warning)


def query_blocks(queries: int, gallery: int, most_rows: int | None = None) -> Iterator[slice]:
    """Consecutive query rows, few enough for a block of scores to stay near 64 MB."""
    rows = max(1, BLOCK_VALUES // max(1, gallery))
    rows = rows if most_rows is None else min(rows, most_rows)
    return (slice(start, min(start + rows, queries)) for start in range(0, queries, rows))


def rank_streams(
    scene: Scene, histograms: Histograms, fusion: Fusion, products: PairProducts
) -> dict[str, StreamRanker]:
    """Rank the gallery for every query by the cosine, by the times, and by both.

    The ranking by the times alone uses the `times_alone` of the fusion's record.

    Returns:
        The streams visual, spatiotemporal and joint.
    """
    queries, total = len(scene.query), len(products)
    rankers = {name: StreamRanker(scene.query, scene.gallery) for name in ("visual", "spatiotemporal", "joint")}
    fusions = {"spatiotemporal": FUSIONS[fusion.name].times_alone(histograms), "joint": fusion}
    moments = {name: locate(scene.everyone, used.cameras_C) for name, used in fusions.items()}
    blocks = list(query_blocks(queries, total - queries))
    largest = max((rows.stop - rows.start for rows in blocks), default=0) * (total - queries)
    cosine_room, score_room = np.empty(largest, np.float32), np.empty(largest, np.float32)
    for rows in blocks:
        cosines_QG = products.block(rows, slice(queries, total), cosine_room)
        scores_QG = score_room[: cosines_QG.size].reshape(cosines_QG.shape)
        for name, used in fusions.items():
            query, gallery = take_moments(moments[name], rows), take_moments(moments[name], slice(queries, total))
            if name == "spatiotemporal":
                scores_QG.fill(0)
            visual_QG = scores_QG if name == "spatiotemporal" else cosines_QG
            fuse_block(visual_QG, query, gallery, used.rule, False, scores_QG)
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
    earlier: Mapping[str, QueryResults] | None = None,
) -> dict[str, Any]:
    """The content of scores.json or reranked.json.

    Args:
        fusion: the fusion's name and parameters, as they are written.
        earlier: further streams, measured before on the same queries, to state the gains over them.

    Raises:
        InputError: no query has a right match, or a stream of `earlier` evaluates other queries.
    """
    pid_Q = scene.query.pid_N
    figures = stream_figures(streams, earlier or {}, pid_Q, resamples=resamples, seed=seed)
    first_figures, first_outcomes = next(iter(figures.values())), next(iter(streams.values()))
    return {
        "format": METRICS_FORMAT,
        "version": METRICS_VERSION,
        "dataset": scene.dataset,
        "model": scene.model,
        "fusion": dict(fusion),
        "audit": {
            **audit(scene.query, scene.gallery, histograms, fusion["name"]),
            "evaluated": first_figures["evaluated"],
            "skipped": first_figures["skipped"],
        },
        "bootstrap": {
            "resampled": "identities",
            "identities": len(np.unique(pid_Q[first_outcomes.first_Q > 0])),
            "resamples": resamples,
            "seed": seed,
        },
        "streams": figures,
    }


def write_results(
    output: Path, metrics: Path, scene: Scene, content: Mapping[str, Any], rankers: Mapping[str, StreamRanker]
) -> None:
    """Write the rankings to `output` and the figures, `content`, to `metrics`: both files or neither."""
    streams = {name: ranker.ranking() for name, ranker in rankers.items()}
    with atomic_outputs(output, metrics) as (rankings, figures):
        figures.write_text(json_text_with_checksum(content, metrics), encoding="utf-8")
        write_rankings(rankings, dataset=scene.dataset, model=scene.model, streams=streams)
