"""st-ReID's histograms: how long identities take from one camera to another.

Shape suffixes: G identities (one row per identity and session), C cameras, B bins, E counted differences.
"""

import logging

import numpy as np

from streid.arrays import IntArray
from streid.errors import InputError
from streid.files.histograms import Histograms
from streid.files.sightings import Sightings
from streid.spatiotemporal.smoothing import smooth_counts, window_radius
from streid.spatiotemporal.timelines import Timelines, mean_times

logger = logging.getLogger(__name__)

LEAST_SETTING = 1e-6
MOST_BIN_WIDTH = 1e15
MOST_SIGMA = 1e6


def build_histograms(sightings: Sightings, *, bin_width: float, max_bins: int, sigma: float) -> Histograms:
    """Count and smooth the time differences between cameras (st-ReID, Wang et al., AAAI 2019, section 3.2).

    For two cameras that saw an identity in one session, the difference of its mean times there counts
    once, in the bin floor(difference / bin_width) of [later camera][earlier camera]; equal means count
    in [higher camera][lower camera]. There are as many bins as the data and the window need, at most
    `max_bins`; differences beyond are left out and logged. Without any difference all counts are 0.

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
    events_E4 = _differences(timelines, bin_width, max_bins)
    beyond_E = events_E4[:, 3] >= max_bins
    if beyond_E.any():
        logger.warning(
            "%d of %d time differences lie beyond bin %d and are left out; raise --max-bins or --bin-width",
            np.count_nonzero(beyond_E),
            len(events_E4),
            max_bins - 1,
        )
    group_E, later_E, earlier_E, bin_E = events_E4[~beyond_E].T
    bins = max(1, min(max_bins, bin_E.max(initial=-1) + 1 + window_radius(sigma)))
    cameras = len(timelines.cameras_C)
    counts_CCB = np.zeros((cameras, cameras, bins), np.int64)
    np.add.at(counts_CCB, (later_E, earlier_E, bin_E), 1)
    if not len(group_E):
        logger.warning(
            "no identity was seen by two cameras at known times within one session: every count is 0 and the "
            "spatial-temporal stream will say nothing"
        )
    return Histograms(
        cameras_C=timelines.cameras_C,
        counts_CCB=counts_CCB,
        density_CCB=smooth_counts(counts_CCB, sigma),
        bin_width=bin_width,
        sigma=sigma,
        identities=len(np.unique(timelines.pid_G[group_E])),
        sessions=len(np.unique(timelines.session_G[group_E])),
    )


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
