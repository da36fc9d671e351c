"""How many pictures each camera took, by split.

Shape suffix: C cameras.
"""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter

from streid.reporting.figures.charts import WIDE, Chart, draw_chart, legend_below
from streid.reporting.palette import style_of

SPLIT_TITLES = {"train": "training", "val": "held out", "query": "query", "gallery": "gallery"}


def plot_cameras(manifest: pd.DataFrame) -> Chart:
    """Pictures per camera, stacked by split."""
    table = pd.crosstab(manifest["camid"], manifest["split"])
    splits = [split for split in SPLIT_TITLES if split in table.columns]

    def paint(axes: Axes) -> None:
        below_C = np.zeros(len(table))
        for number, split in enumerate(splits):
            colour, _ = style_of(number)
            axes.bar(
                range(len(table)), table[split], bottom=below_C, color=colour, label=SPLIT_TITLES[split], width=0.7
            )
            below_C += table[split].to_numpy()
        axes.set_xticks(range(len(table)), [str(camera) for camera in table.index])
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
        axes.grid(visible=False, axis="x")
        axes.set_xlabel("camera")
        legend_below(axes, len(splits))

    totals = ", ".join(f"camera {camera} {total:,}" for camera, total in table.sum(axis=1).items())
    return draw_chart(
        name="pictures_per_camera", title="Pictures per camera", alt=f"Pictures: {totals}.", size=WIDE, paint=paint
    )
