"""Cumulative match curves.

Shape suffix: K ranks.
"""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from streid.artifacts import FloatArray
from streid.reporting.charts import LINE_STYLES, WIDE, Chart, Theme, draw_chart, legend_below
from streid.reporting.runs import ModelRun
from streid.reporting.streams import STREAM_TITLES, TIMES_ALONE, fusion_title, kind_title, stream_fusion, stream_kind

CMC_TICKS = (1, 2, 5, 10, 20, 50)


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
