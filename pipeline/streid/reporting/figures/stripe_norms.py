"""The stripes of a picture, and the length of the feature of each.

Shape suffixes: as in `streid.files.inspections`.
"""

from matplotlib.axes import Axes

from streid.files.inspections import Stripes
from streid.reporting.figures.canvas import TINY, Canvas
from streid.reporting.figures.charts import Chart, draw_chart
from streid.reporting.figures.inspected import Inspected
from streid.reporting.figures.tiles import GAP, HEADER, TILE_HEIGHT, TILE_WIDTH, WIDTH, tile_left
from streid.reporting.palette import SERIES

UNITS_PER_ROW = 4
BAR_LENGTH = 26


def plot_stripes(shown: Inspected, stripes: Stripes) -> Chart:
    """Each unit's stripes over its picture, and beside them bars of their norms."""
    rows = -(-len(shown.units) // UNITS_PER_ROW)
    height = HEADER + TILE_HEIGHT + GAP
    size = (WIDTH, rows * height + GAP)
    most = float(stripes.norms_UP.max()) or 1.0

    def paint(axes: Axes) -> None:
        canvas = Canvas(axes, size)
        for unit in shown.units:
            left, top = tile_left(2 * (unit % UNITS_PER_ROW)), unit // UNITS_PER_ROW * height + HEADER
            canvas.text((left, top - 5), shown.short_label(unit))
            canvas.picture(shown.pictures_UT[unit][0], (left, top, TILE_WIDTH, TILE_HEIGHT))
            strongest = int(stripes.norms_UP[unit].argmax())
            for part, ((low, high), norm) in enumerate(zip(stripes.bounds_P2, stripes.norms_UP[unit], strict=True)):
                box_top, box_height = top + low * TILE_HEIGHT, (high - low) * TILE_HEIGHT
                canvas.rectangle((left, box_top, TILE_WIDTH, box_height), edge="#ffffff", width=1)
                colour = SERIES[1] if part == strongest else SERIES[0]
                bar = (left + TILE_WIDTH + 2, box_top + 3, BAR_LENGTH * norm / most, box_height - 6)
                canvas.rectangle(bar, fill=colour)
                canvas.text((bar[0] + bar[2] + 2, box_top + box_height / 2), f"{norm:.3g}", size=TINY, va="center")

    strongest = [
        f"{shown.label(unit)}: stripe {stripes.norms_UP[unit].argmax() + 1} of {len(stripes.bounds_P2)}"
        for unit in shown.units
    ]
    alt = f"Norms of {shown.name}'s stripes, counted from the top. Strongest in {'; '.join(strongest)}."
    name = f"stripes_{shown.name}"
    return draw_chart(name=name, title=shown.title, alt=alt, size=size, paint=paint, photographs=True)
