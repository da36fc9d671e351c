"""Match curves: how many queries have a right match among their first k ranks.

Shape suffix: K ranks.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from streid.reporting.figures.charts import WIDE, Chart, draw_chart
from streid.reporting.figures.stream_lines import Line, axis_start, draw_lines

TICKS = (1, 2, 5, 10, 20, 50)


def plot_match_curve(name: str, title: str, lines: Sequence[Line], start: float) -> Chart:
    """The share of queries with a right match among the first k ranks.

    Args:
        name, title: of the group of lines, for the file name and for readers.
        start: lower end of the vertical axis, in percent (`match_curve_start`).
    """
    curves = [100 * np.asarray(line.metrics["cmc"], float) for line in lines]

    def paint(axes: Axes) -> None:
        draw_lines(axes, lines, [(np.arange(1.0, len(curve_K) + 1), curve_K) for curve_K in curves], start)
        longest = max(len(curve_K) for curve_K in curves)
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(FixedLocator([tick for tick in TICKS if tick <= longest]))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda rank, _: f"{rank:.0f}"))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.set_xlabel("first k ranks")
        axes.set_ylabel("queries with a match, %")

    firsts = [f"{line.label} {curve_K[0]:.1f} % at rank 1" for line, curve_K in zip(lines, curves, strict=True)]
    alt = f"Match curves of {title}: {', '.join(firsts)}."
    return draw_chart(name=f"cmc_{name}", title="Match curves", alt=alt, size=WIDE, paint=paint)


def match_curve_start(streams: Iterable[tuple[str, Mapping[str, Any]]]) -> float:
    """The lower end of the axis for the curves of these streams (key, metrics): each curve is lowest at rank 1."""
    return axis_start((key, 100 * float(metrics["cmc"][0])) for key, metrics in streams)
