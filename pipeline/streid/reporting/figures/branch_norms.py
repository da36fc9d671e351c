"""The length of the feature of each branch of a model.

Shape suffixes: as in `streid.files.inspections`.
"""

from matplotlib.axes import Axes

from streid.files.inspections import BRANCHES, PatchGraphs
from streid.reporting.figures.charts import Chart, draw_chart, legend_below
from streid.reporting.figures.inspected import Inspected
from streid.reporting.figures.tiles import WIDTH
from streid.reporting.palette import style_of

MARKERS = "osD"


def plot_branches(shown: Inspected, graphs: PatchGraphs) -> Chart:
    """The length of each branch's feature, a row per clip."""
    size = (WIDTH, 80 + 26 * len(shown.units))

    def paint(axes: Axes) -> None:
        rows = list(shown.units)
        for number, branch in enumerate(BRANCHES):
            colour, _ = style_of(number)
            axes.plot(graphs.norms_UB[:, number], rows, MARKERS[number], color=colour, label=branch, markersize=6)
        axes.set_yticks(rows, [shown.label(unit) for unit in rows])
        axes.set_ylim(len(rows) - 0.5, -0.5)
        axes.set_xlim(left=0)
        axes.set_xlabel("length of the branch's feature")
        legend_below(axes, len(BRANCHES), columns=3)

    means = [f"{branch} {graphs.norms_UB[:, number].mean():.3g}" for number, branch in enumerate(BRANCHES)]
    alt = f"Feature norms of {shown.name}'s branches, mean of the clips: {', '.join(means)}."
    return draw_chart(name=f"branches_{shown.name}", title=shown.title, alt=alt, size=size, paint=paint)
