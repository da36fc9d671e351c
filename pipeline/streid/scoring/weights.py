"""The weight of the likelihood's log ratio beside the cosine: given, chosen on held-out identities, or the default.

Identities of query and gallery are read only to refuse held-out identities that are among them.

Shape suffixes: N pictures, Q queries, G gallery pictures, E evaluated queries, I identities, W weights tried.
"""

import logging
import os
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from streid.arrays import FloatArray, IntArray
from streid.data.protocol import refuse_tested
from streid.errors import InputError
from streid.files.features import FeatureGroup, feature_groups, read_features
from streid.files.histograms import HeldOut
from streid.scoring.evaluation import Scene, query_blocks
from streid.scoring.fusion import likelihood_fusion, locate, take_moments, weighted
from streid.scoring.fusion_records import FusionRequest
from streid.scoring.kernels import fuse_block
from streid.scoring.products import PairProducts, normalised_features
from streid.scoring.ranks import StreamRanker

logger = logging.getLogger(__name__)

LEAST_IDENTITIES = 2
SPREAD_SHARE = 0.4
SAMPLED_PICTURES = 2000
WEIGHTS_TRIED = 25
FARTHEST_FACTOR = 4.0
STANDARD_ERRORS = 2.0
DIGITS = 4


@dataclass(frozen=True, kw_only=True)
class WeightChoice:
    """A weight chosen on held-out identities.

    identities, queries: how many were evaluated. weights, mAP: the weights tried, ascending, and the held-out mAP of
    each. best: the weight with the highest mAP. chosen: of the weights not clearly worse than `best`, the nearest to
    the default. reason: why no weight could be chosen; then there are no weights, and `best` and `chosen` are the
    default.
    """

    identities: int
    queries: int
    default: float
    best: float
    chosen: float
    weights: tuple[float, ...]
    mAP: tuple[float, ...]
    reason: str = ""


def settle_weight(request: FusionRequest) -> tuple[float, dict[str, Any]]:
    """The likelihood's weight: as given, chosen on held-out identities, or the default.

    Returns:
        The weight, and `weight_source` and `selection` as scores.json has them.

    Raises:
        InputError: the group val cannot be used: its features have another length than the scene's, or some of its
            identities are in query or gallery.
    """
    given = request.settings["weight"]
    if given is not None:
        return given, {"weight_source": "given", "selection": None}
    default = default_weight(request.scene, request.seed)
    choice = _choose_from_file(request.features, request.histograms.held_out, request.scene, default, request.seed)
    source, weight = ("held-out", choice.chosen) if choice and not choice.reason else ("default", default)
    _log_choice(source, weight, choice)
    return weight, {"weight_source": source, "selection": asdict(choice) if choice else None}


def default_weight(scene: Scene, seed: int) -> float:
    """0.4 standard deviations of the cosine between random query and gallery pictures of different cameras.

    At most 2,000 pictures of each group are used. If there is only one camera, all pairs are. Identities are not read.
    """
    rng = np.random.default_rng(seed)
    queries = rng.permutation(len(scene.query))[:SAMPLED_PICTURES]
    gallery = rng.permutation(len(scene.gallery))[:SAMPLED_PICTURES]
    cosines_QG = scene.features_ND[queries] @ scene.features_ND[len(scene.query) + gallery].T
    across_QG = scene.query.camid_N[queries][:, None] != scene.gallery.camid_N[gallery]
    compared = cosines_QG[across_QG] if across_QG.any() else cosines_QG.reshape(-1)
    return _rounded(SPREAD_SHARE * float(compared.std(dtype=np.float64))) if len(compared) else 0.0


def choose_weight(val: FeatureGroup, held_out: HeldOut, default: float, *, seed: int) -> WeightChoice:
    """Choose the weight by the mAP on identities that neither the features nor the likelihood were fitted on.

    For every held-out identity and camera, one random picture is a query and the others are the gallery (trapezoid
    rule, protocol of the test). 25 weights from a quarter to four times the default are tried. Of those whose mean loss
    to the best, over identities, is at most two standard errors, the one nearest to the default in proportion is taken:
    with a few hundred identities, which weight is best is partly luck. No weight is chosen if fewer than two identities
    have a picture to find, the default is 0, the held-out likelihood is neutral, or every weight ranks the same; nor if
    val lacks a held-out identity: then the histograms belong to another data set, where the same pids are other people.

    Args:
        val: pictures; those of identities not held out are ignored.
        default: `default_weight` of the pictures to be scored.
        seed: draws the queries.

    Raises:
        InputError: a feature row is all zeros.
    """
    absent = int((~np.isin(held_out.pids_H, val.sightings.pid_N)).sum())
    if absent:
        return _no_choice(
            default, f"{absent} of the {len(held_out.pids_H)} held-out identities are not in the features' group val"
        )
    if held_out.likelihood.says_nothing:
        return _no_choice(default, "nothing could be fitted without the held-out identities")
    if default == 0:
        return _no_choice(default, "all pictures to be scored look alike, so the default is 0")
    rows_N = np.flatnonzero(np.isin(val.sightings.pid_N, held_out.pids_H))
    features_ND = normalised_features({"val": val}, ("val",))[rows_N]
    group = FeatureGroup(sightings=val.sightings.take(rows_N), features_ND=features_ND)
    weights_W = np.array(
        [_rounded(default * f) for f in np.geomspace(1 / FARTHEST_FACTOR, FARTHEST_FACTOR, WEIGHTS_TRIED)]
    )
    query_Q, gallery_G = _split(group, seed)
    ap_WQ = _average_precisions(group, query_Q, gallery_G, held_out, weights_W)
    evaluated_Q = ~np.isnan(ap_WQ[0]) if len(query_Q) else np.zeros(0, bool)
    ap_WE, pid_E = ap_WQ[:, evaluated_Q], group.sightings.pid_N[query_Q[evaluated_Q]]
    identities, queries = len(np.unique(pid_E)), len(pid_E)
    if identities < LEAST_IDENTITIES:
        found = f"only {identities} of the held-out identities can be found by a picture of another camera"
        return _no_choice(default, found, identities, queries)
    if (ap_WE == ap_WE[0]).all():
        return _no_choice(default, "every weight tried ranks the held-out identities the same", identities, queries)
    best, chosen = _near_best(ap_WE, pid_E)
    return WeightChoice(
        identities=identities,
        queries=queries,
        default=default,
        best=float(weights_W[best]),
        chosen=float(weights_W[chosen]),
        weights=tuple(weights_W.tolist()),
        mAP=tuple(ap_WE.mean(axis=1).tolist()),
    )


def _no_choice(default: float, reason: str, identities: int = 0, queries: int = 0) -> WeightChoice:
    return WeightChoice(
        identities=identities,
        queries=queries,
        default=default,
        best=default,
        chosen=default,
        weights=(),
        mAP=(),
        reason=reason,
    )


def _rounded(weight: float) -> float:
    """Rounded to four digits, so that two stages that add in a different order get the same weight."""
    return float(f"{weight:.{DIGITS}g}")


def _choose_from_file(
    features: str | os.PathLike[str] | None, held_out: HeldOut | None, scene: Scene, default: float, seed: int
) -> WeightChoice | None:
    if features is None or held_out is None or "val" not in feature_groups(features):
        return None
    val = read_features(features, ("val",)).groups["val"]
    lengths = val.features_ND.shape[1], scene.features_ND.shape[1]
    if lengths[0] != lengths[1]:
        raise InputError(
            f"{features}: features of group val have length {lengths[0]}, those of query and gallery {lengths[1]}; "
            "all must come from one model"
        )
    refuse_tested(val.sightings.pid_N, np.concatenate([scene.query.pid_N, scene.gallery.pid_N]), str(features))
    return choose_weight(val, held_out, default, seed=seed)


def _split(group: FeatureGroup, seed: int) -> tuple[IntArray, IntArray]:
    """The rows of the queries, one per identity and camera, and the rows of the gallery.

    The gallery has the other pictures, and the queries that are their identity's only picture in a camera; for the
    query itself the protocol ignores it.
    """
    order = np.random.default_rng(seed).permutation(len(group.sightings))
    seen_N2 = np.column_stack((group.sightings.pid_N, group.sightings.camid_N))[order]
    _, first, counts = np.unique(seen_N2, axis=0, return_index=True, return_counts=True)
    return order[first], np.setdiff1d(order, order[first[counts > 1]])


def _average_precisions(
    group: FeatureGroup, query_Q: IntArray, gallery_G: IntArray, held_out: HeldOut, weights_W: FloatArray
) -> FloatArray:
    """Average precision of every query with every weight (W, Q), NaN without a right match."""
    rows = np.concatenate((query_Q, gallery_G))
    pictures = group.sightings.take(rows)
    query, gallery = pictures.take(slice(0, len(query_Q))), pictures.take(slice(len(query_Q), None))
    products = PairProducts(np.ascontiguousarray(group.features_ND[rows]))
    rule = likelihood_fusion(held_out.likelihood, 1.0).rule
    rankers = [StreamRanker(query, gallery) for _ in weights_W]
    moments = locate(pictures, held_out.likelihood.cameras_C)
    others = slice(len(query_Q), len(rows))
    for block in query_blocks(len(query), len(gallery)):
        cosines_QG = products.block(block, others)
        query_moments, gallery_moments = take_moments(moments, block), take_moments(moments, others)
        for weight, ranker in zip(weights_W, rankers, strict=True):
            scores_QG = np.empty_like(cosines_QG)
            fuse_block(cosines_QG, query_moments, gallery_moments, weighted(rule, float(weight)), False, scores_QG)
            ranker.add(block.start, scores_QG)
    return np.array([ranker.outcomes.ap_Q for ranker in rankers])


def _near_best(ap_WE: FloatArray, pid_E: npt.NDArray[Any]) -> tuple[int, int]:
    """The row with the highest mAP, and the row nearest to the middle that is not clearly worse."""
    best = int(np.argmax(ap_WE.mean(axis=1)))
    person_E = np.unique(pid_E, return_inverse=True)[1].reshape(-1)
    people = int(person_E.max()) + 1
    loss_WE = ap_WE[best] - ap_WE
    loss_WI = np.array([np.bincount(person_E, loss_E, people) for loss_E in loss_WE]) * (people / len(person_E))
    error_W = loss_WI.std(axis=1, ddof=1) / np.sqrt(people)
    close = np.flatnonzero(loss_WI.mean(axis=1) <= STANDARD_ERRORS * error_W)
    return best, int(close[np.argmin(np.abs(close - len(ap_WE) // 2))])


def _log_choice(source: str, weight: float, choice: WeightChoice | None) -> None:
    if choice is None:
        logger.warning(
            "no held-out identities (split val of the manifest, group val of the features): "
            "the likelihood's weight is the default, %g",
            weight,
        )
    elif source == "default":
        logger.warning(
            "%s: the likelihood's weight is the default, %g",
            choice.reason,
            weight,
        )
    else:
        logger.info(
            "the likelihood's weight is %g, chosen on %d queries of %d held-out identities (default %g, best %g)",
            weight,
            choice.queries,
            choice.identities,
            choice.default,
            choice.best,
        )
