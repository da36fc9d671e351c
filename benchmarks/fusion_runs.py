"""Measuring fusions on a simulated set, with the functions the stages call.

Shape suffixes: N pictures.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from simulated_sets import (
    TEST_STREAM,
    VAL_STREAM,
    SimulatedSet,
    Strength,
    choose_identities,
    draw_features,
)
from streid.files.features import FeatureGroup
from streid.files.histograms import Histograms
from streid.files.sightings import Sightings
from streid.scoring.evaluation import Scene, rank_streams
from streid.scoring.fusion import Fusion, likelihood_fusion, logistic_fusion
from streid.scoring.metrics import measure as measure_outcomes
from streid.scoring.products import PairProducts
from streid.scoring.ranks import StreamRanker
from streid.scoring.rerank import rerank
from streid.scoring.rerank_settings import AVERAGES, RerankSettings
from streid.scoring.weights import choose_weight, default_weight
from streid.spatiotemporal.likelihood import fit_held_out, fit_likelihood
from streid.spatiotemporal.travel_histograms import build_histograms

ALPHA, SIGMA, MAX_BINS = 5.0, 50.0, 5000  # the paper's
HELD_OUT_IDENTITIES = 100
ANY_CAMERA = -1


@dataclass(frozen=True, kw_only=True)
class Figures:
    """Rank-1 and mAP (trapezoid rule) in percent."""

    rank1: float
    mAP: float


@dataclass(frozen=True, kw_only=True)
class Fused:
    """What a fusion reaches: joint, re-ranked in the paper's form, re-ranked with cross-camera averages."""

    joint: Figures
    nearest: Figures
    cross: Figures


@dataclass(frozen=True, kw_only=True)
class Thinned:
    """One set with part of the training identities; the likelihood's weight is the default."""

    label: str
    identities: int
    appearance: Figures
    paper: Figures
    likelihood: Figures


@dataclass(frozen=True, kw_only=True)
class Weights:
    """The likelihood's weight: without held-out identities, as chosen on them, and the best on them."""

    default: float
    chosen: float
    best: float


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """One set, one draw of appearance; by_default: the likelihood fusion with the default weight."""

    label: str
    appearance: Figures
    paper: Fused
    likelihood: Fused
    by_default: Fused
    weights: Weights


@dataclass(frozen=True, kw_only=True, eq=False)
class OpenScene(Scene):
    """A scene whose rankers see no query's camera, so that right matches in the same camera count too.

    `query` holds ANY_CAMERA; scores come from `everyone` as they are.
    """

    seen: Sightings

    @property
    def everyone(self) -> Sightings:
        """The queries, then the gallery, in the cameras that saw them."""
        return self.seen


def opened(scene: Scene) -> OpenScene:
    """The same scene without the protocol's removal of matches in the query's own camera."""
    query = Sightings(
        pid_N=scene.query.pid_N,
        camid_N=np.full(len(scene.query), ANY_CAMERA),
        session_N=scene.query.session_N,
        time_N=scene.query.time_N,
        path_N=scene.query.path_N,
    )
    return OpenScene(
        dataset=scene.dataset,
        model=scene.model,
        query=query,
        gallery=scene.gallery,
        features_ND=scene.features_ND,
        seen=scene.everyone,
    )


def simulate_scene(world: SimulatedSet, strength: Strength, seed: int) -> Scene:
    """Query and gallery with appearance drawn."""
    parts = draw_features((world.query, world.gallery), strength, seed=seed, stream=TEST_STREAM)
    return Scene(
        dataset=world.name,
        model="simulated",
        query=world.query,
        gallery=world.gallery,
        features_ND=np.concatenate(parts),
    )


def fit_tables(world: SimulatedSet, seed: int) -> Histograms:
    """Histograms and likelihood of the training set, and the likelihood without HELD_OUT_IDENTITIES, at most half."""
    held_out = min(HELD_OUT_IDENTITIES, len(np.unique(world.training.pid_N)) // 2)
    pids = world.training.pid_N[choose_identities(world.training, held_out, seed)]
    paper = build_histograms(world.training, bin_width=world.bin_width, max_bins=MAX_BINS, sigma=SIGMA)
    return replace(
        paper,
        likelihood=fit_likelihood(world.training, seed=seed),
        held_out=fit_held_out(world.training, np.unique(pids), seed=seed),
    )


def pick_weights(world: SimulatedSet, tables: Histograms, scene: Scene, strength: Strength, seed: int) -> Weights:
    """The weight without and with the held-out identities; their appearance is drawn here."""
    default = default_weight(scene, seed)
    if tables.held_out is None:
        return Weights(default=default, chosen=default, best=default)
    val = world.training.take(np.isin(world.training.pid_N, tables.held_out.pids_H))
    (features_ND,) = draw_features((val,), strength, seed=seed, stream=VAL_STREAM)
    group = FeatureGroup(sightings=val, features_ND=features_ND)
    choice = choose_weight(group, tables.held_out, default, seed=seed)
    return Weights(default=default, chosen=choice.chosen, best=choice.best)


def compare(
    world: SimulatedSet, strength: Strength, label: str, *, seed: int, all_cameras: bool
) -> dict[str, Comparison]:
    """Both fusions, joint and re-ranked, by the protocol and, if `all_cameras`, without its removals."""
    tables = fit_tables(world, seed)
    scene = simulate_scene(world, strength, seed)
    weights = pick_weights(world, tables, scene, strength, seed)
    scenes = {"protocol": scene} | ({"all cameras": opened(scene)} if all_cameras else {})
    return {name: _compare(one, tables, weights, label) for name, one in scenes.items()}


def _compare(scene: Scene, tables: Histograms, weights: Weights, label: str) -> Comparison:
    products = PairProducts(scene.features_ND)
    appearance, paper = measure(scene, tables, logistic_fusion(tables, ALPHA), products)
    _, likelihood = measure(scene, tables, likelihood_fusion(tables.likelihood, weights.chosen), products)
    by_default = likelihood
    if weights.chosen != weights.default:
        _, by_default = measure(scene, tables, likelihood_fusion(tables.likelihood, weights.default), products)
    return Comparison(
        label=label,
        appearance=appearance,
        paper=paper,
        likelihood=likelihood,
        by_default=by_default,
        weights=weights,
    )


def measure(scene: Scene, tables: Histograms, fusion: Fusion, products: PairProducts) -> tuple[Figures, Fused]:
    """Appearance alone, and what `fusion` makes of it."""
    streams = rank_streams(scene, tables, fusion, products)
    reranked = {
        average: figures(rerank(scene, fusion, products, RerankSettings(average=average))) for average in AVERAGES
    }
    fused = Fused(joint=figures(streams["joint"]), nearest=reranked["nearest"], cross=reranked["cross-camera"])
    return figures(streams["visual"]), fused


def figures(ranker: StreamRanker) -> Figures:
    """Rank-1 and mAP of a stream."""
    content = measure_outcomes(ranker.outcomes)
    return Figures(rank1=100 * content["rank1"], mAP=100 * content["mAP"])


def thin_out(world: SimulatedSet, strength: Strength, label: str, counts: Sequence[int], *, seed: int) -> list[Thinned]:
    """The joint scores where only so many training identities are known, as drawn by `seed`."""
    scene = simulate_scene(world, strength, seed)
    products = PairProducts(scene.features_ND)
    weight = default_weight(scene, seed)
    rows = []
    for count in counts:
        known = world.training.take(choose_identities(world.training, count, seed))
        tables = replace(
            build_histograms(known, bin_width=world.bin_width, max_bins=MAX_BINS, sigma=SIGMA),
            likelihood=fit_likelihood(known, seed=seed),
        )
        paper = rank_streams(scene, tables, logistic_fusion(tables, ALPHA), products)
        likelihood = rank_streams(scene, tables, likelihood_fusion(tables.likelihood, weight), products)
        rows.append(
            Thinned(
                label=label,
                identities=len(np.unique(known.pid_N)),
                appearance=figures(paper["visual"]),
                paper=figures(paper["joint"]),
                likelihood=figures(likelihood["joint"]),
            )
        )
    return rows
