"""The lines of charts about ranked lists: what each shows, how it looks, and where the axis starts.

Shape suffix: X points of a drawn curve.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from streid.arrays import FloatArray
from streid.files.rankings import Ranking
from streid.reporting.figures.charts import legend_below
from streid.reporting.palette import LINE_STYLES, stream_colour, style_of
from streid.reporting.runs import ModelRun
from streid.reporting.streams import STREAM_TITLES, TIMES_ALONE, kind_title, stream_fusion, stream_kind


@dataclass(frozen=True, kw_only=True, eq=False)
class Line:
    """One line of a chart. number: of a model's line; None for a line in its stream's colour."""

    key: str
    label: str
    metrics: Mapping[str, Any]
    ranking: Ranking | None
    number: int | None = None

    def look(self) -> tuple[str, str]:
        """Colour and line style."""
        if self.number is not None:
            return style_of(self.number)
        kinds, kind = list(STREAM_TITLES), stream_kind(self.key)
        return stream_colour(self.key), LINE_STYLES[kinds.index(kind) % len(LINE_STYLES) if kind in kinds else 0]


def fusion_lines(run: ModelRun, fusion: str) -> list[Line]:
    """A line for each stream of one model under one fusion."""
    return [
        Line(key=key, label=kind_title(key), metrics=metrics, ranking=run.rankings.get(key))
        for key, metrics in run.streams.items()
        if stream_fusion(key) in ("", fusion)
    ]


def model_lines(runs: Sequence[ModelRun]) -> list[Line]:
    """A line for each model: its best stream."""
    return [
        Line(
            key=run.best_stream,
            label=run.name,
            metrics=run.streams[run.best_stream],
            ranking=run.rankings.get(run.best_stream),
            number=number,
        )
        for number, run in enumerate(runs)
    ]


def axis_start(lowest: Iterable[tuple[str, float]]) -> float:
    """The lower end of the axis, in percent: below the lowest curve. Curves of times alone do not count, because they
    would flatten the others.

    Args:
        lowest: the key of each curve's stream, and the curve's lowest value in percent.
    """
    found = list(lowest)
    least = min(value for key, value in found if len(found) == 1 or stream_kind(key) != TIMES_ALONE)
    return max(0.0, 10 * float(np.floor(least / 10)) - 5)


def draw_lines(
    axes: Axes, lines: Sequence[Line], curves: Sequence[tuple[FloatArray, FloatArray]], start: float
) -> None:
    """Draw lines of values in percent, from `start` up, with a legend."""
    for line, (across_X, up_X) in zip(lines, curves, strict=True):
        colour, style = line.look()
        label = line.label + (" (below)" if float(up_X.max()) < start else "")
        axes.plot(across_X, up_X, style, color=colour, label=label)
    axes.set_ylim(start, 100 + (100 - start) / 30)
    legend_below(axes, len(lines))
