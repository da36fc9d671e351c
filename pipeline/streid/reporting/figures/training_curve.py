"""Charts of the models' training, epoch by epoch."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from streid.reporting.figures.charts import NARROW, Chart, draw_chart, legend_below
from streid.reporting.measured import SPEED
from streid.reporting.palette import style_of
from streid.reporting.runs import ModelRun

TITLES = {
    "loss": "Loss",
    "accuracy": "Accuracy on training pictures, %",
    "val_rank1": "Held-out rank-1, %",
    "val_mAP": "Held-out mAP, %",
    "learning_rate": "Learning rate",
    SPEED: "Pictures per second",
}
SHARES = ("accuracy", "val_rank1", "val_mAP")
LEGEND_COLUMNS, LEGEND_ROW = 2, 17
WHOLE_FROM = 100
# The axis is logarithmic if the highest rate is this many times the lowest; from the second on, it shows powers of ten.
LOGARITHMIC_FROM, POWERS_FROM = 20, 1000


def plot_training(runs: Sequence[ModelRun]) -> list[Chart]:
    """Loss, accuracy, held-out results, learning rate and speed over the epochs, where known; a line per model."""
    histories = trained(runs)
    charts = []
    for column, title in TITLES.items():
        known = {name: history for name, history in histories.items() if measured(history, column)}
        if known:
            # Each model's number decides its colour, so it is the same in every chart.
            numbers = [number for number, name in enumerate(histories) if name in known]
            charts.append(_plot_history(column, title, known, numbers))
    return charts


def trained(runs: Sequence[ModelRun]) -> dict[str, pd.DataFrame]:
    """The histories of the models that were trained here, by name."""
    return {run.name: run.history for run in runs if run.history is not None}


def measured(history: pd.DataFrame, column: str) -> bool:
    """Whether a history has a value in this column."""
    return column in history.columns and bool(history[column].notna().any())


def last_measured(history: pd.DataFrame, column: str) -> float:
    """A column's last measured value; NaN if there is none."""
    known = history[column].dropna() if column in history.columns else pd.Series(dtype=float)
    return float(known.iloc[-1]) if len(known) else np.nan


def short_number(value: float) -> str:
    """Three digits, or a whole number from 100 on."""
    return f"{value:,.0f}" if abs(value) >= WHOLE_FROM else f"{value:.3g}"


def _plot_history(column: str, title: str, histories: Mapping[str, pd.DataFrame], numbers: Sequence[int]) -> Chart:
    factor = 100 if column in SHARES else 1

    def paint(axes: Axes) -> None:
        for number, (name, history) in zip(numbers, histories.items(), strict=True):
            colour, style = style_of(number)
            known = history[history[column].notna()]
            marker = "o" if len(known) == 1 else ""
            axes.plot(known["epoch"], factor * known[column], style, marker=marker, color=colour, label=name)
        axes.set_xlabel("epoch")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))
        if column == "learning_rate":
            _scale_rates(axes, pd.concat([history[column].dropna() for history in histories.values()]))
        if column == SPEED:
            axes.set_ylim(bottom=0)
        legend_below(axes, len(histories), LEGEND_COLUMNS)

    ends = [
        f"{name} ends at {short_number(factor * last_measured(history, column))}" for name, history in histories.items()
    ]
    alt = f"{title} over the epochs: {', '.join(ends)}."
    legend_rows = -(-len(histories) // LEGEND_COLUMNS)
    size = (NARROW[0], NARROW[1] + LEGEND_ROW * (legend_rows - 1))
    return draw_chart(name=f"training_{column}", title=title, alt=alt, size=size, paint=paint)


def _scale_rates(axes: Axes, rates: pd.Series) -> None:
    """Make the vertical axis of learning rates logarithmic if they differ much; it always has numbers."""
    lowest, highest = float(rates.min()), float(rates.max())
    if lowest > 0 and highest >= LOGARITHMIC_FROM * lowest:
        axes.set_yscale("log")
        few = highest < POWERS_FROM * lowest
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if few else (1,), numticks=6 if not few else 12))
        axes.yaxis.set_minor_formatter(NullFormatter())
    elif lowest == highest:
        axes.set_yticks([lowest])
    else:
        axes.yaxis.set_major_locator(MaxNLocator(nbins=5))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda rate, _: f"{rate:g}"))
