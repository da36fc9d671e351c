"""The report's figures: what each shows and how it is drawn.

Shape suffixes: C cameras, B bins, X points of a drawn curve.
"""

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullFormatter, NullLocator

from streid.artifacts import FloatArray
from streid.reporting.charts import LINE_STYLES, Chart, Theme, draw_chart, legend_below, style_of
from streid.reporting.runs import METRIC_TITLES, ModelRun, stream_order, stream_title
from streid.reporting.wording import Clock, count, percent
from streid.tables import Histograms

TIMES_ALONE = "spatiotemporal"
COMPARED_METRICS = ("rank1", "mAP")
CURVES = {"loss": "Loss", "accuracy": "Accuracy on training pictures, %", "learning_rate": "Learning rate"}
VALIDATION_CURVES = {"val_rank1": "Held-out rank-1, %", "val_mAP": "Held-out mAP, %"}
SHARES = ("accuracy", "val_rank1", "val_mAP")
CMC_TICKS = (1, 2, 5, 10, 20, 50)
MOST_PAIRS = 28
DRAWN_POINTS = 120
COVERED_SHARE = 0.99
WIDE, NARROW, SMALL = (420, 270), (350, 230), (200, 136)
ROW_HEIGHT, FRAME_HEIGHT = 30, 64
SPLIT_TITLES = {"train": "training", "val": "held out", "query": "query", "gallery": "gallery"}


def compare_streams(runs: Sequence[ModelRun]) -> list[Chart]:
    """Rank-1 and mAP of every model and stream with their 95 % intervals, one chart each."""
    return [_compare_metric(name, runs) for name in COMPARED_METRICS]


def _compare_metric(name: str, runs: Sequence[ModelRun]) -> Chart:
    rows = [(run, stream, metrics) for run in runs for stream, metrics in run.streams.items()]
    labels = [
        stream_title(stream) if len(runs) == 1 else f"{run.name}: {stream_title(stream)}" for run, stream, _ in rows
    ]

    def paint(axes: Axes, theme: Theme) -> None:
        for height, (_, stream, metrics) in enumerate(rows):
            value, (low, high) = 100 * metrics[name], (100 * limit for limit in metrics["ci95"][name])
            axes.plot([low, high], [height, height], color=theme.stream(stream), linewidth=5, alpha=0.35)
            axes.plot(value, height, "o", color=theme.stream(stream), markersize=6)
            axes.annotate(
                f"{value:.1f}", (value, height), (0, 6), textcoords="offset points", ha="center", fontsize=8.5
            )
        axes.set_yticks(range(len(rows)), labels)
        axes.set_ylim(len(rows) - 0.5, -0.8)
        axes.margins(x=0.12)
        axes.grid(visible=False, axis="y")
        axes.spines["left"].set_visible(False)
        axes.set_xlabel("percent, bars: 95 % interval")

    values = [f"{label} {percent(metrics[name])} %" for label, (_, _, metrics) in zip(labels, rows, strict=True)]
    title = METRIC_TITLES[name]
    size = (WIDE[0], FRAME_HEIGHT + ROW_HEIGHT * len(rows))
    return draw_chart(name=f"compare_{name}", title=title, alt=f"{title}: {', '.join(values)}.", size=size, paint=paint)


def plot_cmc(run: ModelRun) -> Chart:
    """A model's cumulative match curve per stream: the share of queries with a right match among the first k.

    The axis starts below the lowest curve but that of the times alone, which would flatten the others.
    """
    streams = {name: 100 * np.asarray(metrics["cmc"], float) for name, metrics in run.streams.items()}
    lowest = min(curve_K[0] for name, curve_K in streams.items() if len(streams) == 1 or name != TIMES_ALONE)
    floor = max(0.0, 10 * np.floor(lowest / 10) - 5)

    def paint(axes: Axes, theme: Theme) -> None:
        for stream in sorted(streams, key=stream_order):
            curve_K = streams[stream]
            style = LINE_STYLES[stream_order(stream)[0] % len(LINE_STYLES)]
            ranks_K = np.arange(1, len(curve_K) + 1)
            label = stream_title(stream) + (" (below)" if curve_K.max() < floor else "")
            axes.plot(ranks_K, curve_K, style, color=theme.stream(stream), label=label)
        longest = max(len(curve_K) for curve_K in streams.values())
        axes.set_ylim(floor, 100 + (100 - floor) / 30)
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(FixedLocator([tick for tick in CMC_TICKS if tick <= longest]))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda rank, _: f"{rank:.0f}"))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.set_xlabel("first k ranks")
        axes.set_ylabel("queries with a right match, %")
        legend_below(axes, len(streams))

    firsts = ", ".join(f"{stream_title(name)} {curve_K[0]:.1f} % at rank 1" for name, curve_K in streams.items())
    return draw_chart(
        name=f"cmc_{run.name}", title=run.name, alt=f"Match curves of {run.name}: {firsts}.", size=WIDE, paint=paint
    )


def plot_training(runs: Sequence[ModelRun]) -> list[Chart]:
    """Loss, accuracy, learning rate and, where measured, held-out results over the epochs; a line per model."""
    histories = {run.name: run.history for run in runs if run.history is not None}
    charts = []
    for column, title in (CURVES | VALIDATION_CURVES).items():
        known = {name: history for name, history in histories.items() if column in history.columns}
        if known:
            charts.append(_plot_history(column, title, known))
    return charts


def _plot_history(column: str, title: str, histories: dict[str, pd.DataFrame]) -> Chart:
    factor = 100 if column in SHARES else 1

    def paint(axes: Axes, theme: Theme) -> None:
        for number, (name, history) in enumerate(histories.items()):
            colour, style = style_of(number, theme)
            marker = "o" if len(history) == 1 else ""
            axes.plot(history["epoch"], factor * history[column], style, marker=marker, color=colour, label=name)
        axes.set_xlabel("epoch")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))
        if column == "learning_rate" and all((history[column] > 0).all() for history in histories.values()):
            axes.set_yscale("log")
            axes.yaxis.set_major_formatter(FuncFormatter(lambda rate, _: f"{rate:g}"))
            axes.yaxis.set_minor_formatter(NullFormatter())
        legend_below(axes, len(histories))

    ends = [f"{name} ends at {factor * history[column].iloc[-1]:.3g}" for name, history in histories.items()]
    alt = f"{title} over the epochs: {', '.join(ends)}."
    return draw_chart(name=f"training_{column}", title=title, alt=alt, size=NARROW, paint=paint)


def plot_cameras(manifest: pd.DataFrame) -> Chart:
    """Pictures per camera, stacked by split."""
    table = pd.crosstab(manifest["camid"], manifest["split"])
    splits = [split for split in SPLIT_TITLES if split in table.columns]

    def paint(axes: Axes, theme: Theme) -> None:
        below_C = np.zeros(len(table))
        for number, split in enumerate(splits):
            colour, _ = style_of(number, theme)
            axes.bar(
                range(len(table)), table[split], bottom=below_C, color=colour, label=SPLIT_TITLES[split], width=0.7
            )
            below_C += table[split].to_numpy()
        axes.set_xticks(range(len(table)), [str(camera) for camera in table.index])
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
        axes.grid(visible=False, axis="x")
        axes.set_xlabel("camera")
        legend_below(axes, len(splits), columns=4)

    totals = ", ".join(f"camera {camera} {total:,}" for camera, total in table.sum(axis=1).items())
    return draw_chart(
        name="pictures_per_camera", title="Pictures per camera", alt=f"Pictures: {totals}.", size=WIDE, paint=paint
    )


def plot_travel(histograms: Histograms, clock: Clock) -> tuple[list[Chart], int]:
    """How long people take between two cameras, one small chart per pair.

    Returns:
        The charts of the pairs most people were counted for, by camera, and how many pairs were counted.
    """
    counts_CC = histograms.counts_CCB.sum(axis=2)
    pairs = [
        (a, b) for a, b in combinations(range(len(histograms.cameras_C)), 2) if counts_CC[a, b] + counts_CC[b, a] > 0
    ]
    shown = sorted(sorted(pairs, key=lambda pair: -(counts_CC[pair] + counts_CC[pair[::-1]]))[:MOST_PAIRS])
    if not shown:
        return [], 0
    reach = _common_reach(histograms)
    return [_plot_pair(histograms, first, second, reach, clock) for first, second in shown], len(pairs)


def _plot_pair(histograms: Histograms, first: int, second: int, reach: int, clock: Clock) -> Chart:
    numbers = int(histograms.cameras_C[first]), int(histograms.cameras_C[second])
    counted = [
        int(histograms.counts_CCB[later, earlier].sum()) for later, earlier in ((second, first), (first, second))
    ]
    divisor, unit = clock.scale(reach * histograms.bin_width)
    curves = [
        _expected_people(histograms, later, earlier, reach) for later, earlier in ((second, first), (first, second))
    ]
    times_X = np.linspace(0, reach * histograms.bin_width, len(curves[0])) / divisor
    top = max(float(curve_X.max()) for curve_X in curves) or 1.0

    def paint(axes: Axes, theme: Theme) -> None:
        for number, (sign, curve_X) in enumerate(zip((1, -1), curves, strict=True)):
            colour, style = style_of(number, theme)
            axes.fill_between(sign * times_X, curve_X / top, color=colour, alpha=0.25, linewidth=0)
            axes.plot(sign * times_X, curve_X / top, style, color=colour, linewidth=1.3)
        axes.axvline(0, color=theme.muted, linewidth=0.8)
        axes.set_ylim(0, 1.3)
        axes.set_xlim(-times_X[-1], times_X[-1])
        axes.yaxis.set_major_locator(NullLocator())
        axes.spines["left"].set_visible(False)
        axes.xaxis.set_major_locator(MaxNLocator(nbins=4, symmetric=True))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{abs(value):,.3g}"))
        arrow = "\N{RIGHTWARDS ARROW}"
        for side, order, people in ((0.98, numbers, counted[0]), (0.02, numbers[::-1], counted[1])):
            text = f"{order[0]} {arrow} {order[1]}: {people:,}"
            axes.text(
                side, 0.99, text, transform=axes.transAxes, fontsize=8, ha="right" if side > 0.5 else "left", va="top"
            )
        axes.set_xlabel(unit, fontsize=8, labelpad=1)

    people = [f"{count(counted[0], 'person', 'people')} came to {numbers[1]} after {numbers[0]}"]
    people.append(f"{counted[1]:,} to {numbers[0]} after {numbers[1]}")
    alt = f"Time between cameras {numbers[0]} and {numbers[1]}: {', '.join(people)}."
    name = f"travel_{numbers[0]}_{numbers[1]}"
    return draw_chart(name=name, title=f"Cameras {numbers[0]} and {numbers[1]}", alt=alt, size=SMALL, paint=paint)


def _common_reach(histograms: Histograms) -> int:
    """Bins that hold `COVERED_SHARE` of all people counted, with room for the smoothing."""
    reached_B = np.cumsum(histograms.counts_CCB.sum(axis=(0, 1)))
    covered = int(np.searchsorted(reached_B, COVERED_SHARE * reached_B[-1])) + 1
    return min(len(reached_B), covered + round(histograms.sigma))


def _expected_people(histograms: Histograms, later: int, earlier: int, reach: int) -> FloatArray:
    """The smoothed distribution times the people counted, averaged down to at most `DRAWN_POINTS` points."""
    people = histograms.counts_CCB[later, earlier].sum()
    curve_B = histograms.density_CCB[later, earlier, :reach] * people
    parts = np.array_split(curve_B, min(DRAWN_POINTS, reach))
    return np.array([part.mean() for part in parts])
