"""Precision over recall, the mean of the queries.

Shape suffix: L recall levels.
"""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from streid.files.rankings import RECALL_LEVELS
from streid.reporting.figures.charts import WIDE, Chart, draw_chart
from streid.reporting.figures.stream_lines import Line, axis_start, draw_lines


def plot_precision(name: str, title: str, lines: Sequence[Line]) -> Chart:
    """Interpolated precision over recall of the lines that have a ranking.

    Args:
        name, title: of the group of lines, for the file name and for readers.
    """
    curves = [100 * line.ranking.precision_L for line in lines if line.ranking is not None]
    recall_L = np.linspace(0, 100, RECALL_LEVELS)
    start = axis_start((line.key, float(curve_L.min())) for line, curve_L in zip(lines, curves, strict=True))
    described = [
        f"{line.label} {curve_L[RECALL_LEVELS // 2]:.1f} % at half the matches, {curve_L[-1]:.1f} % at all"
        for line, curve_L in zip(lines, curves, strict=True)
    ]

    def paint(axes: Axes) -> None:
        draw_lines(axes, lines, [(recall_L, curve_L) for curve_L in curves], start)
        axes.set_xlim(0, 100)
        axes.set_xlabel("recall, %")
        axes.set_ylabel("precision, %")

    alt = f"Precision over recall of {title}: {'; '.join(described)}."
    return draw_chart(name=f"precision_{name}", title="Precision and recall", alt=alt, size=WIDE, paint=paint)
