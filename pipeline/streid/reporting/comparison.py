"""Charts that set every model's every stream beside each other."""

from collections.abc import Sequence

from matplotlib.axes import Axes

from streid.reporting.charts import WIDE, Chart, Theme, draw_chart
from streid.reporting.measured import METRIC_TITLES
from streid.reporting.runs import ModelRun
from streid.reporting.streams import APPEARANCE, stream_fusion, stream_title
from streid.reporting.wording import percent

COMPARED_METRICS = ("rank1", "mAP")
FUSION_MARKS = "osD"
ROW_HEIGHT, FRAME_HEIGHT = 30, 64


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
