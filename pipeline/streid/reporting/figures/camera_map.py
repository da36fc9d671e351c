"""A map of the cameras, drawn only from the times that people take between them.

Shape suffix: C cameras. Times are in the data set's own unit.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from scipy.sparse.csgraph import shortest_path
from sklearn.manifold import MDS

from streid.arrays import FloatArray
from streid.files.histograms import Histograms
from streid.reporting.figures.charts import Chart, draw_chart
from streid.reporting.palette import PAPER, SERIES
from streid.reporting.wording import Clock

WIDTH, LOWEST, HIGHEST = 480, 200, 440
BEYOND = 1.5
NONE = "\N{EN DASH}"
THINNEST, THICKEST = 0.8, 4.0
LONG = 3
STARTS = 16
SHORT, ASIDE = 0.2, 16
# If the longest way is more than this many times the shortest one, the others get too little room.
CROWDED = 12


@dataclass(frozen=True, kw_only=True, eq=False)
class CameraMap:
    """The map, and its median times as a table: for each camera, those to each of `cameras`.

    logarithmic: distances show the logarithm of the times, not the times themselves. misfit: the root mean square of
    the errors of the map's distances, as a share of the root mean square of the distances.
    """

    chart: Chart
    cameras: Sequence[str]
    rows: Sequence[tuple[str, tuple[str, ...]]]
    logarithmic: bool
    misfit: float


def map_cameras(histograms: Histograms, clock: Clock) -> CameraMap | None:
    """Place the cameras by multidimensional scaling of the median travel times; None if there are none."""
    median_CC = median_times(histograms)
    seen_C = np.flatnonzero(np.isfinite(median_CC).sum(axis=1) > 1)
    if not len(seen_C):
        return None
    median_CC = median_CC[np.ix_(seen_C, seen_C)]
    people_CC = histograms.counts_CCB.sum(axis=2)[np.ix_(seen_C, seen_C)]
    full_CC = fill_gaps(median_CC)
    ways = full_CC[full_CC > 0]
    logarithmic = bool(ways.max() > CROWDED * ways.min())
    if logarithmic:
        full_CC = log_times(full_CC)
    place_C2 = place_cameras(full_CC)
    apart_CC = np.linalg.norm(place_C2[:, None] - place_C2[None], axis=2)
    names = [str(camera) for camera in histograms.cameras_C[seen_C]]
    rows = [
        (f"Camera {name}", tuple(_duration(median, clock) if median != 0 else "" for median in median_C))
        for name, median_C in zip(names, median_CC, strict=True)
    ]
    misfit = float(np.sqrt(((apart_CC - full_CC) ** 2).sum() / (full_CC**2).sum()))
    chart = _draw_map(names, place_C2, median_CC, people_CC + people_CC.T, clock)
    return CameraMap(chart=chart, cameras=names, rows=rows, logarithmic=logarithmic, misfit=misfit)


def median_times(histograms: Histograms) -> FloatArray:
    """The middle of the bin that holds the median time between two cameras, in either order; NaN where unknown.

    Returns:
        (C, C), symmetric, with a diagonal of 0.
    """
    counts_CCB = histograms.counts_CCB + histograms.counts_CCB.transpose(1, 0, 2)
    reached_CCB = counts_CCB.cumsum(axis=2)
    total_CC = reached_CCB[:, :, -1]
    bin_CC = (2 * reached_CCB < total_CC[:, :, None]).sum(axis=2)
    median_CC = np.where(total_CC > 0, (bin_CC + 0.5) * histograms.bin_width, np.nan)
    np.fill_diagonal(median_CC, 0)
    return median_CC


def fill_gaps(median_CC: FloatArray) -> FloatArray:
    """Replace unknown times by the shortest way over other cameras; if there is no way, by BEYOND times the longest."""
    ways_CC = shortest_path(np.nan_to_num(median_CC, nan=0.0), directed=False)
    longest = ways_CC[np.isfinite(ways_CC)].max()
    ways_CC[np.isinf(ways_CC)] = BEYOND * longest
    return np.where(np.isnan(median_CC), ways_CC, median_CC)


def log_times(time_CC: FloatArray) -> FloatArray:
    """1 for the shortest time, 1 more for each doubling; 0 stays 0."""
    shortest = time_CC[time_CC > 0].min()
    doublings_CC: FloatArray = np.log2(time_CC / shortest, out=np.full_like(time_CC, -1), where=time_CC > 0)
    return doublings_CC + 1


def place_cameras(apart_CC: FloatArray) -> FloatArray:
    """Places in the plane whose distances are as close as possible to `apart_CC` (metric scaling by SMACOF, the best of
    STARTS seeded starts).

    A map may be rotated and mirrored: here its longest axis is horizontal, and the first camera is at the upper left.

    Returns:
        (C, 2), across and up, around 0, in the unit of `apart_CC`.
    """
    start = {
        "init": "random",
        "n_init": STARTS,
        "random_state": 0,
    }  # the classical start can be NaN for cameras on a line
    scaling = MDS(n_components=2, metric="precomputed", eps=1e-9, normalized_stress=False, **start)
    place_C2 = scaling.fit_transform(apart_CC)
    place_C2 = place_C2 - place_C2.mean(axis=0)
    turned_C2: FloatArray = place_C2 @ np.linalg.svd(place_C2, full_matrices=False)[2].T
    return turned_C2 * np.where(turned_C2[0] * (-1, 1) < 0, -1, 1)


def joined_pairs(median_CC: FloatArray) -> list[tuple[int, int]]:
    """The pairs with a known time and no third camera that is nearer to both of them (Toussaint, 1980)."""
    pairs = []
    for a, b in combinations(range(len(median_CC)), 2):
        over_C = np.fmax(median_CC[a], median_CC[b])
        over_C[np.isnan(median_CC[a]) | np.isnan(median_CC[b])] = np.inf
        over_C[[a, b]] = np.inf
        if np.isfinite(median_CC[a, b]) and not (over_C < median_CC[a, b]).any():
            pairs.append((a, b))
    return pairs


def _draw_map(
    names: Sequence[str], place_C2: FloatArray, median_CC: FloatArray, people_CC: npt.NDArray[np.int64], clock: Clock
) -> Chart:
    pairs = joined_pairs(median_CC)
    most, reach = max(int(people_CC[pair]) for pair in pairs), float(np.ptp(place_C2, axis=0).max())
    ways = [f"{names[a]} to {names[b]} {_duration(median_CC[a, b], clock)}" for a, b in pairs]

    def paint(axes: Axes) -> None:
        for a, b in pairs:
            width = THINNEST + (THICKEST - THINNEST) * people_CC[a, b] / most
            axes.plot(*place_C2[[a, b]].T, color=SERIES[0], alpha=0.45, linewidth=width, zorder=1)
            box = {"boxstyle": "round,pad=0.15", "facecolor": PAPER, "edgecolor": "none", "alpha": 0.85}
            text = _duration(median_CC[a, b], clock)
            look: dict[str, Any] = {"fontsize": 8, "ha": "center", "va": "center", "bbox": box, "zorder": 2}
            offset = _label_offset(place_C2, a, b, reach)
            axes.annotate(text, place_C2[[a, b]].mean(axis=0), offset, textcoords="offset points", **look)
        axes.scatter(
            place_C2[:, 0],
            place_C2[:, 1],
            s=260,
            color=SERIES[0],
            edgecolors=PAPER,
            linewidths=1.5,
            zorder=3,
        )
        for name, (across, up) in zip(names, place_C2, strict=True):
            size = 9 if len(name) < LONG else 7
            ink = {"color": PAPER, "weight": "bold", "fontsize": size}
            axes.text(across, up, name, ink, ha="center", va="center_baseline", zorder=4)
        axes.set_aspect("equal", adjustable="datalim")
        axes.margins(0.12)
        axes.set_axis_off()

    across, up = np.ptp(place_C2, axis=0)
    size = (WIDTH, round(min(HIGHEST, max(LOWEST, WIDTH * up / across))))
    alt = f"Map of {len(names)} cameras by the time people take between them. Neighbours: {', '.join(ways)}."
    return draw_chart(name="camera_map", title="Median travel times", alt=alt, size=size, paint=paint)


def _label_offset(place_C2: FloatArray, a: int, b: int, reach: float) -> tuple[float, float]:
    """Offset of a line's label from its middle, in points: on the line, or beside a short line where there is room."""
    along_2, middle_2 = place_C2[b] - place_C2[a], place_C2[[a, b]].mean(axis=0)
    length = float(np.linalg.norm(along_2))
    if length > SHORT * reach or length == 0:
        return 0.0, 0.0
    beside_2 = np.array([-along_2[1], along_2[0]]) / length * ASIDE
    others_C2 = np.delete(place_C2, [a, b], axis=0)

    def room(aside_2: FloatArray) -> tuple[float, float]:
        at_2 = middle_2 + aside_2 * reach / WIDTH
        return float(np.linalg.norm(others_C2 - at_2, axis=1).min(initial=reach)), float(at_2 @ at_2)

    across, up = max((beside_2, -beside_2), key=room)
    return float(across), float(up)


def _duration(time: float, clock: Clock) -> str:
    """A time without a sign, a dash where it is unknown."""
    return clock.gap(round(time)).lstrip("+") if np.isfinite(time) else NONE
