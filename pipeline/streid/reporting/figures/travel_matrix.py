"""The travel times of all camera pairs in one figure, if there are too many for one chart each.

Shape suffixes: C cameras, X points of a drawn curve.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.colors import ListedColormap, to_rgba

from streid.arrays import FloatArray
from streid.files.histograms import Histograms
from streid.reporting.figures.charts import Chart, draw_chart
from streid.reporting.figures.travel import SignedDensities, common_reach, even_parts, expected_people, people_counted
from streid.reporting.palette import LINE, MUTED, PAPER, SERIES
from streid.reporting.wording import Clock

ACROSS, SMALLEST, LARGEST = 900, 44, 96
FRAME = 40
POINTS = 24
ROOM = 0.08
Pair = tuple[int, int]


class Curve(NamedTuple):
    """A curve in the matrix' coordinates: cells of side 1, rows downwards. bottom: fill down to it, or None."""

    across_X: FloatArray
    down_X: FloatArray
    bottom: float | None = None


def plot_all_pairs(histograms: Histograms, clock: Clock, *, densities: bool) -> Chart | None:
    """A matrix of cameras: below the diagonal each pair's histogram, above it the log ratio of its times.

    Every cell has a time axis like the single charts: right of the middle, people came to the lower-numbered camera
    first. The stronger a cell's shade, the more people were counted. None if nobody was counted.

    Args:
        densities: also draw the likelihood fusion's log ratios, if it was fitted.
    """
    people = people_counted(histograms)
    if not people:
        return None
    reach = common_reach(histograms)
    fitted = densities and histograms.likelihood.neutral < 1
    ratios = _ratio_curves(histograms, people, reach, clock) if fitted else {}
    counts = _count_curves(histograms, people, reach)
    cameras = len(histograms.cameras_C)
    side = FRAME + cameras * min(LARGEST, max(SMALLEST, ACROSS // cameras))

    def paint(axes: Axes) -> None:
        _shade(axes, people, cameras)
        for curves in counts.values():
            _draw(axes, curves, SERIES)
        for curve in ratios.values():
            _draw(axes, [curve], SERIES[1:])
        _frame(axes, histograms.cameras_C.tolist())

    span, unit = _span(reach * histograms.bin_width, clock)
    fullest = max(people, key=lambda pair: people[pair])
    names = [str(histograms.cameras_C[place]) for place in fullest]
    alt = (
        f"Travel times of {len(people)} pairs of {cameras} cameras, up to {span} {unit} to either side"
        f"{', with their log ratios' if ratios else ''}; most people were counted between {names[0]} and {names[1]}: "
        f"{people[fullest]:,}."
    )
    title = f"All pairs of cameras, {span} {unit} to either side"
    return draw_chart(name="travel_all", title=title, alt=alt, size=(side, side), paint=paint)


def _span(reach: float, clock: Clock) -> tuple[str, str]:
    divisor, unit = clock.scale(reach)
    return f"{reach / divisor:,.3g}", unit


def _count_curves(histograms: Histograms, people: Mapping[Pair, int], reach: int) -> dict[Pair, list[Curve]]:
    """For each pair, the smoothed histograms of both orders, in the cell of row b, column a, scaled to its height."""
    parts_X = even_parts(0, reach, POINTS)
    times_X = np.array([(part.start + part.stop) / 2 for part in parts_X]) / reach / 2
    found = {}
    for low, high in people:
        curves = [expected_people(histograms, *order, parts_X) for order in ((high, low), (low, high))]
        top = max(float(curve_X.max()) for curve_X in curves) or 1.0
        found[low, high] = [
            Curve(low + 0.5 + sign * times_X, high + 1 - ROOM - (1 - 2 * ROOM) * curve_X / top, high + 1 - ROOM)
            for sign, curve_X in zip((1, -1), curves, strict=True)
        ]
    return found


def _ratio_curves(histograms: Histograms, people: Mapping[Pair, int], reach: int, clock: Clock) -> dict[Pair, Curve]:
    """For each pair, the log ratio, in the cell of row a, column b, with one scale around 0 for all."""
    drawn = SignedDensities.of(histograms.likelihood, reach * histograms.bin_width, clock, POINTS * 2)
    known = {
        pair: drawn.ratio_curve(first, second)
        for pair in people
        for first, second in [(int(histograms.cameras_C[pair[0]]), int(histograms.cameras_C[pair[1]]))]
        if (first, second) in drawn.rows
    }
    top = max((float(np.abs(curve_X).max()) for curve_X in known.values()), default=1.0) or 1.0
    times_X = drawn.times_X / drawn.reach / 2
    return {
        (low, high): Curve(high + 0.5 + times_X, low + 0.5 - (0.5 - ROOM) * curve_X / top)
        for (low, high), curve_X in known.items()
    }


def _shade(axes: Axes, people: Mapping[Pair, int], cameras: int) -> None:
    """Tint each pair's two cells by the logarithm of the people counted, and draw their middles."""
    table_CC = np.zeros((cameras, cameras))
    for (low, high), number in people.items():
        table_CC[low, high] = table_CC[high, low] = np.log1p(number)
    tints = axes.pcolormesh(table_CC, cmap=ListedColormap([LINE]))
    tints.set(alpha=table_CC / table_CC.max(), linewidth=0)
    axes.pcolormesh(table_CC, cmap=ListedColormap(["none"]), edgecolors=PAPER, linewidth=1.2)
    middles = [[(column + 0.5, row), (column + 0.5, row + 1)] for pair in people for row, column in (pair, pair[::-1])]
    zeros = [[(high, low + 0.5), (high + 1, low + 0.5)] for low, high in people]
    axes.add_collection(LineCollection([*middles, *zeros], colors=MUTED, linewidths=0.4))


def _draw(axes: Axes, curves: Sequence[Curve], colours: Sequence[str]) -> None:
    for curve, colour in zip(curves, colours, strict=False):
        outline = np.column_stack((curve.across_X, curve.down_X))
        if curve.bottom is None:
            axes.add_collection(LineCollection([outline], colors=colour, linewidths=0.9))
        else:
            ends = [(curve.across_X[-1], curve.bottom), (curve.across_X[0], curve.bottom)]
            fill = to_rgba(colour, 0.35)
            axes.add_collection(PolyCollection([[*outline, *ends]], facecolors=fill, edgecolors=colour, linewidths=0.8))


def _frame(axes: Axes, cameras: Sequence[int]) -> None:
    names = [str(camera) for camera in cameras]
    middles = np.arange(len(names)) + 0.5
    axes.set_xticks(middles, names)
    axes.set_yticks(middles, names)
    axes.xaxis.tick_top()
    for middle, name in zip(middles, names, strict=True):
        axes.text(middle, middle, name, ha="center", va="center", color=MUTED, fontweight="bold")
    axes.set_xlim(0, len(names))
    axes.set_ylim(len(names), 0)
    axes.grid(visible=False)
    axes.tick_params(length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)
