"""When each identity passed each camera: the mean time of its pictures there.

Shape suffixes: N pictures, G identities (one row per identity and session), C cameras.
"""

from dataclasses import dataclass

import numpy as np

from streid.artifacts import DISTRACTOR_PID, UNKNOWN_TIME, FloatArray, IntArray, Sightings

COUNT_EPSILON = 1e-7


@dataclass(frozen=True, kw_only=True, eq=False)
class Timelines:
    """Mean passing times.

    cameras_C: the cameras' numbers, ascending. pid_G, session_G: whose row it is, and in which session.
    means_GC: mean time in the data set's unit, NaN where the identity was not seen.
    """

    cameras_C: IntArray
    pid_G: IntArray
    session_G: IntArray
    means_GC: FloatArray


def mean_times(sightings: Sightings) -> Timelines:
    """Mean time of every identity before every camera, kept apart by session.

    Junk, distractors and pictures of unknown time add no time; every camera an identity was seen by is
    listed all the same. The mean is sum / (count + 1e-7), as in st-ReID (Wang et al., AAAI 2019).
    """
    person_N = sightings.pid_N > DISTRACTOR_PID
    cameras_C = np.unique(sightings.camid_N[person_N])
    timed = sightings.take(person_N & (sightings.time_N != UNKNOWN_TIME))
    owners_G2, group_N = np.unique(np.column_stack((timed.pid_N, timed.session_N)), axis=0, return_inverse=True)
    shape = (len(owners_G2), len(cameras_C))
    cell_N = group_N.reshape(-1) * shape[1] + np.searchsorted(cameras_C, timed.camid_N)
    counts_GC = np.bincount(cell_N, minlength=shape[0] * shape[1]).reshape(shape)
    sums_GC = np.bincount(cell_N, weights=timed.time_N, minlength=shape[0] * shape[1]).reshape(shape)
    return Timelines(
        cameras_C=cameras_C,
        pid_G=owners_G2[:, 0],
        session_G=owners_G2[:, 1],
        means_GC=np.where(counts_GC > 0, sums_GC / (counts_GC + COUNT_EPSILON), np.nan),
    )
