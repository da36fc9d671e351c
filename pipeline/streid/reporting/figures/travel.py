"""Charts of travel times: for each camera pair, st-ReID's histogram and the likelihood fusion's signed densities.

Right of the middle, people came to the lower-numbered camera first; left of it, to the other.

Shape suffixes: C cameras, B bins of the histogram, P unordered camera pairs, S signed bins of the densities,
X points of a drawn curve.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullLocator

from streid.arrays import FeatureArray, FloatArray
from streid.files.histograms import Histograms, Likelihood
from streid.reporting.figures.charts import Chart, Paint, draw_chart
from streid.reporting.palette import MUTED, style_of
from streid.reporting.wording import MINUS, Clock, count, percent_sign

MOST_PAIRS = 15
DRAWN_POINTS = 120
# The axis shows nearly all times, but at most QUICK_TIMES the longest time of the quickest quarter of the people.
# Otherwise a few who come back much later would squeeze all others into the middle.
COVERED_SHARE, QUICK_SHARE, QUICK_TIMES = 0.99, 0.25, 8
LEAST_TAIL = 0.005
LOW, HIGH = (200, 136), (200, 274)
DASHED = "--"
ARROW = "\N{RIGHTWARDS ARROW}"
ENDS = (0.98, 0.02)


@dataclass(frozen=True, kw_only=True)
class Travel:
    """The camera pairs people were counted for, most people first. named: the pairs after the
    first `MOST_PAIRS`, without a chart.

    densities: whether the charts also show the likelihood fusion's densities. tail: the people beyond the axes, in
    words; empty if there are hardly any.
    """

    charts: Sequence[Chart]
    named: Sequence[str]
    densities: bool
    tail: str


def plot_travel(histograms: Histograms, clock: Clock, *, densities: bool) -> Travel:
    """Draw how long people take between two cameras.

    Args:
        densities: also draw the likelihood fusion's densities, if it was fitted.
    """
    people = people_counted(histograms)
    pairs = sorted(people, key=lambda pair: -people[pair])
    if not pairs:
        return Travel(charts=(), named=(), densities=False, tail="")
    reach = common_reach(histograms)
    drawn = find_densities(histograms, pairs, reach, clock) if densities else None
    return Travel(
        charts=[_plot_pair(histograms, pair, reach, clock, drawn) for pair in pairs[:MOST_PAIRS]],
        named=[f"{histograms.cameras_C[a]} and {histograms.cameras_C[b]}" for a, b in pairs[MOST_PAIRS:]],
        densities=drawn is not None,
        tail=describe_tail(histograms, reach, clock),
    )


def people_counted(histograms: Histograms) -> dict[tuple[int, int], int]:
    """Camera pairs, as rows of the tables with the lower camera first -> people counted in either order, if any."""
    people_CC = histograms.counts_CCB.sum(axis=2)
    people = {pair: int(people_CC[pair] + people_CC[pair[::-1]]) for pair in combinations(range(len(people_CC)), 2)}
    return {pair: number for pair, number in people.items() if number}


def find_densities(
    histograms: Histograms, pairs: Sequence[tuple[int, int]], reach: int, clock: Clock
) -> "SignedDensities | None":
    """The likelihood fusion's densities of these pairs; None if it lacks one of their cameras or was not fitted."""
    likelihood, cameras_C = histograms.likelihood, histograms.cameras_C[np.unique(pairs)]
    if likelihood.neutral == 1 or not np.isin(cameras_C, likelihood.cameras_C).all():
        return None
    return SignedDensities.of(likelihood, reach * histograms.bin_width, clock)


def _plot_pair(
    histograms: Histograms, pair: tuple[int, int], reach: int, clock: Clock, drawn: "SignedDensities | None"
) -> Chart:
    first, second = (int(histograms.cameras_C[place]) for place in pair)
    orders = (pair[::-1], pair)
    counted = [int(histograms.counts_CCB[order].sum()) for order in orders]
    divisor, unit = clock.scale(reach * histograms.bin_width)
    parts_X = even_parts(0, reach)
    curves = [expected_people(histograms, *order, parts_X) for order in orders]
    times_X = np.array([(part.start + part.stop) / 2 for part in parts_X]) * histograms.bin_width / divisor
    top = max(float(curve_X.max()) for curve_X in curves) or 1.0

    def paint(axes: Axes) -> None:
        for number, (sign, curve_X) in enumerate(zip((1, -1), curves, strict=True)):
            colour, style = style_of(number)
            axes.fill_between(sign * times_X, curve_X / top, color=colour, alpha=0.25, linewidth=0)
            axes.plot(sign * times_X, curve_X / top, style, color=colour, linewidth=1.3)
        _mark_middle(axes, reach * histograms.bin_width / divisor)
        _hide_heights(axes, 1.3)
        for side, order, people in zip(ENDS, ((first, second), (second, first)), counted, strict=True):
            _write_corner(axes, side, f"{order[0]} {ARROW} {order[1]}: {people:,}")
        if drawn is None:
            axes.set_xlabel(unit, fontsize=8, labelpad=1)

    people = f"{count(counted[0], 'person', 'people')} came to {second} after {first}, {counted[1]:,} to {first} after "
    people += str(second)
    panels, described = drawn.panels(first, second) if drawn else ((), "")
    return draw_chart(
        name=f"travel_{first}_{second}",
        title=f"Cameras {first} and {second}",
        alt=f"Time between cameras {first} and {second}: {people}.{described}",
        size=HIGH if drawn else LOW,
        paint=paint,
        below=panels,
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class SignedDensities:
    """The likelihood fusion's tables, cut to the bins that are drawn; the ratios have one scale for all pairs.

    rows: two cameras' numbers, the lower first -> their row of the tables. parts_X: the bins of each drawn point, at
    times_X in `unit`, which is `divisor` times the data set's unit. reach: end of the axis, in `unit`.
    """

    same_PS: FeatureArray
    different_PS: FeatureArray
    ratio_PS: FeatureArray
    rows: Mapping[tuple[int, int], int]
    parts_X: Sequence[slice]
    times_X: FloatArray
    reach: float
    unit: str
    divisor: float
    clock: Clock

    @classmethod
    def of(cls, likelihood: Likelihood, span: float, clock: Clock, points: int = DRAWN_POINTS) -> "SignedDensities":
        """Cut the tables to time differences of up to `span`, in at most `points` points."""
        edges_S = likelihood.bins.edges()
        width_S = np.diff(edges_S) / likelihood.bin_width
        middle = likelihood.last_bin
        reach = min(middle, int(np.searchsorted(edges_S, span)) - middle)
        parts_X = even_parts(middle - reach, middle + reach + 1, points)
        divisor, unit = clock.scale(span)
        middles_X = np.array([(edges_S[part.start] + edges_S[part.stop]) / 2 for part in parts_X])
        return cls(
            same_PS=(likelihood.same_PS / width_S).astype(np.float32),
            different_PS=(likelihood.different_PS / width_S).astype(np.float32),
            ratio_PS=likelihood.pair_log_ratios(),
            rows={pair: row for row, pair in enumerate(combinations(likelihood.cameras_C.tolist(), 2))},
            parts_X=parts_X,
            times_X=middles_X / divisor,
            reach=span / divisor,
            unit=unit,
            divisor=divisor,
            clock=clock,
        )

    def panels(self, first: int, second: int) -> tuple[Sequence[Paint], str]:
        """Functions that draw two cameras' densities and, below them, their log ratio; and the ratio in words."""
        tables = (self.same_PS, self.different_PS)
        same_X, different_X = (self._at_points(table_PS[self.rows[first, second]]) for table_PS in tables)
        ratio_X = self.ratio_curve(first, second)
        top = max(float(same_X.max()), float(different_X.max())) or 1.0
        low, high = self._ratio_limits()

        def paint_densities(axes: Axes) -> None:
            colour, style = style_of(0)
            axes.fill_between(self.times_X, same_X / top, color=colour, alpha=0.25, linewidth=0)
            axes.plot(self.times_X, same_X / top, style, color=colour, linewidth=1.3)
            axes.plot(self.times_X, different_X / top, DASHED, color=MUTED, linewidth=1.3)
            _mark_middle(axes, self.reach)
            _hide_heights(axes, 1.12)

        def paint_ratio(axes: Axes) -> None:
            colour, style = style_of(1)
            axes.axhline(0, color=MUTED, linewidth=0.8)
            axes.plot(self.times_X, ratio_X, style, color=colour, linewidth=1.3)
            _mark_middle(axes, self.reach)
            axes.set_ylim(low, high)
            axes.yaxis.set_major_locator(MaxNLocator(nbins=4, integer=True))
            axes.tick_params(axis="y", labelsize=7.5, length=0, pad=-2)
            for label in axes.get_yticklabels():
                label.set(horizontalalignment="left", verticalalignment="bottom")
            axes.spines["left"].set_visible(False)
            axes.set_xlabel(self.unit, fontsize=8, labelpad=1)

        gap = self.clock.gap(round(self.times_X[int(np.argmax(ratio_X))] * self.divisor))
        lowest, highest = (f"{value:.1f}".replace("-", MINUS) for value in (ratio_X.min(), ratio_X.max()))
        described = f" Log ratio of one person to two people between {lowest} and {highest}, highest at {gap}."
        return (paint_densities, paint_ratio), described

    def ratio_curve(self, first: int, second: int) -> FloatArray:
        """The log ratio of two cameras' time differences at the drawn points (X,)."""
        return self._at_points(self.ratio_PS[self.rows[first, second]])

    def _at_points(self, values_S: FeatureArray) -> FloatArray:
        return np.array([values_S[part].mean() for part in self.parts_X])

    def _ratio_limits(self) -> tuple[float, float]:
        """The range of all pairs' drawn ratios, at least from -1 to 1, with a margin."""
        drawn = self.ratio_PS[:, self.parts_X[0].start : self.parts_X[-1].stop]
        low, high = min(float(drawn.min()), -1.0), max(float(drawn.max()), 1.0)
        return low - 0.08 * (high - low), high + 0.08 * (high - low)


def _mark_middle(axes: Axes, reach: float) -> None:
    axes.axvline(0, color=MUTED, linewidth=0.8)
    axes.set_xlim(-reach, reach)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=4, symmetric=True))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{abs(value):,.3g}"))


def _hide_heights(axes: Axes, top: float) -> None:
    axes.set_ylim(0, top)
    axes.yaxis.set_major_locator(NullLocator())
    axes.spines["left"].set_visible(False)


def _write_corner(axes: Axes, side: float, text: str) -> None:
    alignment = "right" if side > 0.5 else "left"
    axes.text(side, 0.99, text, transform=axes.transAxes, fontsize=8, ha=alignment, va="top")


def common_reach(histograms: Histograms) -> int:
    """How many bins the axes show: those of most people counted, with a margin for the smoothing."""
    reached_B = np.cumsum(histograms.counts_CCB.sum(axis=(0, 1)))
    covered, quick = (
        int(np.searchsorted(reached_B, share * reached_B[-1])) + 1 for share in (COVERED_SHARE, QUICK_SHARE)
    )
    covered = min(covered, QUICK_TIMES * quick)
    return min(len(reached_B), covered + min(round(histograms.sigma), max(1, covered // 4)))


def describe_tail(histograms: Histograms, reach: int, clock: Clock) -> str:
    """The share of the people who take longer than the axes show, and the longest time, in words."""
    people_B = histograms.counts_CCB.sum(axis=(0, 1))
    beyond = float(people_B[reach:].sum() / people_B.sum())
    if beyond < LEAST_TAIL:
        return ""
    bins = (reach, int(np.flatnonzero(people_B)[-1]) + 1)
    end, longest = (clock.gap(round(last * histograms.bin_width)).lstrip("+") for last in bins)
    return f"{percent_sign(beyond)} of the people took longer than the axes show ({end}), at most about {longest}."


def even_parts(start: int, stop: int, points: int = DRAWN_POINTS) -> list[slice]:
    """Cut the bins from `start` up to `stop` into at most `points` runs of about the same length."""
    edges = np.linspace(start, stop, min(points, stop - start) + 1).round().astype(int)
    return [slice(int(first), int(last)) for first, last in pairwise(edges)]


def expected_people(histograms: Histograms, later: int, earlier: int, parts_X: Sequence[slice]) -> FloatArray:
    """The smoothed distribution times the people counted, averaged over each run of bins."""
    people = histograms.counts_CCB[later, earlier].sum()
    return np.array([histograms.density_CCB[later, earlier, part].mean() * people for part in parts_X])
