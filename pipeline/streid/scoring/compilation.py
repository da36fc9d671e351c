"""What the compiled kernels take as arguments, and how they are compiled.

Shape suffixes: N pictures, C cameras, S signed bins, K kept per list.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from streid.arrays import FeatureArray, FloatArray
from streid.stage.kernel_cache import Function, compiled_once

Int32Array = npt.NDArray[np.int32]


class Moments(NamedTuple):
    """Where and when each picture was taken, as the kernels read it.

    camera_N: row of the fusion's table. session_N: number of the session, -1 where nothing can be looked up (unknown
    time or camera; camera_N and time_N are then 0). time_N: time since the session's earliest picture.
    """

    camera_N: Int32Array
    session_N: Int32Array
    time_N: FloatArray


class Rule(NamedTuple):
    """How a joint score S is made from a cosine s and from v, what the times say.

    v is table_CCS[query camera][gallery camera][signed bin] for two pictures of one session, `apart` for different
    sessions and different cameras, and `unknown` where either picture cannot be looked up and for one camera in
    different sessions. With S = 2 (B + 1), signed bin B + 1 + b means "the query is b bins later", and B - b means
    "the query is b bins earlier, or at the same time"; b = floor(|time difference| / bin_width + rounding), widened
    after `equal_bins` as in `TimeBins`. The bins at both ends, b = B, also hold everything farther away.
    S = v / (1 + exp(-alpha s)) if `logistic`, else s + v.
    """

    table_CCS: FeatureArray
    bin_width: float
    rounding: float
    apart: np.float32
    unknown: np.float32
    alpha: np.float32
    logistic: bool
    equal_bins: int = 0


class Lists(NamedTuple):
    """The best K scores of each picture so far.

    indices_NK, scores_NK: a heap, worst first (of equal scores the higher index is worse), until it is sorted; unused
    places hold NOBODY and -infinity. lowest_N: the lowest score so far.
    """

    indices_NK: Int32Array
    scores_NK: FeatureArray
    lowest_N: FeatureArray


def compiled(*, parallel: bool = False, fastmath: frozenset[str] = frozenset()) -> Callable[[Function], Function]:
    """numba.njit with the options of every kernel here: cached on disk where possible, without the GIL, IEEE division.

    numba loses a store to an array of a tuple that is written directly in a `prange` loop: put such stores into a
    serial function that the loop calls.
    """
    return compiled_once(nogil=True, error_model="numpy", parallel=parallel, fastmath=set(fastmath))
