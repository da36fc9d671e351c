"""The Parzen window that turns counts into a distribution.

Shape suffixes: C cameras, B bins of the time difference.
"""

import math

import numpy as np
from scipy import ndimage

from streid.artifacts import FloatArray, IntArray

SUM_EPSILON = 1e-7


def window_radius(sigma: float) -> int:
    """How many bins a Gaussian window of `sigma` bins reaches to either side."""
    return int(3 * sigma)


def smooth_counts(counts_CCB: IntArray, sigma: float) -> FloatArray:
    """Parzen-smoothed distribution of each camera pair's counts (st-ReID, Wang et al., AAAI 2019, section 3.2).

    Counts / (sum + 1e-7), convolved with the Gaussian density of standard deviation `sigma` bins over
    offsets of at most 3 sigma (nothing beyond the ends), and once more / (sum + 1e-7). A pair without
    counts stays 0.
    """
    offsets = np.arange(-window_radius(sigma), window_radius(sigma) + 1)
    window = np.exp(-(offsets**2) / (2 * sigma**2)) / (sigma * math.sqrt(2 * math.pi))
    density_CCB = np.zeros(counts_CCB.shape)
    for later, earlier in np.argwhere(counts_CCB.any(axis=2)):
        shares_B = _normalise(counts_CCB[later, earlier].astype(np.float64))
        density_CCB[later, earlier] = _normalise(ndimage.convolve1d(shares_B, window, mode="constant"))
    return density_CCB


def _normalise(values_B: FloatArray) -> FloatArray:
    total = float(values_B.sum())
    return values_B / (total + SUM_EPSILON)
