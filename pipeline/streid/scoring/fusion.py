"""How appearance and time become one score.

Every fusion is a table that is looked up by (query camera, gallery camera, signed time bin), and a rule that combines
the value with the cosine. So one set of kernels serves all of them.

Shape suffixes: N pictures, C cameras, B bins of a histogram, S = 2 (B + 1) signed bins,
L = 2 K + 1 signed bins of a likelihood.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from streid.arrays import FeatureArray, FloatArray, IntArray
from streid.errors import InputError
from streid.files.histograms import Histograms, Likelihood
from streid.files.sightings import UNKNOWN_TIME, Sightings
from streid.scoring.compilation import Moments, Rule

LARGEST = 1e30  # far below float32's own, so that every score and distance is finite
MOST_OF_A_BIN = 1000.0  # above any bin's log ratio (without the one of the sessions): it is the log of a double


@dataclass(frozen=True, kw_only=True, eq=False)
class Fusion:
    """A fusion ready to be applied.

    name, parameters: as scores.json has them. cameras_C: the cameras of the table's first two axes.
    rule: the table, and how its value is combined with the cosine; no number in it is larger than LARGEST in size.
    """

    name: str
    parameters: Mapping[str, Any]
    cameras_C: IntArray
    rule: Rule

    def __post_init__(self) -> None:
        table_CCS = self.rule.table_CCS
        cameras = len(self.cameras_C)
        rule = self.rule
        if not all(np.abs(one).max(initial=0) <= LARGEST for one in (table_CCS, rule.apart, rule.unknown, rule.alpha)):
            raise InputError(f"a number of the fusion's table or rule is not finite, or larger than {LARGEST:g}")
        if table_CCS.ndim != 3 or table_CCS.shape[:2] != (cameras, cameras) or table_CCS.shape[2] % 2:
            raise InputError(f"fusion table has shape {table_CCS.shape}, expected ({cameras}, {cameras}, even)")
        beyond = table_CCS.shape[2] // 2 - 1
        later_CCB = table_CCS[:, :, beyond + 1 :]
        earlier_CCB = table_CCS[:, :, beyond::-1]
        if not np.array_equal(later_CCB, earlier_CCB.transpose(1, 0, 2)):
            raise InputError("fusion table differs between a pair of pictures and the same pair the other way round")


def visual_fusion() -> Fusion:
    """The cosine alone."""
    rule = _rule(table_CCS=np.zeros((0, 0, 2), np.float32), bin_width=1.0, missing=0.0)
    return Fusion(name="none", parameters={}, cameras_C=np.empty(0, np.int64), rule=rule)


def temporal_fusion(histograms: Histograms) -> Fusion:
    """The smoothed histogram's value p alone, to be fused with cosines of 0.

    For a query at time t in camera c and a gallery picture at time u in camera e, p is
    density[c][e][floor((t - u) / width)] if t > u, else density[e][c][floor((u - t) / width)] (st-ReID, Wang et al.,
    AAAI 2019). It is 0 beyond the last bin, in the same camera, between sessions, and for an unknown time or camera.
    """
    rule = _rule(
        table_CCS=signed_table(histograms.density_CCB, beyond=0.0),
        bin_width=histograms.bin_width,
        missing=0.0,
    )
    return Fusion(name="temporal", parameters={}, cameras_C=histograms.cameras_C, rule=rule)


def logistic_fusion(histograms: Histograms, alpha: float) -> Fusion:
    """st-ReID's joint score 1 / (1 + exp(-alpha s)) * 1 / (1 + 2 exp(-alpha p)) of cosine s and density p.

    Source: Wang et al., AAAI 2019, section 3.3, with `alpha` 5. p as in `temporal_fusion`.

    Raises:
        InputError: `alpha` is not above 0, or too large for float32.
    """
    if not 0 < alpha <= LARGEST:
        what = "too large" if alpha > LARGEST else "not above 0"
        raise InputError(f"the logistic fusion's alpha {alpha:g} is {what}; choose one from 0 to {LARGEST:g}")
    missing = 1 / (1 + 2 * np.exp(-alpha * 0.0))
    rule = _rule(
        table_CCS=signed_table(1 / (1 + 2 * np.exp(-alpha * histograms.density_CCB)), beyond=missing),
        bin_width=histograms.bin_width,
        missing=missing,
        alpha=alpha,
    )
    return Fusion(name="logistic", parameters={"alpha": alpha}, cameras_C=histograms.cameras_C, rule=rule)


def likelihood_fusion(likelihood: Likelihood, weight: float) -> Fusion:
    """The joint score s + weight * L of cosine s and log likelihood ratio L.

    For two pictures of one session in different cameras, L is the cameras' log ratio at the signed bin of the time
    difference; differences beyond the last bin count in the last one. Between sessions L is `apart`; in the same
    camera, and for an unknown time or camera, it is 0. The score is the same, bit for bit, whichever picture is the
    query.

    Raises:
        InputError: the weight is negative, or weight or log ratios are too large for float32.
    """
    if not 0 <= weight < np.inf:
        raise InputError(f"the likelihood's weight is {weight}; a number of at least 0 is needed")
    sessions = max(abs(likelihood.near), abs(likelihood.apart))
    if sessions > LARGEST:
        raise InputError(
            f"the likelihood's log ratio between sessions, {sessions:g}, is too large; make histograms.h5 again"
        )
    if weight * max(1.0, sessions + MOST_OF_A_BIN) > LARGEST:
        raise InputError(f"the likelihood's weight {weight:g} is too large for finite scores; choose a smaller one")
    rule = Rule(
        table_CCS=_mirrored(likelihood.log_ratios()),
        bin_width=float(likelihood.bin_width),
        rounding=0.5,
        apart=np.float32(likelihood.apart),
        unknown=np.float32(0),
        alpha=np.float32(0),
        logistic=False,
        equal_bins=likelihood.equal_bins,
    )
    facts = ["bin_width", "equal_bins", "neutral", "near", "apart", "pooling"]
    facts += ["identities", "identities_compared", "sessions"]
    parameters = {"weight": weight, "same_camera": "neutral", **{name: getattr(likelihood, name) for name in facts}}
    return Fusion(name="likelihood", parameters=parameters, cameras_C=likelihood.cameras_C, rule=weighted(rule, weight))


def weighted(rule: Rule, weight: float) -> Rule:
    """A rule that adds to the cosine, with every value multiplied by `weight`."""
    factor = np.float32(weight)
    return rule._replace(table_CCS=rule.table_CCS * factor, apart=rule.apart * factor, unknown=rule.unknown * factor)


def _mirrored(ratios_CCL: FeatureArray) -> FeatureArray:
    """A rule's table (C, C, 2 (K + 1)) from log ratios; their index K + k means "gallery picture k bins later"."""
    last = ratios_CCL.shape[2] // 2
    not_later_CCB = ratios_CCL[:, :, last:][:, :, ::-1]
    later_CCB = ratios_CCL[:, :, last::-1]
    return np.concatenate((not_later_CCB, later_CCB), axis=2)


def signed_table(values_CCB: FloatArray, beyond: float) -> FeatureArray:
    """A table over signed time bins from one over [later camera][earlier camera][bin].

    Returns:
        float32 (C, C, 2 (B + 1)), [query camera][gallery camera][signed bin]: index B + 1 + b where the query is b
        bins later, B - b where it is b bins earlier or at the same time. b = B holds `beyond`, and so does the same
        camera twice.
    """
    cameras, _, bins = values_CCB.shape
    table_CCS = np.full((cameras, cameras, 2 * (bins + 1)), beyond, np.float32)
    table_CCS[:, :, bins + 1 : -1] = values_CCB
    table_CCS[:, :, bins:0:-1] = values_CCB.transpose(1, 0, 2)
    table_CCS[np.arange(cameras), np.arange(cameras)] = beyond
    return table_CCS


def locate(sightings: Sightings, cameras_C: IntArray) -> Moments:
    """What the kernels need to know of each picture to look it up in a table of the cameras `cameras_C`.

    Pictures to be compared must be located in one call: it numbers the sessions, and sets each session's clock to 0 at
    its earliest time, so that float64 holds the differences of even very large integers exactly.
    """
    usable_N = usable(sightings, cameras_C)
    camera_N = np.searchsorted(cameras_C, sightings.camid_N)
    session_N = np.unique(sightings.session_N, return_inverse=True)[1].reshape(-1)
    begins = np.full(session_N.max(initial=-1) + 1, np.iinfo(np.int64).max)
    np.minimum.at(begins, session_N[usable_N], sightings.time_N[usable_N])
    clock_N = np.where(usable_N, sightings.time_N - np.where(usable_N, begins[session_N], 0), 0)
    return Moments(
        camera_N=np.where(usable_N, camera_N, 0).astype(np.int32),
        session_N=np.where(usable_N, session_N, -1).astype(np.int32),
        time_N=clock_N.astype(np.float64),
    )


def usable(sightings: Sightings, cameras_C: IntArray) -> npt.NDArray[np.bool_]:
    """True for the pictures whose time is known and whose camera is one of `cameras_C`."""
    usable_N: npt.NDArray[np.bool_] = np.isin(sightings.camid_N, cameras_C) & (sightings.time_N != UNKNOWN_TIME)
    return usable_N


def take_moments(moments: Moments, rows: slice) -> Moments:
    """The entries at `rows`."""
    return Moments(moments.camera_N[rows], moments.session_N[rows], moments.time_N[rows])


def _rule(*, table_CCS: FeatureArray, bin_width: float, missing: float, alpha: float | None = None) -> Rule:
    return Rule(
        table_CCS=table_CCS,
        bin_width=float(bin_width),
        rounding=0.0,
        apart=np.float32(missing),
        unknown=np.float32(missing),
        alpha=np.float32(alpha or 0),
        logistic=alpha is not None,
    )
