"""Charts and a table of the models' training, epoch by epoch."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullFormatter

from streid.reporting.figures.charts import NARROW, Chart, draw_chart, legend_below
from streid.reporting.measured import HISTORY_COLUMNS, SPEED
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
NONE = "\N{EN DASH}"


def plot_training(runs: Sequence[ModelRun]) -> list[Chart]:
    """Loss, accuracy, held-out results, learning rate and speed over the epochs, as far as known; a line per model."""
    histories = _histories(runs)
    charts = []
    for column, title in TITLES.items():
        known = {name: history for name, history in histories.items() if _measured(history, column)}
        if known:
            # Each model's number is its colour, in every chart the same.
            numbers = [number for number, name in enumerate(histories) if name in known]
            charts.append(_plot_history(column, title, known, numbers))
    return charts


def training_rows(runs: Sequence[ModelRun]) -> list[tuple[str, tuple[str, ...]]]:
    """Each model's epochs, what it ended with, in the order of `HISTORY_COLUMNS`, and its middle speed."""
    rows = []
    for name, history in _histories(runs).items():
        ends = [_shown(column, _last(history, column)) for column in HISTORY_COLUMNS]
        speed = float(history[SPEED].median()) if _measured(history, SPEED) else np.nan
        rows.append((name, (f"{len(history):,}", *ends, _shown(SPEED, speed))))
    return rows


def _histories(runs: Sequence[ModelRun]) -> dict[str, pd.DataFrame]:
    return {run.name: run.history for run in runs if run.history is not None}


def _measured(history: pd.DataFrame, column: str) -> bool:
    return column in history.columns and bool(history[column].notna().any())


def _last(history: pd.DataFrame, column: str) -> float:
    """A column's last value that was measured, NaN where there is none."""
    known = history[column].dropna() if column in history.columns else pd.Series(dtype=float)
    return float(known.iloc[-1]) if len(known) else np.nan


def _shown(column: str, value: float) -> str:
    if not np.isfinite(value):
        return NONE
    return f"{100 * value:.1f} %" if column in SHARES else _short(value)


def _short(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= WHOLE_FROM else f"{value:.3g}"


def _plot_history(column: str, title: str, histories: Mapping[str, pd.DataFrame], numbers: Sequence[int]) -> Chart:
    factor = 100 if column in SHARES else 1

    def paint(axes: Axes) -> None:
        for number, (name, history) in zip(numbers, histories.items(), strict=True):
            colour, style = style_of(number)
            measured = history[history[column].notna()]
            marker = "o" if len(measured) == 1 else ""
            axes.plot(measured["epoch"], factor * measured[column], style, marker=marker, color=colour, label=name)
        axes.set_xlabel("epoch")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))
        if column == "learning_rate" and all((history[column] > 0).all() for history in histories.values()):
            axes.set_yscale("log")
            axes.yaxis.set_major_formatter(FuncFormatter(lambda rate, _: f"{rate:g}"))
            axes.yaxis.set_minor_formatter(NullFormatter())
        if column == SPEED:
            axes.set_ylim(bottom=0)
        legend_below(axes, len(histories), LEGEND_COLUMNS)

    ends = [f"{name} ends at {_short(factor * _last(history, column))}" for name, history in histories.items()]
    alt = f"{title} over the epochs: {', '.join(ends)}."
    legend_rows = -(-len(histories) // LEGEND_COLUMNS)
    size = (NARROW[0], NARROW[1] + LEGEND_ROW * (legend_rows - 1))
    return draw_chart(name=f"training_{column}", title=title, alt=alt, size=size, paint=paint)
