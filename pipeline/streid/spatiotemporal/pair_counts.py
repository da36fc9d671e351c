"""How often signed time differences between two cameras were seen, for the same person and for different people.

Shape suffixes: N pictures, E picture pairs of one identity, C cameras, P unordered camera pairs (lower
camera first, `np.triu_indices` order), S = 2 K + 1 signed bins (index K + k), F folds, I identities, Z sessions.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from streid.arrays import FloatArray, IntArray
from streid.files.sightings import Sightings
from streid.files.time_bins import TimeBins
from streid.spatiotemporal.coded_pictures import CodedPictures, code_pictures, same_person_pairs
from streid.spatiotemporal.correlation import bins_of_distances, correlate, octaves, pair_index
from streid.spatiotemporal.travel_bins import choose_bins, is_folded, measure_spread

FOLDS = 5
NEGLIGIBLE = 1e-9
ROUNDING = 1e-12


@dataclass(frozen=True, kw_only=True, eq=False)
class PairCounts:
    """Histograms of signed time differences t_b - t_a, a < b, within one session.

    cameras_C: the cameras' numbers, ascending. bins: of the time differences. folded: whether the last bin on either
    side also holds differences beyond its own end.
    same_FPS: same person. Each identity and camera pair has weight 1, spread evenly over its picture pairs in all
    sessions, and belongs to one fold.
    different_PS: different people. Each two identities and camera pair have weight 1, spread the same way. It is
    exactly 0 for a pair of cameras that saw no two different people within one session.
    identities: identities seen by two cameras within one session. identities_compared: identities seen by two cameras.
    inside_same: each compared identity has a share of its weight within one session; the sum of these shares.
    inside_different: share of all different people's weight within one session. sessions: number of sessions.
    """

    cameras_C: IntArray
    bins: TimeBins
    folded: bool
    same_FPS: FloatArray
    different_PS: FloatArray
    identities: int
    identities_compared: int
    inside_same: float
    inside_different: float
    sessions: int


class _SamePerson(NamedTuple):
    """Weights of the same person's picture pairs.

    Within one session: counts_FPS by signed bin; own_PS by signed bin as `correlate` counts; within_P by camera pair;
    inside_I by identity. In all sessions: compared_I by identity.
    """

    counts_FPS: FloatArray
    own_PS: FloatArray
    within_P: FloatArray
    inside_I: FloatArray
    compared_I: FloatArray


def count_pairs(sightings: Sightings, *, seed: int) -> PairCounts:
    """Count time differences between all pictures of all identities, without junk, distractors and unknown times.

    `choose_bins` chooses the bins. Differences of the same person are counted in exactly their bin; differences of
    different people may be one bin off where a bin is wider than 1.

    Args:
        seed: deals the identities into the folds.
    """
    pictures = code_pictures(sightings)
    bins = choose_bins(measure_spread(pictures), span=pictures.span, cameras=len(pictures.cameras_C))
    fold_I = np.random.default_rng(seed).permutation(pictures.people) % FOLDS
    same = _count_same(pictures, bins, fold_I)
    within_P, mass = _weigh_all(pictures)
    within, total = within_P.sum() - same.inside_I.sum(), mass - same.compared_I.sum()
    seen_I = same.compared_I > 0
    return PairCounts(
        cameras_C=pictures.cameras_C,
        bins=bins,
        folded=is_folded(bins, pictures.span),
        same_FPS=same.counts_FPS,
        different_PS=_without_own(correlate(pictures, bins), same, within_P),
        identities=int((same.inside_I > 0).sum()),
        identities_compared=int(seen_I.sum()),
        inside_same=float((same.inside_I[seen_I] / same.compared_I[seen_I]).sum()),
        inside_different=_share(float(within), float(total), mass),
        sessions=len(np.unique(pictures.session_N)),
    )


def _count_same(pictures: CodedPictures, bins: TimeBins, fold_I: IntArray) -> _SamePerson:
    people, pairs = len(fold_I), pictures.camera_pairs
    counts_FPS = np.zeros((FOLDS, pairs, 2 * bins.last + 1))
    own_PS = np.zeros(counts_FPS.shape[1:])
    within_P = np.zeros(pairs)
    inside_I, compared_I = np.zeros(people), np.zeros(people)
    for one, other in same_person_pairs(pictures):
        weight_E = pictures.share_N[one] * pictures.share_N[other]
        compared_I += np.bincount(pictures.person_N[one], weight_E, people)
        within = pictures.session_N[one] == pictures.session_N[other]
        low, high, weight_E = one[within], other[within], weight_E[within]
        person_E = pictures.person_N[low]
        inside_I += np.bincount(person_E, weight_E, people)
        pair_E = pair_index(pictures.camera_N[low], pictures.camera_N[high], len(pictures.cameras_C))
        within_P += np.bincount(pair_E, weight_E, pairs)
        bin_E = bins.signed(pictures.clock_N[high] - pictures.clock_N[low])
        _add(counts_FPS, (fold_I[person_E], pair_E, bin_E + bins.last), weight_E)
        for octave in octaves(bins, pictures.span):
            distance_E = pictures.clock_N[high] // octave.width - pictures.clock_N[low] // octave.width
            inside_E, bin_E = bins_of_distances(octave, bins, distance_E)
            _add(own_PS, (pair_E[inside_E], bin_E + bins.last), weight_E[inside_E])
    return _SamePerson(
        counts_FPS=counts_FPS, own_PS=own_PS, within_P=within_P, inside_I=inside_I, compared_I=compared_I
    )


def _add(table: FloatArray, cells: tuple[IntArray, ...], weight_E: FloatArray) -> None:
    np.add.at(table.reshape(-1), np.ravel_multi_index(cells, table.shape), weight_E)


def _weigh_all(pictures: CodedPictures) -> tuple[FloatArray, float]:
    """The weight of each camera pair's picture pairs within one session (P,), and the weight of all pairs together."""
    cameras = len(pictures.cameras_C)
    low_P, high_P = np.triu_indices(cameras, 1)
    sessions = int(pictures.session_N.max(initial=-1)) + 1
    cell_N = pictures.session_N * cameras + pictures.camera_N
    weight_ZC: FloatArray = np.zeros((sessions, cameras))
    np.add.at(weight_ZC.reshape(-1), cell_N, pictures.share_N)
    within_CC = weight_ZC.T @ weight_ZC
    weight_C = weight_ZC.sum(axis=0)
    return within_CC[low_P, high_P], float((weight_C[low_P] * weight_C[high_P]).sum())


def _without_own(everyone_PS: FloatArray, same: _SamePerson, within_P: FloatArray) -> FloatArray:
    """The histogram of different people: everyone's minus that of the same person.

    Values that are tiny beside the pair's weight `within_P` are set to 0: they are rounding errors of the correlation,
    which grow with that weight, and would look like different people where there are none.
    """
    left_PS = everyone_PS - same.own_PS
    anyone_P = within_P - same.within_P > NEGLIGIBLE * within_P
    different_PS: FloatArray = np.where(anyone_P[:, None] & (left_PS > ROUNDING * within_P[:, None]), left_PS, 0)
    return different_PS


def _share(part: float, whole: float, mass: float) -> float:
    """part / whole, both results of subtractions from `mass`; 1 if whole is 0.

    What is tiny beside `mass` is a rounding error and counts as 0.
    """
    negligible = NEGLIGIBLE * mass
    if whole <= negligible or whole - part <= negligible:
        return 1.0
    return 0.0 if part <= negligible else part / whole
