"""How well right matches are found: match curves, precision over recall, and every query's average precision.

Shape suffixes: K ranks, L recall levels, X points of a drawn curve.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from streid.arrays import FloatArray
from streid.files.rankings import Ranking
from streid.reporting.figures.charts import WIDE, Chart, draw_chart, legend_below
from streid.reporting.palette import LINE_STYLES, stream_colour, style_of
from streid.reporting.runs import ModelRun
from streid.reporting.streams import STREAM_TITLES, TIMES_ALONE, fusion_title, kind_title, stream_fusion, stream_kind
from streid.reporting.wording import percent
from streid.scoring.breakdown import RECALL_LEVELS, precision_recall

CMC_TICKS = (1, 2, 5, 10, 20, 50)
DRAWN_QUERIES = 200
ALL_MODELS = "models"


@dataclass(frozen=True, kw_only=True, eq=False)
class Line:
    """What one line of the charts stands for; number: of a model's line, None for one in its stream's colour."""

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


@dataclass(frozen=True, kw_only=True, eq=False)
class MatchCharts:
    """Match curves, precision over recall and sorted average precisions of the same lines."""

    title: str
    charts: Sequence[Chart]


def plot_matches(run: ModelRun, fusion: str) -> MatchCharts:
    """The streams of one model under one fusion beside each other."""
    lines = [
        Line(key=key, label=kind_title(key), metrics=metrics, ranking=run.rankings.get(key))
        for key, metrics in run.streams.items()
        if stream_fusion(key) in ("", fusion)
    ]
    title = f"{run.name}, {fusion_title(fusion)}" if len(run.fusions) > 1 else run.name
    return _draw_all(f"{run.name}_{fusion}", title, lines, _floor(_firsts(run.streams.items())))


def compare_models(runs: Sequence[ModelRun]) -> MatchCharts | None:
    """The last stream of every model's main fusion beside each other; None where there is one model only."""
    if len(runs) < 2:
        return None
    lines = [
        Line(
            key=run.final_stream,
            label=run.name,
            metrics=run.streams[run.final_stream],
            ranking=run.rankings.get(run.final_stream),
            number=number,
        )
        for number, run in enumerate(runs)
    ]
    floor = _floor(_firsts((line.key, line.metrics) for line in lines))
    return _draw_all(ALL_MODELS, "All models", lines, floor)


def _floor(lowest: Iterable[tuple[str, float]]) -> float:
    """Where curves begin: below the lowest but those of the times alone, which would flatten the others.

    Args:
        lowest: of each curve its stream's key and its lowest value, in percent.
    """
    found = list(lowest)
    least = min(value for key, value in found if len(found) == 1 or stream_kind(key) != TIMES_ALONE)
    return max(0.0, 10 * float(np.floor(least / 10)) - 5)


def _firsts(streams: Iterable[tuple[str, Mapping[str, Any]]]) -> list[tuple[str, float]]:
    """Of each stream its key and its rank-1, where its match curve is lowest, in percent."""
    return [(key, 100 * float(metrics["cmc"][0])) for key, metrics in streams]


def _draw_all(name: str, title: str, lines: Sequence[Line], floor: float) -> MatchCharts:
    ranked = [line for line in lines if line.ranking is not None]
    charts = [_plot_cmc(name, title, lines, floor)]
    if ranked:
        charts += [_plot_precision(name, title, ranked), _plot_queries(name, title, ranked)]
    return MatchCharts(title=title, charts=charts)


def _plot_cmc(name: str, title: str, lines: Sequence[Line], floor: float) -> Chart:
    """The share of queries with a right match among the first k ranks."""
    curves = [100 * np.asarray(line.metrics["cmc"], float) for line in lines]

    def paint(axes: Axes) -> None:
        for line, curve_K in zip(lines, curves, strict=True):
            colour, style = line.look()
            label = _label(line, float(curve_K.max()), floor)
            axes.plot(np.arange(1, len(curve_K) + 1), curve_K, style, color=colour, label=label)
        longest = max(len(curve_K) for curve_K in curves)
        axes.set_ylim(floor, 100 + (100 - floor) / 30)
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(FixedLocator([tick for tick in CMC_TICKS if tick <= longest]))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda rank, _: f"{rank:.0f}"))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.set_xlabel("first k ranks")
        axes.set_ylabel("queries with a right match, %")
        legend_below(axes, len(lines))

    firsts = ", ".join(
        f"{line.label} {curve_K[0]:.1f} % at rank 1" for line, curve_K in zip(lines, curves, strict=True)
    )
    alt = f"Match curves of {title}: {firsts}."
    return draw_chart(name=f"cmc_{name}", title="Match curves", alt=alt, size=WIDE, paint=paint)


def _plot_precision(name: str, title: str, lines: Sequence[Line]) -> Chart:
    """Interpolated precision over recall, averaged over the queries."""
    curves = [100 * precision_recall(line.ranking) for line in lines if line.ranking is not None]
    recall_L = np.linspace(0, 100, RECALL_LEVELS)
    floor = _floor((line.key, float(curve_L.min())) for line, curve_L in zip(lines, curves, strict=True))
    told = [
        f"{line.label} {curve_L[RECALL_LEVELS // 2]:.1f} % at half the matches, {curve_L[-1]:.1f} % at all"
        for line, curve_L in zip(lines, curves, strict=True)
    ]

    def paint(axes: Axes) -> None:
        _plot_lines(axes, lines, [(recall_L, curve_L) for curve_L in curves], floor)
        axes.set_xlabel("recall, %")
        axes.set_ylabel("precision, %")

    alt = f"Precision over recall of {title}: {'; '.join(told)}."
    return draw_chart(name=f"precision_{name}", title="Precision and recall", alt=alt, size=WIDE, paint=paint)


def _plot_queries(name: str, title: str, lines: Sequence[Line]) -> Chart:
    """Average precision of every query, sorted."""
    curves = [_sorted_precisions(line.ranking) for line in lines if line.ranking is not None]
    told = [
        f"{line.label}: a tenth of the queries below {percent(tenth)} %, half below {percent(half)} %"
        for line, (_, curve_X) in zip(lines, curves, strict=True)
        for tenth, half in [np.quantile(curve_X, (0.1, 0.5)) / 100]
    ]

    def paint(axes: Axes) -> None:
        _plot_lines(axes, lines, curves, floor=0)
        axes.set_xlabel("queries, the worst first, %")
        axes.set_ylabel("average precision, %")

    alt = f"Sorted average precision of {title}. {'; '.join(told)}."
    return draw_chart(name=f"queries_{name}", title="Every query, sorted", alt=alt, size=WIDE, paint=paint)


def _sorted_precisions(ranking: Ranking) -> tuple[FloatArray, FloatArray]:
    """Average precisions in ascending order over the share of queries, both in percent, in at most DRAWN_QUERIES."""
    ap_X = np.sort(100 * ranking.ap_Q[np.isfinite(ranking.ap_Q)])
    share_X = 100 * (np.arange(len(ap_X)) + 0.5) / len(ap_X)
    kept = np.unique(np.linspace(0, len(ap_X) - 1, min(len(ap_X), DRAWN_QUERIES)).round().astype(int))
    return share_X[kept], ap_X[kept]


def _plot_lines(
    axes: Axes, lines: Sequence[Line], curves: Sequence[tuple[FloatArray, FloatArray]], floor: float
) -> None:
    """Lines in percent over percent, from `floor` up."""
    for line, (across_X, up_X) in zip(lines, curves, strict=True):
        colour, style = line.look()
        axes.plot(across_X, up_X, style, color=colour, label=_label(line, float(up_X.max()), floor))
    axes.set_xlim(0, 100)
    axes.set_ylim(floor, 100 + (100 - floor) / 30)
    legend_below(axes, len(lines))


def _label(line: Line, highest: float, floor: float) -> str:
    """What the legend says: also that a curve lies below what is drawn."""
    return line.label + (" (below)" if highest < floor else "")
