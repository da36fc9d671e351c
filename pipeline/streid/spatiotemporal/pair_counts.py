"""How often signed time differences between two cameras were seen, for the same person and for different people.

Shape suffixes: N pictures, E picture pairs of one identity, C cameras, P unordered camera pairs (lower
camera first, `np.triu_indices` order), S = 2 K + 1 signed bins (index K + k), F folds, I identities,
T padded clock bins.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from streid.arrays import FloatArray, IntArray
from streid.files.sightings import DISTRACTOR_PID, UNKNOWN_TIME, Sightings

FOLDS = 5
MOST_BINS = 4096
TABLE_VALUES = 1 << 24
PAIR_BATCH = 1 << 22
TRACE = 1e-9


@dataclass(frozen=True, kw_only=True, eq=False)
class PairCounts:
    """Histograms of signed time differences t_b - t_a, a < b, within one session.

    cameras_C: the cameras' numbers, ascending. bin_width: in the data set's time unit.
    same_FPS: same person; an identity and camera pair weighs 1 in all, spread evenly over its picture
    pairs in all sessions, and belongs to one of the folds.
    different_PS: different people; two identities and a camera pair weigh 1 likewise. A pair of cameras
    that saw no two of them within one session is exactly 0.
    identities: seen by two cameras within one session. identities_compared: by two cameras at all.
    inside_same: sum over the latter of the share of their weight within one session;
    inside_different: share of all different people's weight within one session. sessions: their number.
    """

    cameras_C: IntArray
    bin_width: int
    same_FPS: FloatArray
    different_PS: FloatArray
    identities: int
    identities_compared: int
    inside_same: float
    inside_different: float
    sessions: int


class _Pictures(NamedTuple):
    """Persons' pictures of known time, sorted by identity, then camera; everything coded from 0.

    share_N: 1 / number of the identity's pictures in that camera. clock_N: time since the session began.
    """

    person_N: IntArray
    camera_N: IntArray
    session_N: IntArray
    clock_N: IntArray
    share_N: FloatArray


class _SamePerson(NamedTuple):
    """Weights of the same person's picture pairs: by time difference within one session, and by identity.

    counts_FPS: by signed bin. own_PS: by difference of clock bins, as `_correlate` counts. inside_I: of
    each identity within one session; compared_I: in all.
    """

    counts_FPS: FloatArray
    own_PS: FloatArray
    inside_I: FloatArray
    compared_I: FloatArray


def signed_bins(gap_E: IntArray, bin_width: int) -> IntArray:
    """The multiple of `bin_width` nearest to each time difference, halves away from 0: -gap has minus gap's bin."""
    bins_E: IntArray = np.sign(gap_E) * ((2 * np.abs(gap_E) + bin_width) // (2 * bin_width))
    return bins_E


def count_pairs(sightings: Sightings, *, seed: int) -> PairCounts:
    """Count time differences between all pictures of all identities; junk, distractors, unknown times left out.

    Bins are as fine as the longest session's length / 4096, at least 1 time unit, and coarser where many
    cameras would make the table larger than 2^24 values. The bin of an identity's own difference is exact;
    those of different people, correlated by FFT, are differences of clock bins: up to one bin off where
    a bin is wider than 1.

    Args:
        seed: deals the identities into the folds.
    """
    timed = sightings.take((sightings.pid_N > DISTRACTOR_PID) & (sightings.time_N != UNKNOWN_TIME))
    cameras_C = np.unique(timed.camid_N)
    pictures = _code(timed, cameras_C)
    span = int(pictures.clock_N.max(initial=0))
    most_bins = min(MOST_BINS, max(8, TABLE_VALUES // (2 * max(1, len(cameras_C)) ** 2)))
    bin_width = max(1, -(-span // most_bins))
    last_bin = max(1, int(signed_bins(np.array(span), bin_width)))
    people = int(pictures.person_N.max(initial=-1)) + 1
    fold_I = np.random.default_rng(seed).permutation(people) % FOLDS
    same = _count_same(pictures, len(cameras_C), bin_width, last_bin, fold_I)
    everyone_PS, within_P, mass = _correlate(pictures, len(cameras_C), bin_width, last_bin)
    within, total = within_P.sum() - same.inside_I.sum(), mass - same.compared_I.sum()
    seen_I = same.compared_I > 0
    return PairCounts(
        cameras_C=cameras_C,
        bin_width=bin_width,
        same_FPS=same.counts_FPS,
        different_PS=_without_own(everyone_PS, same.own_PS, within_P),
        identities=int((same.inside_I > 0).sum()),
        identities_compared=int(seen_I.sum()),
        inside_same=float((same.inside_I[seen_I] / same.compared_I[seen_I]).sum()),
        inside_different=_share(float(within), float(total), mass),
        sessions=len(np.unique(pictures.session_N)),
    )


def _code(timed: Sightings, cameras_C: IntArray) -> _Pictures:
    timed = timed.take(np.lexsort((timed.camid_N, timed.pid_N)))
    person_N = np.unique(timed.pid_N, return_inverse=True)[1].reshape(-1)
    session_N = np.unique(timed.session_N, return_inverse=True)[1].reshape(-1)
    camera_N = np.searchsorted(cameras_C, timed.camid_N)
    begins = np.full(session_N.max(initial=-1) + 1, np.iinfo(np.int64).max)
    np.minimum.at(begins, session_N, timed.time_N)
    cell_N = person_N * len(cameras_C) + camera_N
    return _Pictures(
        person_N=person_N,
        camera_N=camera_N,
        session_N=session_N,
        clock_N=timed.time_N - begins[session_N],
        share_N=1 / np.bincount(cell_N)[cell_N] if len(cell_N) else np.empty(0),
    )


def _count_same(pictures: _Pictures, cameras: int, bin_width: int, last_bin: int, fold_I: IntArray) -> _SamePerson:
    pairs, people = cameras * (cameras - 1) // 2, len(fold_I)
    counts_FPS = np.zeros((FOLDS, pairs, 2 * last_bin + 1))
    own_PS = np.zeros(counts_FPS.shape[1:])
    inside_I, compared_I = np.zeros(people), np.zeros(people)
    for one, other in _same_person_pairs(pictures):
        weight_E = pictures.share_N[one] * pictures.share_N[other]
        compared_I += np.bincount(pictures.person_N[one], weight_E, people)
        within = pictures.session_N[one] == pictures.session_N[other]
        low, high, weight_E = one[within], other[within], weight_E[within]
        person_E = pictures.person_N[low]
        inside_I += np.bincount(person_E, weight_E, people)
        pair_E = _pair_index(pictures.camera_N[low], pictures.camera_N[high], cameras)
        bin_E = signed_bins(pictures.clock_N[high] - pictures.clock_N[low], bin_width)
        _accumulate(counts_FPS, (fold_I[person_E], pair_E, bin_E + last_bin), weight_E)
        lag_E = pictures.clock_N[high] // bin_width - pictures.clock_N[low] // bin_width
        _accumulate(own_PS, (pair_E, lag_E + last_bin), weight_E)
    return _SamePerson(counts_FPS=counts_FPS, own_PS=own_PS, inside_I=inside_I, compared_I=compared_I)


def _same_person_pairs(pictures: _Pictures) -> Iterator[tuple[IntArray, IntArray]]:
    """All picture pairs of one identity and two cameras, lower camera first, in batches of whole identities."""
    _, starts, counts = np.unique(pictures.person_N, return_index=True, return_counts=True)
    batch_of_person = np.cumsum(counts * (counts - 1) // 2) // PAIR_BATCH
    for batch in np.unique(batch_of_person):
        chosen = np.flatnonzero(batch_of_person == batch)
        first, stop = starts[chosen[0]], starts[chosen[-1]] + counts[chosen[-1]]
        ends = np.repeat(starts[chosen] + counts[chosen], counts[chosen])
        rows = np.arange(first, stop)
        reach = ends - rows - 1  # how many pictures of the identity come after each
        one = np.repeat(rows, reach)
        other = one + 1 + np.arange(len(one)) - np.repeat(np.cumsum(reach) - reach, reach)
        apart = pictures.camera_N[one] != pictures.camera_N[other]
        yield one[apart], other[apart]


def _without_own(everyone_PS: FloatArray, own_PS: FloatArray, within_P: FloatArray) -> FloatArray:
    """What different people leave of everyone's histogram: 0 where it is a trace of the pair's weight `within_P`.

    The correlation's rounding grows with that weight, and would pass for different people where there are none.
    """
    left_PS = everyone_PS - own_PS
    anyone_P = within_P - own_PS.sum(axis=1) > TRACE * within_P
    different_PS: FloatArray = np.where(anyone_P[:, None] & (left_PS > TRACE * within_P[:, None]), left_PS, 0)
    return different_PS


def _share(part: float, whole: float, mass: float) -> float:
    """part / whole, both left over from subtractions from `mass`, a trace of which is nothing; 1 of nothing."""
    trace = TRACE * mass
    if whole <= trace or whole - part <= trace:
        return 1.0
    return 0.0 if part <= trace else part / whole


def _pair_index(low_E: IntArray, high_E: IntArray, cameras: int) -> IntArray:
    return low_E * (2 * cameras - low_E - 1) // 2 + high_E - low_E - 1


def _accumulate(table: FloatArray, cells: tuple[IntArray, ...], weight_E: FloatArray) -> None:
    flat = np.ravel_multi_index(cells, table.shape)
    table += np.bincount(flat, weight_E, table.size).reshape(table.shape)


def _correlate(
    pictures: _Pictures, cameras: int, bin_width: int, last_bin: int
) -> tuple[FloatArray, FloatArray, float]:
    """Weighted time differences of all picture pairs within sessions, whoever is on them.

    Returns:
        The histogram (P, S); the exact weight of each two cameras' picture pairs within one session (P,); the
        weight of all pairs in all.
    """
    low_P, high_P = np.triu_indices(cameras, 1)
    padded = 1 << int(2 * last_bin + 1).bit_length()
    spectrum_P: npt.NDArray[np.complex128] = np.zeros((len(low_P), padded // 2 + 1), np.complex128)
    mass_C, within_P = np.zeros(cameras), np.zeros(len(low_P))
    for session in np.unique(pictures.session_N):
        rows = np.flatnonzero(pictures.session_N == session)
        clock_CT = np.zeros((cameras, padded))
        _accumulate(clock_CT, (pictures.camera_N[rows], pictures.clock_N[rows] // bin_width), pictures.share_N[rows])
        spectra_CT = np.fft.rfft(clock_CT, axis=1)
        for pair, (low, high) in enumerate(zip(low_P, high_P, strict=True)):
            spectrum_P[pair] += np.conj(spectra_CT[low]) * spectra_CT[high]
        session_C = clock_CT.sum(axis=1)
        mass_C += session_C
        within_P += session_C[low_P] * session_C[high_P]
    lags_PT = np.fft.irfft(spectrum_P, padded, axis=1)
    histogram_PS = np.concatenate((lags_PT[:, padded - last_bin :], lags_PT[:, : last_bin + 1]), axis=1)
    return histogram_PS, within_P, float((mass_C[low_P] * mass_C[high_P]).sum())
