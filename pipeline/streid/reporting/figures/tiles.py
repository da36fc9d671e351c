"""Rows of small pictures side by side, laid out in CSS pixels, with the colour scales of the maps over them."""

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes

from streid.reporting.figures.canvas import HEAT, Canvas, Pixels, Span
from streid.reporting.figures.charts import Chart, draw_chart
from streid.reporting.palette import MUTED

WIDTH = 460
TILE_WIDTH, TILE_HEIGHT = 54, 108
GAP, HEADER = 3, 18
SCALE_HEIGHT, SCALE_WIDTH, SCALE_THICKNESS = 38, 210, 9


@dataclass(frozen=True, kw_only=True, eq=False)
class TileRow:
    """Pictures side by side. heads: (column, words) above columns. note: lines to the right of the last picture."""

    tiles: Sequence[Pixels]
    heads: Sequence[tuple[int, str]] = ()
    note: Sequence[str] = ()

    @property
    def height(self) -> int:
        """In CSS pixels, heads and the gap below included."""
        return (HEADER if self.heads else 0) + TILE_HEIGHT + GAP


def tile_left(column: int) -> int:
    """Where a column of tiles starts, in CSS pixels."""
    return GAP + column * (TILE_WIDTH + GAP)


def draw_tiles(
    *, name: str, title: str, alt: str, rows: Sequence[TileRow], scales: Sequence[tuple[Span, str]]
) -> Chart:
    """Draw rows of tiles and, below them, up to two scales of the heat over them: (ends, what it measures) each."""
    size = (WIDTH, sum(row.height for row in rows) + SCALE_HEIGHT)

    def paint(axes: Axes) -> None:
        canvas, top = Canvas(axes, size), 0
        for row in rows:
            for column, words in row.heads:
                canvas.text((tile_left(column), top + HEADER - 5), words)
            middle = top + row.height - GAP - TILE_HEIGHT
            for column, tile in enumerate(row.tiles):
                canvas.picture(tile, (tile_left(column), middle, TILE_WIDTH, TILE_HEIGHT))
            for line, words in enumerate(row.note):
                canvas.text((tile_left(len(row.tiles)) + 3, middle + 14 * (line + 1)), words, color=MUTED)
            top += row.height
        for number, (span, label) in enumerate(scales):
            left = GAP + number * (SCALE_WIDTH + 10 * GAP)
            canvas.scale((left, top + 8, SCALE_WIDTH, SCALE_THICKNESS), span, label, HEAT)

    return draw_chart(name=name, title=title, alt=alt, size=size, paint=paint, photographs=True)
