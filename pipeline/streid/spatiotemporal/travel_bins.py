"""The choice of bins for time differences, by how long people take from one camera to another.

Shape suffixes: B fine bins of a time difference's size.
"""

from dataclasses import dataclass

import numpy as np

from streid.arrays import FloatArray
from streid.files.time_bins import TimeBins
from streid.spatiotemporal.coded_pictures import CodedPictures, same_person_pairs

FINE = TimeBins(width=1, equal=1024, last=1024 + 512 * 43)  # resolves any difference below 2^53 to 0.2 %
NEAR, FAR = 0.01, 0.99  # quantiles of the time differences
REACH = 8  # times the difference at FAR; all longer ones share the last bin
DIVISIONS = 8  # bins of equal width within the difference at NEAR, at least
MOST_BINS = 4096
TABLE_VALUES = 1 << 24  # cameras x cameras x signed bins
EQUAL_BINS = 1024


@dataclass(frozen=True, kw_only=True, eq=False)
class Spread:
    """The distribution of one person's absolute time differences between two cameras, within a session.

    weight_B: of each of the bins FINE; each identity and camera pair has weight 1.
    """

    weight_B: FloatArray

    def quantile(self, share: float) -> int:
        """The quantile of the differences at `share`, in the time unit; 0 where there are none."""
        reached_B = np.cumsum(self.weight_B)
        if not reached_B[-1]:
            return 0
        return int(np.ceil(FINE.starts()[np.searchsorted(reached_B, share * reached_B[-1])]))

    def commonest(self) -> tuple[int, float]:
        """The commonest of the differences with a bin of one unit, and its share of all weight; 0 if there is none."""
        value = int(np.argmax(self.weight_B[: FINE.equal]))
        return value, float(self.weight_B[value] / max(self.weight_B.sum(), 1e-300))


def measure_spread(pictures: CodedPictures) -> Spread:
    """The distribution of all identities' time differences."""
    weight_B = np.zeros(FINE.last + 1)
    for one, other in same_person_pairs(pictures):
        within = pictures.session_N[one] == pictures.session_N[other]
        gap_E = np.abs(pictures.clock_N[one] - pictures.clock_N[other])[within]
        weight_E = (pictures.share_N[one] * pictures.share_N[other])[within]
        weight_B += np.bincount(FINE.signed(gap_E), weight_E, len(weight_B))
    return Spread(weight_B=weight_B)


def choose_bins(spread: Spread, *, span: int, cameras: int) -> TimeBins:
    """Choose bins that resolve how long people take, up to the reach: REACH times the FAR quantile, at most `span`.

    Quantiles decide, so that single extremes do not. Bins of equal width are chosen, MOST_BINS of them or as many as
    the table may hold, if at least DIVISIONS of them lie within the NEAR quantile; else bins of one time unit that
    widen with the difference. The last bin also holds everything beyond the reach.

    Args:
        span: the longest session's length, in the time unit.
        cameras: number of cameras; with it the size of the table limits the number of bins.
    """
    near, far = spread.quantile(NEAR), spread.quantile(FAR)
    reach = min(span, REACH * max(1, far)) if far or near or spread.weight_B.any() else span
    room = max(8, TABLE_VALUES // (2 * max(1, cameras) ** 2))
    width = max(1, -(-reach // min(MOST_BINS, room)))
    if width <= max(1, near // DIVISIONS):
        return _reaching(TimeBins(width=width, last=1), reach, folded=reach < span)
    equal = EQUAL_BINS
    while equal > 8 and _reaching(TimeBins(width=1, last=1, equal=equal), reach, folded=True).last > room:
        equal //= 2
    bins = _reaching(TimeBins(width=1, last=1, equal=equal), reach, folded=reach < span)
    return bins if bins.last <= room else TimeBins(width=1, last=room, equal=equal)


def _reaching(bins: TimeBins, reach: int, *, folded: bool) -> TimeBins:
    """The same bins up to the one that holds `reach`, and if `folded` one more for what lies beyond."""
    return TimeBins(width=bins.width, equal=bins.equal, last=max(1, _endless_bin(bins, reach) + folded))


def is_folded(bins: TimeBins, span: int) -> bool:
    """Whether differences within a session of length `span` lie beyond the last bin's own end."""
    return _endless_bin(bins, span) > bins.last


def _endless_bin(bins: TimeBins, gap: int) -> int:
    """The bin that a difference would have if there were no last bin."""
    return int(bins.widened(np.array([(2 * gap + bins.width) // (2 * bins.width)]))[0])
