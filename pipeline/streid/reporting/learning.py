"""Charts of the models' training, epoch by epoch."""

from collections.abc import Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullFormatter

from streid.reporting.charts import NARROW, Chart, Theme, draw_chart, legend_below, style_of
from streid.reporting.runs import ModelRun

CURVES = {"loss": "Loss", "accuracy": "Accuracy on training pictures, %", "learning_rate": "Learning rate"}
VALIDATION_CURVES = {"val_rank1": "Held-out rank-1, %", "val_mAP": "Held-out mAP, %"}
SHARES = ("accuracy", "val_rank1", "val_mAP")


def plot_training(runs: Sequence[ModelRun]) -> list[Chart]:
    """Loss, accuracy, learning rate and, where measured, held-out results over the epochs; a line per model."""
    histories = {run.name: run.history for run in runs if run.history is not None}
    charts = []
    for column, title in (CURVES | VALIDATION_CURVES).items():
        known = {name: history for name, history in histories.items() if column in history.columns}
        if known:
            charts.append(_plot_history(column, title, known))
    return charts


def _plot_history(column: str, title: str, histories: dict[str, pd.DataFrame]) -> Chart:
    factor = 100 if column in SHARES else 1

    def paint(axes: Axes, theme: Theme) -> None:
        for number, (name, history) in enumerate(histories.items()):
            colour, style = style_of(number, theme)
            marker = "o" if len(history) == 1 else ""
            axes.plot(history["epoch"], factor * history[column], style, marker=marker, color=colour, label=name)
        axes.set_xlabel("epoch")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))
        if column == "learning_rate" and all((history[column] > 0).all() for history in histories.values()):
            axes.set_yscale("log")
            axes.yaxis.set_major_formatter(FuncFormatter(lambda rate, _: f"{rate:g}"))
            axes.yaxis.set_minor_formatter(NullFormatter())
        legend_below(axes, len(histories))

    ends = [f"{name} ends at {factor * history[column].iloc[-1]:.3g}" for name, history in histories.items()]
    alt = f"{title} over the epochs: {', '.join(ends)}."
    return draw_chart(name=f"training_{column}", title=title, alt=alt, size=NARROW, paint=paint)
