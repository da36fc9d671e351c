"""The Parzen windows that turn counts into a distribution.

Shape suffixes: C cameras, B bins of the time difference, H histograms, S signed bins.
"""

import math

import numpy as np
from scipy import fft, ndimage

from streid.arrays import FloatArray, IntArray

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
    radius = min(window_radius(sigma), counts_CCB.shape[2])  # beyond the ends there is nothing
    offsets = np.arange(-radius, radius + 1)
    window = np.exp(-(offsets**2) / (2 * sigma**2)) / (sigma * math.sqrt(2 * math.pi))
    density_CCB = np.zeros(counts_CCB.shape)
    for later, earlier in np.argwhere(counts_CCB.any(axis=2)):
        shares_B = _normalise(counts_CCB[later, earlier].astype(np.float64))
        density_CCB[later, earlier] = _normalise(ndimage.convolve1d(shares_B, window, mode="constant"))
    return density_CCB


def window_sizes(last_bin: int) -> tuple[float, ...]:
    """Standard deviations 1, 2, 4, ... up to a third of `last_bin`, in bins; at least the first."""
    return tuple(float(1 << power) for power in range(max(1, (last_bin // 3).bit_length())))


def smooth_all(spectra_HS: FloatArray, sigma: float) -> FloatArray:
    """Histograms smoothed by a Gaussian of `sigma` bins, reflected at both ends, so that each keeps its sum.

    Args:
        spectra_HS: the histograms' cosine transforms, `spectra` of them, to be smoothed by several windows.
    """
    bins = spectra_HS.shape[-1]
    distance = np.minimum(np.arange(2 * bins), 2 * bins - np.arange(2 * bins))
    window = np.exp(-(distance**2) / (2 * sigma**2))
    gain_S = np.fft.rfft(window / window.sum()).real[:bins]
    smoothed_HS: FloatArray = fft.idct(spectra_HS * gain_S, axis=-1)
    return np.maximum(smoothed_HS, 0)  # rounding leaves traces below 0


def spectra(histograms_HS: FloatArray) -> FloatArray:
    """The histograms' cosine transforms (type II), which turn reflected smoothing into a product."""
    transformed_HS: FloatArray = fft.dct(histograms_HS, axis=-1)
    return transformed_HS


def _normalise(values_B: FloatArray) -> FloatArray:
    total = float(values_B.sum())
    return values_B / (total + SUM_EPSILON)
