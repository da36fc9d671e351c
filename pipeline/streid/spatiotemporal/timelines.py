"""When each identity passed each camera: the mean time of its pictures there.

Shape suffixes: N pictures, V passages (one row per identity, session and camera), C cameras.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from streid.arrays import FloatArray, IntArray
from streid.files.sightings import DISTRACTOR_PID, UNKNOWN_TIME, Sightings

COUNT_EPSILON = 1e-7
LARGE_CLOCK = 10_000_000  # at this time, COUNT_EPSILON shifts a mean by one unit


@dataclass(frozen=True, kw_only=True, eq=False)
class Timelines:
    """Mean passing times, sorted by identity, session and camera.

    cameras_C: the cameras' numbers, ascending. pid_V, session_V: identity and session of each passing. camera_V: index
    of the camera. mean_V: mean time in the data set's unit. Times are comparable only within one session; a session's
    clock may start at 0 at its earliest picture.
    """

    cameras_C: IntArray
    pid_V: IntArray
    session_V: IntArray
    camera_V: IntArray
    mean_V: FloatArray


def mean_times(sightings: Sightings) -> Timelines:
    """Mean time of every identity at every camera, for each session.

    Junk, distractors and pictures of unknown time add no time; every camera that saw an identity is listed even so. The
    mean is sum / (count + 1e-7), as in st-ReID (Wang et al., AAAI 2019). The 1e-7 makes a mean too early by
    1e-7 time / count. That is negligible for frame numbers, but minutes for seconds since 1970. So where a session's
    times exceed 1e7 units, its clock starts at its earliest picture and the mean is sum / count.
    """
    person_N = sightings.pid_N > DISTRACTOR_PID
    cameras_C = np.unique(sightings.camid_N[person_N])
    timed = sightings.take(person_N & (sightings.time_N != UNKNOWN_TIME))
    columns_N3 = np.column_stack((timed.pid_N, timed.session_N, np.searchsorted(cameras_C, timed.camid_N)))
    passage_V3, passage_N, count_V = np.unique(columns_N3, axis=0, return_inverse=True, return_counts=True)
    passage_N = passage_N.reshape(-1)
    begin_N, large_N = _session_clocks(timed)
    clock_N = timed.time_N - np.where(large_N, begin_N, 0)
    sum_V = np.bincount(passage_N, weights=clock_N, minlength=len(count_V))
    large_V = np.bincount(passage_N, weights=large_N, minlength=len(count_V)) > 0
    return Timelines(
        cameras_C=cameras_C,
        pid_V=passage_V3[:, 0],
        session_V=passage_V3[:, 1],
        camera_V=passage_V3[:, 2],
        mean_V=sum_V / np.where(large_V, count_V, count_V + COUNT_EPSILON),
    )


def _session_clocks(timed: Sightings) -> tuple[IntArray, npt.NDArray[np.bool_]]:
    """For every picture, its session's earliest time, and whether its session has times above `LARGE_CLOCK`."""
    session_N = np.unique(timed.session_N, return_inverse=True)[1].reshape(-1)
    sessions = int(session_N.max(initial=-1)) + 1
    begins, ends = np.full(sessions, np.iinfo(np.int64).max), np.zeros(sessions, np.int64)
    np.minimum.at(begins, session_N, timed.time_N)
    np.maximum.at(ends, session_N, timed.time_N)
    return begins[session_N], (ends > LARGE_CLOCK)[session_N]
