"""How much attention each channel gets.

Shape suffixes: as in `streid.files.inspections`.
"""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter

from streid.reporting.figures.charts import NARROW, Chart, draw_chart, legend_below
from streid.reporting.figures.inspected import Inspected
from streid.reporting.palette import MUTED, style_of


def plot_channels(shown: Inspected) -> Chart:
    """The attention that the channels of each block get, sorted; 1 is an equal share."""
    curves = {
        name: np.sort(block.received_UC.mean(axis=0))[::-1] * block.received_UC.shape[1]
        for name, block in shown.inspection.blocks.items()
    }

    def paint(axes: Axes) -> None:
        for number, (name, curve_C) in enumerate(curves.items()):
            colour, style = style_of(number)
            axes.plot(np.arange(1, len(curve_C) + 1), curve_C, style, color=colour, label=f"after {name}")
        axes.axhline(1, color=MUTED, linewidth=0.8)
        axes.set_xscale("log")
        axes.set_yscale("symlog", linthresh=1)
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.set_ylim(bottom=0)
        axes.set_xlabel("channels, most attention first")
        axes.set_ylabel("times an equal share")
        legend_below(axes, len(curves))

    tops = [f"after {name} {curve_C[0]:.1f}" for name, curve_C in curves.items()]
    alt = (
        f"Attention {shown.name}'s channels get, as a multiple of an equal share; the first one gets {', '.join(tops)}."
    )
    return draw_chart(name=f"channels_{shown.name}", title=shown.title, alt=alt, size=NARROW, paint=paint)
