"""The report's figures of results, training and pictures: what each shows and how it is drawn.

Shape suffixes: C cameras, K ranks.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullFormatter, NullLocator

from streid.artifacts import FloatArray
from streid.reporting.charts import LINE_STYLES, Chart, Theme, draw_chart, legend_below, style_of
from streid.reporting.measured import METRIC_TITLES
from streid.reporting.runs import ModelRun
from streid.reporting.streams import (
    APPEARANCE,
    STREAM_TITLES,
    TIMES_ALONE,
    fusion_title,
    kind_title,
    stream_fusion,
    stream_kind,
    stream_title,
)
from streid.reporting.wording import percent

COMPARED_METRICS = ("rank1", "mAP")
CURVES = {"loss": "Loss", "accuracy": "Accuracy on training pictures, %", "learning_rate": "Learning rate"}
VALIDATION_CURVES = {"val_rank1": "Held-out rank-1, %", "val_mAP": "Held-out mAP, %"}
SHARES = ("accuracy", "val_rank1", "val_mAP")
CMC_TICKS = (1, 2, 5, 10, 20, 50)
FUSION_MARKS = "osD"
WIDE, NARROW = (420, 270), (350, 230)
ROW_HEIGHT, FRAME_HEIGHT = 30, 64
SPLIT_TITLES = {"train": "training", "val": "held out", "query": "query", "gallery": "gallery"}


def compare_streams(runs: Sequence[ModelRun]) -> list[Chart]:
    """Rank-1 and mAP of every model and stream with their 95 % intervals, one chart each."""
    return [_compare_metric(name, runs) for name in COMPARED_METRICS]


def _compare_metric(name: str, runs: Sequence[ModelRun]) -> Chart:
    rows = [(run, key, metrics) for run in runs for key, metrics in run.streams.items()]
    labels = [stream_title(key) if len(runs) == 1 else f"{run.name}: {stream_title(key)}" for run, key, _ in rows]

    def paint(axes: Axes, theme: Theme) -> None:
        for height, (run, key, metrics) in enumerate(rows):
            value, (low, high) = 100 * metrics[name], (100 * limit for limit in metrics["ci95"][name])
            axes.plot([low, high], [height, height], color=theme.stream(key), linewidth=5, alpha=0.35)
            axes.plot(value, height, _fusion_mark(run, key), color=theme.stream(key), markersize=6)
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


def _fusion_mark(run: ModelRun, key: str) -> str:
    return FUSION_MARKS[0 if key == APPEARANCE else list(run.fusions).index(stream_fusion(key)) % len(FUSION_MARKS)]


def plot_match_curves(run: ModelRun) -> list[Chart]:
    """A model's cumulative match curves, a chart per fusion, all over the same axes.

    A curve is the share of queries with a right match among the first k ranks. The axes start below the
    lowest curve but those of the times alone, which would flatten the others.
    """
    curves = {key: 100 * np.asarray(metrics["cmc"], float) for key, metrics in run.streams.items()}
    lowest = min(curve_K[0] for key, curve_K in curves.items() if len(curves) == 1 or stream_kind(key) != TIMES_ALONE)
    floor = max(0.0, 10 * np.floor(lowest / 10) - 5)
    return [_plot_fusion_cmc(run.name, fusion, curves, floor, len(run.fusions) > 1) for fusion in run.fusions]


def _plot_fusion_cmc(model: str, fusion: str, curves: dict[str, FloatArray], floor: float, named: bool) -> Chart:
    shown = {key: curve_K for key, curve_K in curves.items() if stream_fusion(key) in ("", fusion)}
    kinds = list(STREAM_TITLES)

    def paint(axes: Axes, theme: Theme) -> None:
        for key, curve_K in shown.items():
            style = LINE_STYLES[kinds.index(stream_kind(key)) % len(LINE_STYLES) if stream_kind(key) in kinds else 0]
            label = kind_title(key) + (" (below)" if curve_K.max() < floor else "")
            axes.plot(np.arange(1, len(curve_K) + 1), curve_K, style, color=theme.stream(key), label=label)
        longest = max(len(curve_K) for curve_K in shown.values())
        axes.set_ylim(floor, 100 + (100 - floor) / 30)
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(FixedLocator([tick for tick in CMC_TICKS if tick <= longest]))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda rank, _: f"{rank:.0f}"))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.set_xlabel("first k ranks")
        axes.set_ylabel("queries with a right match, %")
        legend_below(axes, len(shown))

    title = f"{model}, {fusion_title(fusion)}" if named else model
    firsts = ", ".join(f"{kind_title(key)} {curve_K[0]:.1f} % at rank 1" for key, curve_K in shown.items())
    return draw_chart(
        name=f"cmc_{model}_{fusion}", title=title, alt=f"Match curves of {title}: {firsts}.", size=WIDE, paint=paint
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
