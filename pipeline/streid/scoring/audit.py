"""Counts that show how far the figures can be trusted.

Shape suffixes: Z sessions, C cameras, E other cameras.
"""

import logging
from typing import Any

import numpy as np

from streid.arrays import IntArray
from streid.files.histograms import Histograms, Likelihood
from streid.files.sightings import DISTRACTOR_PID, JUNK_PID, UNKNOWN_TIME, Sightings, concatenate_sightings
from streid.scoring.fusion import usable
from streid.scoring.fusion_records import FUSIONS

logger = logging.getLogger(__name__)


def audit(query: Sightings, gallery: Sightings, histograms: Histograms, fusion: str) -> dict[str, int | float]:
    """Count the pictures, and what is missing in them or in the tables that the fusion uses.

    `unknown_times`, `unknown_cameras`: pictures of both groups without a time, or from a camera without training
    pictures. `pairs_with_time`: share of the query x gallery pairs with known times in one session, from two cameras
    between which the histograms counted somebody. `neutral_pairs`, for a fusion with a `neutral_share`: share of the
    query x gallery pairs about which the times say nothing.
    """
    everyone = concatenate_sightings((query, gallery))
    counts: dict[str, int | float] = {
        "query": len(query),
        "gallery": len(gallery),
        "junk": int((gallery.pid_N == JUNK_PID).sum()),
        "distractors": int((gallery.pid_N == DISTRACTOR_PID).sum()),
        "unknown_times": int((everyone.time_N == UNKNOWN_TIME).sum()),
        "unknown_cameras": int((~np.isin(everyone.camid_N, histograms.cameras_C)).sum()),
        "pairs_with_time": _timed_share(query, gallery, histograms),
    }
    neutral_share_of = FUSIONS[fusion].neutral_share
    if neutral_share_of is not None:
        counts["neutral_pairs"] = neutral_share_of(query, gallery, histograms)
    return counts


def log_audit(counts: dict[str, Any], fusion: str) -> None:
    """Log for how many pictures the times cannot be used."""
    if not FUSIONS[fusion].uses_times:
        return
    pictures = counts["query"] + counts["gallery"]
    for name, what in (("unknown_times", "have no time"), ("unknown_cameras", "are of cameras not seen in training")):
        if counts[name]:
            logger.warning("%d of %d pictures %s: only appearance counts for them", counts[name], pictures, what)
    if counts.get("neutral_pairs", 0) == 1:
        logger.warning("the times say nothing about any pair of pictures: the joint score is the cosine")
    elif not counts["pairs_with_time"]:
        logger.warning("no pair of pictures has a spatial-temporal score: that stream ranks by row number only")


def _timed_share(query: Sightings, gallery: Sightings, histograms: Histograms) -> float:
    counted_CE = histograms.counts_CCB.any(axis=2)
    query_ZC, gallery_ZC = _usable_pictures(query, gallery, histograms.cameras_C)
    timed = np.einsum("zc,ce,ze->", query_ZC, (counted_CE | counted_CE.T).astype(np.int64), gallery_ZC)
    return float(timed / max(1, len(query) * len(gallery)))


def neutral_share(query: Sightings, gallery: Sightings, likelihood: Likelihood) -> float:
    """Share of the query x gallery pairs whose log ratio is 0.

    These pairs come from one camera, have an unknown time or camera, or nothing could be fitted for their cameras.
    """
    informed_CE = np.asarray(likelihood.log_ratios().any(axis=2), np.int64)
    query_ZC, gallery_ZC = _usable_pictures(query, gallery, likelihood.cameras_C)
    informed = int(np.einsum("zc,ce,ze->", query_ZC, informed_CE, gallery_ZC))
    if likelihood.apart:
        other_CE = np.ones_like(informed_CE) - np.eye(len(informed_CE), dtype=np.int64)
        within = int(np.einsum("zc,ce,ze->", query_ZC, other_CE, gallery_ZC))
        informed += int(query_ZC.sum(axis=0) @ other_CE @ gallery_ZC.sum(axis=0)) - within
    return 1 - informed / max(1, len(query) * len(gallery))


def _usable_pictures(query: Sightings, gallery: Sightings, cameras_C: IntArray) -> tuple[IntArray, IntArray]:
    """How many pictures of each group can be looked up, by session and camera (Z, C)."""
    sessions = np.union1d(query.session_N, gallery.session_N)
    shape = (len(sessions), len(cameras_C))

    def pictures(group: Sightings) -> IntArray:
        known = group.take(usable(group, cameras_C))
        cell_N = np.searchsorted(sessions, known.session_N) * shape[1] + np.searchsorted(cameras_C, known.camid_N)
        return np.bincount(cell_N, minlength=shape[0] * shape[1]).reshape(shape)

    return pictures(query), pictures(gallery)
