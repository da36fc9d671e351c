"""The average precision of every query, sorted.

Shape suffix: X points of a drawn curve.
"""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from streid.arrays import FloatArray
from streid.files.rankings import Ranking
from streid.reporting.figures.charts import WIDE, Chart, draw_chart
from streid.reporting.figures.stream_lines import Line, draw_lines
from streid.reporting.wording import percent

DRAWN_QUERIES = 200


def plot_queries(name: str, title: str, lines: Sequence[Line]) -> Chart:
    """Average precision of every query, of the lines that have a ranking.

    Args:
        name, title: of the group of lines, for the file name and for readers.
    """
    curves = [sorted_precisions(line.ranking) for line in lines if line.ranking is not None]
    described = [
        f"{line.label}: a tenth of the queries below {percent(tenth)} %, half below {percent(half)} %"
        for line, (_, curve_X) in zip(lines, curves, strict=True)
        for tenth, half in [np.quantile(curve_X, (0.1, 0.5)) / 100]
    ]

    def paint(axes: Axes) -> None:
        draw_lines(axes, lines, curves, start=0)
        axes.set_xlim(0, 100)
        axes.set_xlabel("queries, the worst first, %")
        axes.set_ylabel("average precision, %")

    alt = f"Sorted average precision of {title}. {'; '.join(described)}."
    return draw_chart(name=f"queries_{name}", title="Every query, sorted", alt=alt, size=WIDE, paint=paint)


def sorted_precisions(ranking: Ranking) -> tuple[FloatArray, FloatArray]:
    """Average precisions, ascending, over the share of queries; both in percent, in at most DRAWN_QUERIES points."""
    ap_X = np.sort(100 * ranking.ap_Q[np.isfinite(ranking.ap_Q)])
    share_X = 100 * (np.arange(len(ap_X)) + 0.5) / len(ap_X)
    kept = np.unique(np.linspace(0, len(ap_X) - 1, min(len(ap_X), DRAWN_QUERIES)).round().astype(int))
    return share_X[kept], ap_X[kept]
