"""What the rows of pictures in a figure are."""

import pytest

from streid.reporting.figures import energy, part_maps
from streid.reporting.figures.charts import Chart
from streid.reporting.figures.tiles import TileRow, draw_tiles


@pytest.fixture
def tiles(monkeypatch: pytest.MonkeyPatch) -> list[TileRow]:
    """The rows of tiles that are drawn."""
    kept: list[TileRow] = []

    def keep(**given: object) -> Chart:
        kept.extend(given["rows"])  # type: ignore[arg-type]
        return draw_tiles(**given)  # type: ignore[arg-type]

    for module in (energy, part_maps):
        monkeypatch.setattr(module, "draw_tiles", keep)
    return kept
