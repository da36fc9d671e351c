"""st-ReID's histograms: how long identities take from one camera to another.

Shape suffixes: G identities (one row per identity and session), C cameras, B bins, E counted differences.
"""

import logging

import numpy as np

from streid.arrays import IntArray
from streid.errors import InputError
from streid.files.histograms import Histograms
from streid.files.sightings import Sightings
from streid.spatiotemporal.histogram_settings import LEAST_SETTING, MOST_BIN_WIDTH, MOST_SIGMA
from streid.spatiotemporal.smoothing import smooth_counts, window_radius
from streid.spatiotemporal.timelines import Timelines, mean_times

logger = logging.getLogger(__name__)

TABLE_VALUES = 1 << 25  # cameras x cameras x bins
MOST_IN_FIRST = 0.5
FEWEST_DIFFERENCES = 10


def build_histograms(sightings: Sightings, *, bin_width: float, max_bins: int, sigma: float) -> Histograms:
    """Count and smooth the time differences between cameras (st-ReID, Wang et al., AAAI 2019, section 3.2).

    For two cameras that saw an identity in one session, the difference of its mean times there counts
    once, in the bin floor(difference / bin_width) of [later camera][earlier camera]; equal means count
    in [higher camera][lower camera]. There are as many bins as the data and the window need, at most
    `max_bins`, and fewer where very many cameras would make the tables larger than TABLE_VALUES; differences beyond
    are left out. That, and where most differences lie in one bin, is logged and noted in `warnings`. Without any
    difference all counts are 0.

    Args:
        sightings: the training pictures; junk, distractors and unknown times are passed over.
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
    events_E4 = _differences(timelines, bin_width, most_bins)
    beyond_E = events_E4[:, 3] >= most_bins
    group_E, later_E, earlier_E, bin_E = events_E4[~beyond_E].T
    bins = max(1, min(most_bins, bin_E.max(initial=-1) + 1 + window_radius(sigma)))
    counts_CCB = np.zeros((cameras, cameras, bins), np.int64)
    np.add.at(counts_CCB, (later_E, earlier_E, bin_E), 1)
    warnings = _doubts(len(events_E4), int(beyond_E.sum()), int((bin_E == 0).sum()), most_bins, max_bins)
    for warning in warnings:
        logger.warning("%s", warning)
    return Histograms(
        cameras_C=timelines.cameras_C,
        counts_CCB=counts_CCB,
        density_CCB=smooth_counts(counts_CCB, sigma),
        bin_width=bin_width,
        sigma=sigma,
        identities=len(np.unique(timelines.pid_G[group_E])),
        sessions=len(np.unique(timelines.session_G[group_E])),
        warnings=warnings,
    )


def _doubts(counted: int, beyond: int, in_first: int, bins: int, max_bins: int) -> tuple[str, ...]:
    """What is doubtful about so many time differences, of which some lie beyond the last bin or in the first."""
    if not counted:
        return (
            "no identity was seen by two cameras at known times within one session: every count is 0 and the "
            "spatial-temporal stream will say nothing",
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


def _differences(timelines: Timelines, bin_width: float, max_bins: int) -> IntArray:
    """One row per difference: row of the timelines, later and earlier camera (indices), bin, `max_bins` if beyond."""
    rows: list[IntArray] = [np.empty((0, 4), np.int64)]
    for high in range(len(timelines.cameras_C)):
        for low in range(high):
            gap_G = timelines.means_GC[:, high] - timelines.means_GC[:, low]
            seen_E = np.flatnonzero(~np.isnan(gap_G))
            gap_E = gap_G[seen_E]
            later_E = np.where(gap_E >= 0, high, low)
            bin_E = np.minimum(np.floor(np.abs(gap_E) / bin_width), max_bins).astype(np.int64)
            rows.append(np.column_stack((seen_E, later_E, high + low - later_E, bin_E)))
    return np.concatenate(rows)
