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

    Counts / (sum + 1e-7) are convolved with the Gaussian density of standard deviation `sigma` bins, cut off at 3 sigma
    (with zeros beyond both ends), and the result is divided by its sum + 1e-7. A pair without counts stays 0.
    """
    radius = min(window_radius(sigma), counts_CCB.shape[2])  # beyond the ends all is 0
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


class Smoother:
    """Histograms that are smoothed with several windows.

    Each keeps its sum: what a Gaussian moves beyond an end is reflected there. If `folded`, the first and the last bin,
    which hold everything beyond, are not smoothed; the other bins are smoothed among themselves.
    """

    def __init__(self, histograms_HS: FloatArray, *, folded: bool = False) -> None:
        self._histograms_HS = histograms_HS
        self._inner = slice(1, -1) if folded else slice(None)
        # In these spectra, smoothing with reflection is a product.
        self._spectra_HS = fft.dct(histograms_HS[..., self._inner], axis=-1)

    def smooth(self, sigma: float) -> FloatArray:
        """The histograms smoothed by a Gaussian of `sigma` bins."""
        bins = self._spectra_HS.shape[-1]
        distance = np.minimum(np.arange(2 * bins), 2 * bins - np.arange(2 * bins))
        window = np.exp(-(distance**2) / (2 * sigma**2))
        gain_S = np.fft.rfft(window / window.sum()).real[:bins]
        smoothed_HS = self._histograms_HS.copy()
        # Rounding can make values slightly negative.
        smoothed_HS[..., self._inner] = np.maximum(fft.idct(self._spectra_HS * gain_S, axis=-1), 0)
        return smoothed_HS


def _normalise(values_B: FloatArray) -> FloatArray:
    total = float(values_B.sum())
    return values_B / (total + SUM_EPSILON)
