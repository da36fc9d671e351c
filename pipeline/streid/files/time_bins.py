"""The bins of signed time differences, for counting and for looking up.

Shape suffixes: E time differences, B = K + 1 bins of the size of a difference, S = 2 K + 1 signed bins.
"""

from dataclasses import dataclass

import numpy as np

from streid.arrays import FloatArray, IntArray
from streid.errors import InputError


@dataclass(frozen=True, kw_only=True)
class TimeBins:
    """Bins -K ... K of a time difference; the bin of -gap is minus the bin of gap.

    With q the multiple of `width` (in the data set's time unit) nearest to the difference's size, halves up, bin k
    holds q = k while q < `equal`, a power of two. From there on bins widen, `equal` / 2 of them for each doubling of
    q. If `equal` is 0, all bins have the same width. Bin `last`, K, also holds everything beyond it.
    """

    width: int
    last: int
    equal: int = 0

    def __post_init__(self) -> None:
        if self.width < 1 or self.last < 1 or self.equal not in (0, *(1 << power for power in range(1, 32))):
            raise InputError(f"time bins of width {self.width}, up to bin {self.last}, equal up to {self.equal}")

    def signed(self, gap_E: IntArray) -> IntArray:
        """The bin of each time difference, from -K to K."""
        multiple_E = (2 * np.abs(gap_E) + self.width) // (2 * self.width)
        signed_E: IntArray = np.sign(gap_E) * np.minimum(self.widened(multiple_E), self.last)
        return signed_E

    def widened(self, multiple_E: IntArray) -> IntArray:
        """The bin of each multiple of `width`, as if there were no last bin."""
        if not self.equal:
            return multiple_E
        half = self.equal // 2
        octave_E = np.maximum(np.frexp(multiple_E.astype(np.float64))[1] - half.bit_length(), 0)
        bins_E: IntArray = half * octave_E + (multiple_E >> octave_E)
        return bins_E

    def starts(self) -> FloatArray:
        """The edges of the bins of a difference's size, ascending (B + 1,), in the time unit.

        Bin 0 starts at 0. The last bin also holds larger differences, which are ignored here.
        """
        bin_B = np.arange(self.last + 2)
        half = self.equal // 2
        octave_B = np.maximum(bin_B // half - 1, 0) if half else np.zeros_like(bin_B)
        multiple_B = (bin_B - half * octave_B).astype(np.float64) * 2.0**octave_B
        starts_B: FloatArray = np.maximum(multiple_B - 0.5, 0) * self.width
        return starts_B

    def edges(self) -> FloatArray:
        """The edges of the signed bins, ascending (S + 1,), in the time unit."""
        ends_B = self.starts()[1:]
        return np.concatenate((-ends_B[::-1], ends_B))
