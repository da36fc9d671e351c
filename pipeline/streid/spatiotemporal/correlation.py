"""The weight of all pairs of pictures in each bin of the time difference, whoever they show.

Time is cut into cells, and pairs of cells are counted by their distance. So where a bin is wider than one time unit, a
pair may be counted in the bin next to its own. Bins that widen are counted octave by octave, with cells twice as long
each time.

Shape suffixes: N pictures, D occupied cells, C cameras, P unordered camera pairs (lower camera first, `np.triu_indices`
order), S signed bins, E pairs of pictures or cells, L signed distances of cells, F frequencies.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from streid.arrays import FloatArray, IntArray
from streid.files.time_bins import TimeBins
from streid.spatiotemporal.coded_pictures import CodedPictures, row_pairs

PAIR_COST = 16  # cost of looking at a pair of cells, in multiplications of spectra
TRANSFORM_COST = 16  # cost of transforming a value, in the same unit


class Octave(NamedTuple):
    """Cells of `width` time units; pairs of cells that are `first` up to `stop` cells apart lie in this octave's bins.

    before: what to add to a distance in cells to get its bin. beyond: whether all distances lie in the last bin.
    """

    width: int
    first: int
    stop: int
    before: int
    beyond: bool


class _Cells(NamedTuple):
    """Occupied cells of one camera each, sorted by session and time. weight_D: of the pictures in the cell."""

    session_D: IntArray
    cell_D: IntArray
    camera_D: IntArray
    weight_D: FloatArray


def octaves(bins: TimeBins, span: int) -> list[Octave]:
    """The octaves that hold all differences within sessions of length `span`, in the time unit."""
    cells = bins.equal or 2 * (bins.last // 2 + 1)
    found = [Octave(bins.width, 0, cells, 0, beyond=False)]
    while found[-1].width * cells <= span:
        before, width = found[-1].before + cells // 2, 2 * found[-1].width
        found.append(Octave(width, cells // 2, cells, before, beyond=before + cells // 2 >= bins.last))
    return found if len(found) > 1 else [found[0]._replace(stop=span // bins.width + 1)]


def bins_of_distances(octave: Octave, bins: TimeBins, distance_E: IntArray) -> tuple[npt.NDArray[np.bool_], IntArray]:
    """Which signed distances of cells lie in the octave (E,), and the signed bins of those."""
    size_E = np.abs(distance_E)
    inside_E = (size_E >= octave.first) & (size_E < octave.stop)
    bin_E = np.full(int(inside_E.sum()), bins.last) if octave.beyond else size_E[inside_E] + octave.before
    return inside_E, np.sign(distance_E[inside_E]) * np.minimum(bin_E, bins.last)


def correlate(pictures: CodedPictures, bins: TimeBins) -> FloatArray:
    """The weight of all pairs of pictures in two cameras within one session, by camera pair and signed bin (P, S)."""
    histogram_PS = np.zeros((pictures.camera_pairs, 2 * bins.last + 1))
    for octave in octaves(bins, pictures.span):
        cells = _occupied(pictures, octave.width)
        distances_L = np.arange(1 - octave.stop, octave.stop)
        inside_L, bin_L = bins_of_distances(octave, bins, distances_L)
        weight_PL = _weigh_distances(cells, len(pictures.cameras_C), octave)[:, inside_L]
        ends = np.abs(bin_L) == bins.last
        histogram_PS[:, bin_L[~ends] + bins.last] += weight_PL[:, ~ends]
        for sign in (-1, 1):
            histogram_PS[:, bins.last + sign * bins.last] += weight_PL[:, bin_L == sign * bins.last].sum(axis=1)
    return histogram_PS


def _occupied(pictures: CodedPictures, width: int) -> _Cells:
    """The cells that pictures lie in."""
    cell_N = pictures.clock_N // width
    order_N = np.lexsort((pictures.camera_N, cell_N, pictures.session_N))
    keys_3N = np.array([pictures.session_N, cell_N, pictures.camera_N])[:, order_N]
    new_N = np.append(True, (np.diff(keys_3N) != 0).any(axis=0))[: len(order_N)]
    weight_D = np.add.reduceat(pictures.share_N[order_N], np.flatnonzero(new_N)) if len(order_N) else np.empty(0)
    session_D, cell_D, camera_D = keys_3N[:, new_N]
    return _Cells(session_D, cell_D, camera_D, weight_D)


def _weigh_distances(cells: _Cells, cameras: int, octave: Octave) -> FloatArray:
    """The weight of the pairs of cells at each signed distance of less than `octave.stop` (P, L).

    Either looks at each pair, or, if that would take longer, correlates stretches of `stop` cells with the stretches
    before and after them. Sessions that are no longer than one stretch need one correlation.
    """
    stretch_D = cells.cell_D // octave.stop
    part_D = cells.session_D * (stretch_D.max(initial=0) + 1) + stretch_D
    beside = int(stretch_D.max(initial=0) > 0)
    padded = 1 << int((2 * beside + 2) * octave.stop - 1).bit_length()
    key_D = cells.session_D * (cells.cell_D.max(initial=0) + octave.stop + 1) + cells.cell_D
    first_D = np.maximum(np.searchsorted(key_D, key_D + octave.first), np.arange(1, len(key_D) + 1))
    stop_D = np.searchsorted(key_D, key_D + octave.stop)
    pairs = cameras * (cameras - 1) // 2
    cost = len(np.unique(part_D)) * padded * (pairs + TRANSFORM_COST * cameras)
    if beside and PAIR_COST * int((stop_D - first_D).sum()) < cost:
        return _weigh_pairs(cells, cameras, octave, first_D, stop_D)
    spectrum_PF = np.zeros((pairs, padded // 2 + 1), np.complex128)
    for own_CT, around_CT in _stretches(cells, cameras, octave.stop, beside, padded):
        own_CF, around_CF = np.fft.rfft(own_CT, axis=1), np.fft.rfft(around_CT, axis=1)
        row = 0
        for low in range(cameras - 1):
            spectrum_PF[row : row + cameras - 1 - low] += np.conj(own_CF[low]) * around_CF[low + 1 :]
            row += cameras - 1 - low
    place_L = (np.arange(1 - octave.stop, octave.stop) + beside * octave.stop) % padded
    weight_PL: FloatArray = np.fft.irfft(spectrum_PF, padded, axis=1)[:, place_L]
    return weight_PL


def _weigh_pairs(cells: _Cells, cameras: int, octave: Octave, first_D: IntArray, stop_D: IntArray) -> FloatArray:
    """`_weigh_distances` pair by pair: every cell with those from `first` up to `stop`."""
    distances = 2 * octave.stop - 1
    flat = np.zeros(cameras * (cameras - 1) // 2 * distances)
    for one, other in row_pairs(first_D, np.maximum(first_D, stop_D)):
        apart = cells.camera_D[one] != cells.camera_D[other]
        turned = cells.camera_D[one] > cells.camera_D[other]
        low, high = np.where(turned, other, one)[apart], np.where(turned, one, other)[apart]
        pair_E = pair_index(cells.camera_D[low], cells.camera_D[high], cameras)
        place_E = cells.cell_D[high] - cells.cell_D[low] + octave.stop - 1
        np.add.at(flat, pair_E * distances + place_E, cells.weight_D[low] * cells.weight_D[high])
    return flat.reshape(-1, distances)


def _stretches(
    cells: _Cells, cameras: int, length: int, beside: int, padded: int
) -> Iterator[tuple[FloatArray, FloatArray]]:
    """Every stretch of `length` cells that has pictures: alone, and together with `beside` stretches on either side.

    Both have shape (C, padded) and start at the first cell of the first stretch that they hold.
    """
    part_D = cells.session_D * (cells.cell_D.max(initial=0) // length + 3) + cells.cell_D // length
    for part in np.unique(part_D):
        own = slice(*np.searchsorted(part_D, (part, part + 1)))
        around = slice(*np.searchsorted(part_D, (part - beside, part + beside + 1)))
        begin = cells.cell_D[own.start] // length * length
        both = []
        for rows, start in ((own, begin), (around, begin - beside * length)):
            clock_CT = np.zeros((cameras, padded))
            clock_CT[cells.camera_D[rows], cells.cell_D[rows] - start] = cells.weight_D[rows]
            both.append(clock_CT)
        yield both[0], both[1]


def pair_index(low_E: IntArray, high_E: IntArray, cameras: int) -> IntArray:
    """The row in `np.triu_indices(cameras, 1)` of each pair of cameras."""
    return low_E * (2 * cameras - low_E - 1) // 2 + high_E - low_E - 1
