"""Doubts about the training pictures' times: a few far from all others, or a clock that is too coarse.

Shape suffixes: N pictures, C cameras of a session.
"""

import numpy as np
import numpy.typing as npt

from streid.arrays import IntArray
from streid.files.sightings import DISTRACTOR_PID, UNKNOWN_TIME, Sightings
from streid.spatiotemporal.coded_pictures import code_pictures
from streid.spatiotemporal.travel_bins import measure_spread

CENTRAL = (0.01, 0.99)
FAR = 10  # times the span of the usual times
MOST_ALIKE = 0.5
FEWEST_PEOPLE = 10


def doubtful_times(sightings: Sightings) -> tuple[str, ...]:
    """What a user should check before trusting the travel times of these pictures, one sentence for each doubt."""
    timed = sightings.take((sightings.pid_N > DISTRACTOR_PID) & (sightings.time_N != UNKNOWN_TIME))
    return (*_far_times(timed), *_coarse_clock(timed))


def _far_times(timed: Sightings) -> tuple[str, ...]:
    far_N = times_far_outside(timed)
    if not far_N.any():
        return ()
    first = int(np.argmax(far_N))
    others_N = timed.time_N[(timed.session_N == timed.session_N[first]) & ~far_N]
    rest = f", where others of its session lie from {others_N.min()} to {others_N.max()}" if len(others_N) else ""
    return (
        f"{int(far_N.sum())} of {len(far_N)} training pictures have times far outside the others', for example camera "
        f"{timed.camid_N[first]} at {timed.time_N[first]} ({timed.path_N[first]}){rest}: check that camera's clock",
    )


def times_far_outside(timed: Sightings) -> npt.NDArray[np.bool_]:
    """True for pictures whose time is more than FAR times the span of their session's usual times outside it (N,).

    Each camera has a first and a last percentile of its times; the usual times lie between the medians of these over
    the cameras. So neither one camera with a wrong clock nor single pictures decide which times are usual.
    """
    far_N = np.zeros(len(timed), bool)
    for session in np.unique(timed.session_N):
        rows = np.flatnonzero(timed.session_N == session)
        time_N, camid_N = timed.time_N[rows], timed.camid_N[rows]
        first, last = (_middle_quantile(time_N, camid_N, share) for share in CENTRAL)
        room = FAR * max(1, last - first)
        far_N[rows] = (time_N < first - room) | (time_N > last + room)
    return far_N


def _middle_quantile(time_N: IntArray, camid_N: IntArray, share: float) -> int:
    """The median over the cameras of their quantiles."""
    quantiles_C = [np.quantile(time_N[camid_N == camid], share, method="nearest") for camid in np.unique(camid_N)]
    return int(np.quantile(quantiles_C, 0.5, method="nearest"))


def _coarse_clock(timed: Sightings) -> tuple[str, ...]:
    pictures = code_pictures(timed)
    spread = measure_spread(pictures)
    value, share = spread.commonest()
    if pictures.people < FEWEST_PEOPLE or share <= MOST_ALIKE:
        return ()
    return (
        f"{100 * share:.0f} % of the training people's time differences between two cameras are exactly {value} in the "
        "data set's time unit: the clock is too coarse to tell people apart; give times in a finer unit",
    )
