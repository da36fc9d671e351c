"""mAP on held-out identities over the likelihood's weight, with the weight that was chosen there.

Shape suffix: X weights tried.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, NullFormatter, NullLocator

from streid.reporting.figures.charts import Chart, draw_chart, legend_below
from streid.reporting.palette import SERIES, stream_colour
from streid.reporting.streams import JOINT
from streid.reporting.wording import percent

SIZE = (420, 250)
DRAWN_TICKS = 5


def plot_weights(model: str, fusion: str, record: Mapping[str, Any]) -> Chart | None:
    """mAP on the held-out identities over the weight, with the chosen, default and best weight; None if not tried."""
    selection = record.get("selection")
    if not selection or not selection["weights"]:
        return None
    weights_X, curve_X = np.array(selection["weights"], float), 100 * np.array(selection["mAP"], float)
    marked = {"best here": selection["best"], "default": selection["default"], "chosen": record["weight"]}
    points = {
        name: (weight, float(np.interp(np.log(weight), np.log(weights_X), curve_X)))
        for name, weight in marked.items()
        if weight > 0
    }

    def paint(axes: Axes) -> None:
        axes.plot(weights_X, curve_X, color=stream_colour(JOINT))
        _mark_weights(axes, points)
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(FixedLocator(np.geomspace(weights_X[0], weights_X[-1], DRAWN_TICKS).tolist()))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda weight, _: f"{weight:.2g}"))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.margins(y=0.15)
        axes.set_xlabel("weight w")
        axes.set_ylabel("mAP on held-out identities, %")
        legend_below(axes, len(points), columns=len(points), handle=1)

    marks = ", ".join(f"{name} {weight:.3g} with {height:.1f} %" for name, (weight, height) in points.items())
    return draw_chart(
        name=f"weight_{model}_{fusion}",
        title=f"mAP over the weight, {model}",
        alt=f"mAP on {selection['identities']} held-out identities for weights from {weights_X[0]:.2g} to "
        f"{weights_X[-1]:.2g}, between {percent(curve_X.min() / 100)} and {percent(curve_X.max() / 100)} %: {marks}.",
        size=SIZE,
        paint=paint,
    )


def _mark_weights(axes: Axes, points: Mapping[str, tuple[float, float]]) -> None:
    """Mark the best and default weights by open shapes and the chosen one by a dot, so that all show if they meet."""
    colour = stream_colour(JOINT)
    looks = {
        "best here": ("o", 11.0, "none", SERIES[1]),
        "default": ("D", 8.0, "none", SERIES[0]),
        "chosen": ("o", 5.5, colour, colour),
    }
    for name, (weight, height) in points.items():
        mark, size, face, edge = looks[name]
        axes.plot(
            weight,
            height,
            mark,
            markersize=size,
            markerfacecolor=face,
            markeredgecolor=edge,
            linestyle="none",
            label=f"{name}: {weight:.3g}",
        )
