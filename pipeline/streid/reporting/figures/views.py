"""What the figures of models at work share: inspected units with their pictures, and rows of tiles.

Shape suffixes: U units, T frames, as in `streid.files.inspections`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes

from streid.files.inspections import Inspection
from streid.reporting.contact_sheets import PictureStore
from streid.reporting.figures.canvas import HEAT, Canvas, Pixels, Span, as_seen
from streid.reporting.figures.charts import Chart, draw_chart
from streid.reporting.palette import MUTED

WIDTH = 460
TILE_WIDTH, TILE_HEIGHT = 54, 108
GAP, HEADER = 3, 18
SCALE_HEIGHT, SCALE_WIDTH, SCALE_THICKNESS = 38, 210, 9
MOST_FRAMES = 8


@dataclass(frozen=True, kw_only=True, eq=False)
class Inspected:
    """What a model does, and the pictures it was shown, by unit and frame.

    name: the model's, for files. title: the names of all models that do the very same, as their weights are.
    """

    name: str
    title: str
    inspection: Inspection
    pictures_UT: Sequence[Sequence[Pixels]]

    @property
    def units(self) -> range:
        """The units' rows."""
        return range(len(self.pictures_UT))

    @property
    def frames(self) -> int:
        """Pictures of a unit."""
        return len(self.pictures_UT[0])

    def label(self, unit: int) -> str:
        """Who is seen where, in words."""
        return f"identity {self.inspection.pid_U[unit]}, camera {self.inspection.camid_U[unit]}"


@dataclass(frozen=True, kw_only=True, eq=False)
class View:
    """One kind of figure, of all models that have it. reading: how to read it, in a sentence or two."""

    title: str
    reading: str
    charts: Sequence[Chart]


@dataclass(frozen=True, kw_only=True, eq=False)
class TileRow:
    """Pictures side by side. heads: words over columns, (column, words) each; note: words right of the last one."""

    tiles: Sequence[Pixels]
    heads: Sequence[tuple[int, str]] = ()
    note: Sequence[str] = ()

    @property
    def height(self) -> int:
        """In CSS pixels, heads and the gap below included."""
        return (HEADER if self.heads else 0) + TILE_HEIGHT + GAP


def show_pictures(inspections: Mapping[str, Inspection], store: PictureStore) -> list[Inspected]:
    """Inspections by model with their pictures; models that do the very same are one.

    Raises:
        InputError: a picture is missing or cannot be decoded.
    """
    names: dict[bytes, list[str]] = {}
    for name, inspection in inspections.items():
        seen = "\n".join([inspection.architecture, *map(str, inspection.paths_UT.flat)])
        names.setdefault(seen.encode() + inspection.energy_UThw.tobytes(), []).append(name)
    return [
        Inspected(
            name=alike[0],
            title=", ".join(alike),
            inspection=inspections[alike[0]],
            pictures_UT=[
                [as_seen(store.thumbnail(str(path)).picture) for path in paths_T]
                for paths_T in inspections[alike[0]].paths_UT
            ],
        )
        for alike in names.values()
    ]


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


def height_words(share: float) -> str:
    """Where in a picture a height is, as a share from its top."""
    return "the upper third" if share < 1 / 3 else "the middle third" if share < 2 / 3 else "the lower third"
