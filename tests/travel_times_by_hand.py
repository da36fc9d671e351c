"""Travel times between cameras written by hand, for the tests of the report."""

import numpy as np

from streid.files.histograms import Histograms, Likelihood
from streid.reporting.wording import Clock

CLOCK = Clock(per_second=25, unit="frames")
SIGNED = 2 * 60 + 1


def likelihood(cameras: int, **changed: object) -> Likelihood:
    """Everybody takes 20 bins of 10 frames from a pair's first camera to its second, strangers any time."""
    pairs = cameras * (cameras - 1) // 2
    same_PS = np.full((pairs, SIGNED), 1e-9, np.float32)
    same_PS[:, SIGNED // 2 + 20] = 1
    content = {
        "cameras_C": np.arange(1, cameras + 1),
        "same_PS": same_PS,
        "different_PS": np.full((pairs, SIGNED), 1 / SIGNED, np.float32),
        "identities_P": np.full(pairs, 9.0),
        "bin_width": 10,
        "neutral": 0.1,
        "near": 0.0,
        "apart": 0.0,
        "identities": 9,
        "identities_compared": 9,
        "sessions": 1,
        "pooling": 1.0,
        "windows_J": np.ones(1),
        "weights_J": np.ones(1),
    }
    return Likelihood(**(content | changed))


def histograms(cameras: int, *counted: tuple[int, int, int, int], **more: Likelihood) -> Histograms:
    """Counts given as (later, earlier, bin, people), unsmoothed."""
    counts_CCB = np.zeros((cameras, cameras, 12), np.int64)
    for later, earlier, position, people in counted:
        counts_CCB[later, earlier, position] = people
    totals = np.maximum(counts_CCB.sum(axis=2, keepdims=True), 1)
    return Histograms(
        cameras_C=np.arange(1, cameras + 1),
        counts_CCB=counts_CCB,
        density_CCB=counts_CCB / totals,
        bin_width=100.0,
        sigma=1.0,
        identities=9,
        sessions=1,
        **more,
    )
