"""How well scores separate right and wrong pairs, with and without times.

Shape suffixes: R right pairs, W wrong pairs, X bins of a drawn distribution.
"""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator, NullLocator

from streid.arrays import FeatureArray, FloatArray
from streid.reporting.figures.charts import NARROW, Chart, draw_chart, legend_below
from streid.reporting.palette import SERIES, stream_colour
from streid.reporting.runs import ModelRun
from streid.reporting.streams import stream_fusion, stream_title
from streid.reporting.wording import percent
from streid.scoring.breakdown import Separation, separation

COLUMNS = ("Model, stream", "ROC-AUC", "Wrong pairs above the median right one, per 10,000")
BINS = 60
TAIL = 0.002


def separate_streams(run: ModelRun) -> dict[str, Separation]:
    """Stream key -> its right and wrong pairs, for the streams that have both."""
    found = {key: separation(run.rankings[key]) for key in run.streams if key in run.rankings}
    return {key: one for key, one in found.items() if one is not None}


def separation_rows(
    separated: Mapping[str, Mapping[str, Separation]],
) -> list[tuple[str, tuple[str, ...]]]:
    """A table of every model's every stream (`separated`: model -> stream key -> its pairs)."""
    return [
        (f"{model}: {stream_title(key)}", (f"{one.auc:.4f}", f"{10000 * one.above:.1f}"))
        for model, streams in separated.items()
        for key, one in streams.items()
    ]


def plot_separation(model: str, streams: Mapping[str, Separation]) -> list[Chart]:
    """A chart for each stream of one model, sorted by fusion: how often scores occur in right and in wrong pairs."""
    fusions = list(dict.fromkeys(stream_fusion(key) for key in streams))
    ordered = sorted(streams, key=lambda key: fusions.index(stream_fusion(key)))
    return [_plot_stream(model, key, streams[key]) for key in ordered]


def _plot_stream(model: str, key: str, one: Separation) -> Chart:
    edges_X = _edges(one)
    middles_X = (edges_X[1:] + edges_X[:-1]) / 2
    right_X, wrong_X = (_shares(scores, edges_X) for scores in (one.right_R, one.wrong_W))

    def paint(axes: Axes) -> None:
        colour = stream_colour(key)
        axes.fill_between(middles_X, right_X, step="mid", color=colour, alpha=0.25, linewidth=0)
        axes.step(middles_X, right_X, where="mid", color=colour, linewidth=1.5, label="right pairs")
        axes.step(middles_X, wrong_X, "--", where="mid", color=SERIES[1], linewidth=1.5, label="wrong pairs")
        axes.set_ylim(0, 1.2)
        axes.yaxis.set_major_locator(NullLocator())
        axes.spines["left"].set_visible(False)
        axes.xaxis.set_major_locator(MaxNLocator(nbins=6))
        axes.set_xlabel("score")
        axes.text(0.99, 0.99, f"ROC-AUC {one.auc:.3f}", transform=axes.transAxes, ha="right", va="top", fontsize=8.5)
        legend_below(axes, 2)

    middle_right, middle_wrong = (f"{float(np.median(scores)):.3g}" for scores in (one.right_R, one.wrong_W))
    alt = (
        f"Scores of {len(one.right_R):,} right and {len(one.wrong_W):,} wrong pairs, {model}, {stream_title(key)}: the "
        f"median right pair has {middle_right}, the median wrong one {middle_wrong}; a right pair scores above a wrong "
        f"one in {percent(one.auc)} % of cases."
    )
    name = f"pairs_{model}_{key.replace('/', '_')}"
    return draw_chart(name=name, title=stream_title(key), alt=alt, size=NARROW, paint=paint)


def _edges(one: Separation) -> FloatArray:
    """Even bins over the scores; the outermost scores of each kind fall into the first or the last bin."""
    ends = np.quantile(one.right_R, (TAIL, 1 - TAIL)), np.quantile(one.wrong_W, (TAIL, 1 - TAIL))
    low, high = min(end[0] for end in ends), max(end[1] for end in ends)
    return np.linspace(low, high if high > low else low + 1, BINS + 1)


def _shares(scores: FeatureArray, edges_X: FloatArray) -> FloatArray:
    """How often the scores fall into each bin, as a share of the fullest bin."""
    counts_X = np.histogram(np.clip(scores, edges_X[0], edges_X[-1]), edges_X)[0]
    shares_X: FloatArray = counts_X / max(1, counts_X.max())
    return shares_X
