"""Histograms of how many pictures there are of an identity, and of how many cameras saw it.

Shape suffix: B bars.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator

from streid.data.manifest import evaluated
from streid.reporting.figures.charts import WIDE, Chart, draw_chart, legend_below
from streid.reporting.palette import style_of

MOST_BARS = 24


def plot_identities(manifest: pd.DataFrame) -> list[Chart]:
    """How many pictures there are of an identity, and how many cameras saw it: people trained on and tested."""
    people = manifest[evaluated(manifest["pid"])]
    tested = people["split"].isin(("query", "gallery"))
    groups = {"trained on": people[~tested], "tested": people[tested]}
    shown = {name: rows.groupby("pid")["camid"] for name, rows in groups.items() if len(rows)}
    return [
        _plot_people("pictures_per_identity", "Pictures per identity", {n: g.size() for n, g in shown.items()}),
        _plot_people("cameras_per_identity", "Cameras per identity", {n: g.nunique() for n, g in shown.items()}),
    ]


def _plot_people(name: str, title: str, counts: Mapping[str, pd.Series]) -> Chart:
    """How many identities have how many of something; a bar covers several numbers where there are too many."""
    most = max((int(numbers.max()) for numbers in counts.values()), default=1)
    step = -(-most // MOST_BARS)
    edges = np.arange(1, most + step + 1, step)
    people = {group: np.histogram(numbers, edges)[0] for group, numbers in counts.items()}

    def paint(axes: Axes) -> None:
        width = 0.8 * step / max(1, len(people))
        for number, (group, people_B) in enumerate(people.items()):
            colour, _ = style_of(number)
            left_B = edges[:-1] - 0.4 * step + (step - 1) / 2 + number * width
            axes.bar(left_B, people_B, width, align="edge", color=colour, label=group)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=8))
        axes.yaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
        axes.grid(visible=False, axis="x")
        axes.set_xlabel(title.lower().replace(" per identity", ""))
        axes.set_ylabel("identities")
        legend_below(axes, len(people))

    described = ", ".join(
        f"{group} {int(numbers.min()):,} to {int(numbers.max()):,}, half of the people at most {numbers.median():g}"
        for group, numbers in counts.items()
    )
    return draw_chart(name=name, title=title, alt=f"{title}: {described}.", size=WIDE, paint=paint)
