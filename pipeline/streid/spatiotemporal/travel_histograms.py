"""st-ReID's histograms: how long identities take from one camera to another.

Shape suffixes: V passages (one row per identity, session and camera), C cameras, B bins, E time differences.
"""

import logging
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from streid.arrays import IntArray
from streid.errors import InputError
from streid.files.histograms import Histograms
from streid.files.sightings import Sightings
from streid.spatiotemporal.coded_pictures import row_pairs
from streid.spatiotemporal.histogram_settings import LEAST_SETTING, MOST_BIN_WIDTH, MOST_SIGMA
from streid.spatiotemporal.smoothing import smooth_counts, window_radius
from streid.spatiotemporal.timelines import Timelines, mean_times

logger = logging.getLogger(__name__)

TABLE_VALUES = 1 << 25  # cameras x cameras x bins
MOST_IN_FIRST = 0.5
FEWEST_DIFFERENCES = 10


def build_histograms(sightings: Sightings, *, bin_width: float, max_bins: int, sigma: float) -> Histograms:
    """Count and smooth the time differences between cameras (st-ReID, Wang et al., AAAI 2019, section 3.2).

    For two cameras that saw an identity in one session, the difference of its mean times there is counted once, in the
    bin floor(difference / bin_width) of [later camera][earlier camera]; equal means are counted in
    [higher camera][lower camera]. There are as many bins as the data and the window need, but at most `max_bins`, and
    fewer if many cameras would make the tables larger than TABLE_VALUES; differences beyond the last bin are left out.
    Differences left out, and most differences in the first bin, are logged and stored in `warnings`. Without any
    difference all counts are 0.

    Args:
        sightings: the training pictures; junk, distractors and unknown times are ignored.
        bin_width: in the data set's time unit.
        sigma: standard deviation of the Gaussian window, in bins.

    Raises:
        InputError: `bin_width` is not from 1e-6 to 1e15 or `sigma` not from 1e-6 to 1e6.
    """
    refuse_outside("bin width", bin_width, MOST_BIN_WIDTH)
    refuse_outside("sigma", sigma, MOST_SIGMA)
    timelines = mean_times(sightings)
    cameras = len(timelines.cameras_C)
    most_bins = min(max_bins, max(1, TABLE_VALUES // max(1, cameras) ** 2))
    counted = _count(timelines, bin_width, most_bins)
    bins = max(1, min(most_bins, counted.last_bin + 1 + window_radius(sigma)))
    counts_CCB = np.ascontiguousarray(counted.counts_CCB[:, :, :bins])
    warnings = _doubts(counted.total, counted.beyond, int(counts_CCB[:, :, 0].sum()), most_bins, max_bins)
    for warning in warnings:
        logger.warning("%s", warning)
    return Histograms(
        cameras_C=timelines.cameras_C,
        counts_CCB=counts_CCB,
        density_CCB=smooth_counts(counts_CCB, sigma),
        bin_width=bin_width,
        sigma=sigma,
        identities=len(np.unique(timelines.pid_V[counted.inside_V])),
        sessions=len(np.unique(timelines.session_V[counted.inside_V])),
        warnings=warnings,
    )


def _doubts(counted: int, beyond: int, in_first: int, bins: int, max_bins: int) -> tuple[str, ...]:
    """Warnings about the counted time differences: none, too many beyond the last bin, or too many in the first."""
    if not counted:
        return (
            "no identity was seen by two cameras at known times within one session: every count is 0, and the "
            "spatial-temporal stream has no information",
        )
    doubts = []
    if beyond:
        longer = "--max-bins or --bin-width" if bins == max_bins else "--bin-width (more bins need too much memory)"
        doubts.append(
            f"{beyond} of {counted} time differences lie beyond bin {bins - 1} of the logistic fusion's histograms and "
            f"are left out; raise {longer}"
        )
    if in_first > MOST_IN_FIRST * counted and counted >= FEWEST_DIFFERENCES:
        doubts.append(
            f"{in_first} of {counted} time differences lie in the first bin of the logistic fusion's histograms, which "
            "cannot tell them apart; lower --bin-width"
        )
    return tuple(doubts)


def refuse_outside(what: str, value: float, most: float) -> None:
    if not LEAST_SETTING <= value <= most:
        raise InputError(f"{what} is {value:g}; a number from {LEAST_SETTING:g} to {most:g} is needed")


class _Counted(NamedTuple):
    """The time differences of passages: counted by [later camera][earlier camera][bin], in all, and beyond the bins.

    last_bin: the highest bin that counts any, -1 if none does. inside_V: whether a passage has a difference within the
    bins to one at a camera of a higher number.
    """

    counts_CCB: IntArray
    total: int
    beyond: int
    last_bin: int
    inside_V: npt.NDArray[np.bool_]


def _count(timelines: Timelines, bin_width: float, bins: int) -> _Counted:
    """Count the differences of each identity's passages within a session, a batch at a time."""
    camera_V, mean_V = timelines.camera_V, timelines.mean_V
    changes_V = (np.diff(timelines.pid_V) != 0) | (np.diff(timelines.session_V) != 0)
    stops = np.concatenate((np.flatnonzero(changes_V) + 1, [len(mean_V)]))
    rows_V = np.arange(len(mean_V))
    stop_V = stops[np.searchsorted(stops, rows_V, side="right")]
    counts_CCB = np.zeros((len(timelines.cameras_C), len(timelines.cameras_C), bins), np.int64)
    inside_V = np.zeros(len(mean_V), bool)
    total, beyond, last_bin = 0, 0, -1
    for low_E, high_E in row_pairs(rows_V + 1, stop_V):
        gap_E = mean_V[high_E] - mean_V[low_E]
        bin_E = np.minimum(np.floor(np.abs(gap_E) / bin_width), bins).astype(np.int64)
        kept_E = bin_E < bins
        later_E = np.where(gap_E >= 0, camera_V[high_E], camera_V[low_E])
        earlier_E = camera_V[low_E] + camera_V[high_E] - later_E
        np.add.at(counts_CCB, (later_E[kept_E], earlier_E[kept_E], bin_E[kept_E]), 1)
        inside_V[low_E[kept_E]] = True
        total += len(gap_E)
        beyond += int((~kept_E).sum())
        last_bin = max(last_bin, int(bin_E[kept_E].max(initial=-1)))
    return _Counted(counts_CCB=counts_CCB, total=total, beyond=beyond, last_bin=last_bin, inside_V=inside_V)
