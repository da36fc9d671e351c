"""The likelihood ratio of time differences, same person to different people, from the training identities.

Every camera pair's density is a mixture of histograms smoothed by Gaussian windows of doubling width, each shrunk
towards the density pooled over all pairs. The mixture is the same for all pairs and for both hypotheses. The shares of
the windows, the amount of pooling, and the share of a neutral component are those that predict left-out identities
best. Where few different people come as close in time as one person does, their density is taken from wider windows.

Shape suffixes: P unordered camera pairs, S signed bins, F folds, J windows, X = J + 1 mixture components
(the last one neutral), E cells of a fold's histograms that are not empty.
"""

import logging
from typing import NamedTuple

import numpy as np

from streid.arrays import FloatArray, IntArray
from streid.files.histograms import LEAST_DENSITY, HeldOut, Likelihood, neutral_likelihood
from streid.files.sightings import Sightings
from streid.spatiotemporal.pair_counts import FOLDS, PairCounts, count_pairs
from streid.spatiotemporal.smoothing import Smoother, window_sizes

logger = logging.getLogger(__name__)

LEAST_IDENTITIES = 2
POOLINGS = (1.0, 3.0, 10.0, 30.0)
LEAST_NEUTRAL = 0.1
NEUTRAL_IDENTITIES = 10.0
REFERENCE_WINDOW = 16.0
ROUNDS = 300
LEAST_GAIN = 1e-6
FEW_PAIRS = 10.0  # pairs of different people within a window that weigh as much as the next wider window
MOST_CELLS = 1 << 18  # of a fold; an even sample is taken where there are more
BLOCK_VALUES = 1 << 22


class _Mixture(NamedTuple):
    """The mixture that predicts left-out identities best. weights_J: of the windows, sum 1. neutral: its share."""

    pooling: float
    weights_J: FloatArray
    neutral: float


class _LeftOut(NamedTuple):
    """For every fold, the cells in which its identities were seen, and what the other folds have there.

    own_JE, pooled_JE: smoothed counts of the cell's camera pair, and the pooled density. seen_E: weight of the pair in
    the other folds. different_E: density of different people. weight_E: weight of the fold's identities. Of very many
    cells, an even sample.
    """

    own_JE: FloatArray
    pooled_JE: FloatArray
    seen_E: FloatArray
    different_E: FloatArray
    weight_E: FloatArray


def fit_likelihood(sightings: Sightings, *, seed: int = 0) -> Likelihood:
    """Fit the likelihood of signed time differences between two cameras, and of being seen within one session.

    docs/fusion.md has the formulas. If fewer than two identities, or no two different people, were seen by two cameras
    within one session, nothing is fitted and the log ratio is 0 everywhere.

    Args:
        sightings: the training pictures; junk, distractors and unknown times are ignored.
        seed: deals the identities into the folds that choose the smoothing.
    """
    counts = count_pairs(sightings, seed=seed)
    missing = _missing(counts)
    if missing:
        logger.warning("%s: the likelihood is not fitted, and its log ratio is 0", missing)
        return neutral_likelihood(counts.cameras_C, identities=counts.identities, sessions=counts.sessions)
    windows = window_sizes(counts.bins.last - counts.folded)
    mixture = _choose_mixture(_left_out(counts, windows))
    same_PS = counts.same_FPS.sum(axis=0)
    thin = NEUTRAL_IDENTITIES / (NEUTRAL_IDENTITIES + counts.identities)
    near, apart = _session_ratios(counts)
    return Likelihood(
        cameras_C=counts.cameras_C,
        same_PS=_density(same_PS, windows, mixture, counts.folded).astype(np.float32),
        different_PS=_different_density(counts, windows, mixture).astype(np.float32),
        identities_P=same_PS.sum(axis=1),
        bin_width=counts.bins.width,
        equal_bins=counts.bins.equal,
        neutral=max(mixture.neutral, LEAST_NEUTRAL, thin),
        near=near,
        apart=apart,
        identities=counts.identities,
        identities_compared=counts.identities_compared,
        sessions=counts.sessions,
        pooling=mixture.pooling,
        windows_J=np.array(windows),
        weights_J=mixture.weights_J,
    )


def _missing(counts: PairCounts) -> str:
    """What is missing to fit anything; empty where nothing is."""
    if counts.identities < LEAST_IDENTITIES:
        return (
            f"{counts.identities} identities were seen by two cameras at known times within one session, but "
            f"{LEAST_IDENTITIES} are needed"
        )
    return "" if counts.different_PS.any() else "no two different people were seen by two cameras within one session"


def fit_held_out(sightings: Sightings, pids: IntArray, *, seed: int = 0) -> HeldOut | None:
    """The likelihood fitted without the identities `pids`; None if there are no pictures of these."""
    left_out = np.intersect1d(pids, sightings.pid_N)
    if not len(left_out):
        return None
    others = sightings.take(~np.isin(sightings.pid_N, left_out))
    return HeldOut(likelihood=fit_likelihood(others, seed=seed), pids_H=left_out)


def _session_ratios(counts: PairCounts) -> tuple[float, float]:
    """Log ratios of being seen within one session, shrunk by neutral identities, and of being seen in two."""
    different = counts.inside_different
    if counts.sessions < 2 or not 0 < different < 1:
        return 0.0, 0.0
    same = (counts.inside_same + NEUTRAL_IDENTITIES * different) / (counts.identities_compared + NEUTRAL_IDENTITIES)
    return float(np.log(same / different)), float(np.log((1 - same) / (1 - different)))


def _pooled(total_S: FloatArray) -> FloatArray:
    """The density (S,) of all camera pairs, from the sum of their counts; the same for either order of the cameras."""
    both_S = total_S + total_S[::-1]
    pooled_S: FloatArray = both_S / max(float(both_S.sum()), LEAST_DENSITY)
    return pooled_S


def _density(counts_PS: FloatArray, windows: tuple[float, ...], mixture: _Mixture, folded: bool) -> FloatArray:
    """The mixture over windows of each pair's smoothed and shrunk density; each row sums to 1."""
    smoother = Smoother(counts_PS, folded=folded)
    seen_P1 = counts_PS.sum(axis=1, keepdims=True)
    density_PS = np.zeros(counts_PS.shape)
    for window, weight in zip(windows, mixture.weights_J, strict=True):
        own_PS = smoother.smooth(window)
        density_PS += weight * (own_PS + mixture.pooling * _pooled(own_PS.sum(axis=0))) / (seen_P1 + mixture.pooling)
    return density_PS


def _different_density(counts: PairCounts, windows: tuple[float, ...], mixture: _Mixture) -> FloatArray:
    """As `_density`, of different people, also where few of them come as close in time as one person does.

    If differences reach beyond the last bin, a window that holds few pairs is mixed with the next wider one, and the
    widest with a uniform density over time. So the density has no gaps where by chance nobody came; in a gap, a single
    time difference of one person would get an unbounded log ratio.
    """
    counts_PS = counts.different_PS
    if not counts.folded:
        return _density(counts_PS, windows, mixture, folded=False)
    smoother = Smoother(counts_PS, folded=True)
    seen_P1 = counts_PS.sum(axis=1, keepdims=True)
    length_S = np.diff(counts.bins.edges())[1:-1]
    wider_PS = np.tile(length_S / length_S.sum() * _pooled(counts_PS.sum(axis=0))[1:-1].sum(), (len(counts_PS), 1))
    density_PS = np.zeros(counts_PS.shape)
    for window, weight in zip(windows[::-1], mixture.weights_J[::-1], strict=True):
        own_PS = smoother.smooth(window)
        shrunk_PS = (own_PS + mixture.pooling * _pooled(own_PS.sum(axis=0))) / (seen_P1 + mixture.pooling)
        pairs_PS = own_PS[:, 1:-1] * (2 * np.sqrt(np.pi) * window)
        wider_PS = (pairs_PS * shrunk_PS[:, 1:-1] + FEW_PAIRS * wider_PS) / (pairs_PS + FEW_PAIRS)
        shrunk_PS[:, 1:-1] = wider_PS
        density_PS += weight * shrunk_PS
    density_PS /= density_PS.sum(axis=1, keepdims=True)
    return density_PS


def _left_out(counts: PairCounts, windows: tuple[float, ...]) -> _LeftOut:
    """Look up, for every fold's cells, the densities of the other folds' identities."""
    cells = [_sample_evenly(np.nonzero(counts.same_FPS[fold])) for fold in range(FOLDS)]
    totals_FP = counts.same_FPS.sum(axis=(0, 2)) - counts.same_FPS.sum(axis=2)
    own_FJE = [np.empty((len(windows), len(pair_E))) for pair_E, _ in cells]
    total_JFS = np.zeros((len(windows), FOLDS, counts.same_FPS.shape[2]))
    rows = max(1, BLOCK_VALUES // (FOLDS * counts.same_FPS.shape[2]))
    for first in range(0, counts.same_FPS.shape[1], rows):
        block_FPS = counts.same_FPS[:, first : first + rows]
        smoother = Smoother(block_FPS, folded=counts.folded)
        for j, window in enumerate(windows):
            smoothed_FPS = smoother.smooth(window)
            total_PS = smoothed_FPS.sum(axis=0)
            for fold, (pair_E, bin_E) in enumerate(cells):
                others_PS = np.maximum(total_PS - smoothed_FPS[fold], 0)
                total_JFS[j, fold] += others_PS.sum(axis=0)
                inside = slice(*np.searchsorted(pair_E, (first, first + rows)))
                own_FJE[fold][j, inside] = others_PS[pair_E[inside] - first, bin_E[inside]]
    pooled_FJE = [
        np.array([_pooled(total_FS[fold])[bin_E] for total_FS in total_JFS]) for fold, (_, bin_E) in enumerate(cells)
    ]
    reference = _Mixture(pooling=1.0, weights_J=np.ones(1), neutral=0.0)
    different_PS = _different_density(counts, (REFERENCE_WINDOW,), reference)
    return _LeftOut(
        own_JE=np.concatenate(own_FJE, axis=1),
        pooled_JE=np.concatenate(pooled_FJE, axis=1),
        seen_E=np.concatenate([totals_FP[fold, pair_E] for fold, (pair_E, _) in enumerate(cells)]),
        different_E=np.concatenate([different_PS[cell] for cell in cells]),
        weight_E=np.concatenate([counts.same_FPS[fold][cell] for fold, cell in enumerate(cells)]),
    )


def _sample_evenly(cells: tuple[IntArray, ...]) -> tuple[IntArray, ...]:
    """The cells; where there are more than MOST_CELLS, an even sample of that many."""
    found = len(cells[0])
    kept = np.arange(min(found, MOST_CELLS)) * found // max(1, min(found, MOST_CELLS))
    return tuple(column[kept] for column in cells)


def _choose_mixture(left_out: _LeftOut) -> _Mixture:
    """The pooling with which the left-out identities are likeliest, and the mixture's shares with it."""
    fits = []
    for pooling in POOLINGS:
        shrunk_JE = (left_out.own_JE + pooling * left_out.pooled_JE) / (left_out.seen_E + pooling)
        parts_XE = np.maximum(np.concatenate((shrunk_JE, left_out.different_E[None])), LEAST_DENSITY)
        fits.append((pooling, *_maximise(parts_XE, left_out.weight_E)))
    pooling, shares_X, _ = max(fits, key=lambda fit: fit[2])
    return _Mixture(pooling=pooling, weights_J=shares_X[:-1] / shares_X[:-1].sum(), neutral=float(shares_X[-1]))


def _maximise(parts_XE: FloatArray, weight_E: FloatArray) -> tuple[FloatArray, float]:
    """Shares of a mixture by expectation maximisation, with a flat Dirichlet prior so that no share becomes 0.

    Returns:
        The shares (X,), sum 1, and the mean log-likelihood.
    """
    shares_X = np.full(len(parts_XE), 1 / len(parts_XE))
    likelihood, total = -np.inf, weight_E.sum()
    for _ in range(ROUNDS):
        mixture_E = shares_X @ parts_XE
        before, likelihood = likelihood, float(weight_E @ np.log(mixture_E) / total)
        if likelihood - before < LEAST_GAIN:
            break
        shares_X = shares_X * (parts_XE @ (weight_E / mixture_E)) + 1
        shares_X /= shares_X.sum()
    return shares_X, likelihood
