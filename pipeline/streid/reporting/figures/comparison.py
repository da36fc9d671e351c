"""Charts that compare all streams of all models."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from streid.reporting.figures.charts import Chart, draw_chart
from streid.reporting.palette import LINE, stream_colour
from streid.reporting.runs import ModelRun
from streid.reporting.streams import APPEARANCE, TIMES_ALONE, kind_order, stream_fusion, stream_kind, stream_title
from streid.reporting.wording import percent
from streid.scoring.metric_records import METRICS

COMPARED_METRICS = ("rank1", "mAP")
FUSION_MARKS = "osD"
WIDTH = 420
ROW_HEIGHT, FRAME_HEIGHT, MODEL_HEIGHT = 30, 64, 44
ROW_SPREAD = 0.32
LEGEND_COLUMNS, LEGEND_ROW = 2, 17


def compare_streams(runs: Sequence[ModelRun]) -> list[Chart]:
    """Rank-1 and mAP with 95 % intervals, one chart each: all streams of one model, or the steps of several models."""
    return [
        _compare_models(name, runs) if len(runs) > 1 else _compare_metric(name, runs[0]) for name in COMPARED_METRICS
    ]


def _compare_metric(name: str, run: ModelRun) -> Chart:
    """A row for each stream, with its value."""
    rows = list(run.streams.items())
    labels = [stream_title(key) for key, _ in rows]

    def paint(axes: Axes) -> None:
        for height, (key, metrics) in enumerate(rows):
            value, (low, high) = 100 * metrics[name], (100 * limit for limit in metrics["ci95"][name])
            axes.plot([low, high], [height, height], color=stream_colour(key), linewidth=5, alpha=0.35)
            axes.plot(value, height, _fusion_mark(run, key), color=stream_colour(key), markersize=6)
            axes.annotate(
                f"{value:.1f}", (value, height), (0, 6), textcoords="offset points", ha="center", fontsize=8.5
            )
        axes.set_yticks(range(len(rows)), labels)
        axes.set_ylim(len(rows) - 0.5, -0.8)
        axes.margins(x=0.12)
        axes.grid(visible=False, axis="y")
        axes.spines["left"].set_visible(False)
        axes.set_xlabel("percent, bars: 95 % interval")

    values = _values(run, list(run.streams), name)
    title = METRICS[name].title
    size = (WIDTH, FRAME_HEIGHT + ROW_HEIGHT * len(rows))
    return draw_chart(name=f"compare_{name}", title=title, alt=f"{title}: {', '.join(values)}.", size=size, paint=paint)


def _compare_models(name: str, runs: Sequence[ModelRun]) -> Chart:
    """A row for each model, with its streams one below the other, without the times alone."""
    keys = list(dict.fromkeys(key for run in runs for key in run.streams if stream_kind(key) != TIMES_ALONE))
    keys.sort(key=kind_order)
    steps = dict(zip(keys, np.linspace(-ROW_SPREAD, ROW_SPREAD, len(keys)), strict=True))

    def paint(axes: Axes) -> None:
        for row, run in enumerate(runs):
            for key in (key for key in keys if key in run.streams):
                metrics, height, colour = run.streams[key], row + steps[key], stream_colour(key)
                axes.plot(
                    [100 * limit for limit in metrics["ci95"][name]],
                    [height] * 2,
                    color=colour,
                    linewidth=3,
                    alpha=0.35,
                )
                axes.plot(100 * metrics[name], height, _fusion_mark(run, key), color=colour, markersize=4.5)
        for key in keys:
            run = next(run for run in runs if key in run.streams)
            axes.plot([], [], _fusion_mark(run, key), color=stream_colour(key), label=stream_title(key))
        axes.set_yticks(range(len(runs)), [run.name for run in runs])
        axes.set_ylim(len(runs) - 0.5, -0.5)
        axes.grid(visible=False, axis="y")
        for edge in range(1, len(runs)):
            axes.axhline(edge - 0.5, color=LINE, linewidth=0.8)
        axes.spines["left"].set_visible(False)
        axes.set_xlabel("percent, bars: 95 % interval")
        axes.figure.legend(
            loc="outside lower center", ncols=LEGEND_COLUMNS, frameon=False, columnspacing=1.2, handlelength=1
        )

    described = [f"{run.name}: {', '.join(_values(run, keys, name))}" for run in runs]
    title = METRICS[name].title
    height = FRAME_HEIGHT + MODEL_HEIGHT * len(runs) + LEGEND_ROW * -(-len(keys) // LEGEND_COLUMNS)
    return draw_chart(
        name=f"compare_{name}", title=title, alt=f"{title}. {'; '.join(described)}.", size=(WIDTH, height), paint=paint
    )


def _values(run: ModelRun, keys: Sequence[str], name: str) -> list[str]:
    return [f"{stream_title(key)} {percent(run.streams[key][name])} %" for key in keys if key in run.streams]


def _fusion_mark(run: ModelRun, key: str) -> str:
    return FUSION_MARKS[0 if key == APPEARANCE else list(run.fusions).index(stream_fusion(key)) % len(FUSION_MARKS)]
