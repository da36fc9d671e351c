"""Rows of pictures side by side."""

import numpy as np
from inspections_by_hand import texts

from streid.reporting.figures.canvas import Span
from streid.reporting.figures.tiles import GAP, HEADER, SCALE_HEIGHT, TILE_HEIGHT, WIDTH, TileRow, draw_tiles, tile_left


def test_rows_have_heads_notes_and_scales() -> None:
    tile = np.full((4, 2, 3), 200, np.uint8)
    rows = [
        TileRow(tiles=[tile, tile], heads=[(0, "left"), (1, "right")], note=["first", "second"]),
        TileRow(tiles=[tile]),
    ]
    chart = draw_tiles(name="a", title="A", alt="a", rows=rows, scales=[(Span(0, 2.5), "energy")])
    assert texts(chart) == ["left", "right", "first", "second", "0", "2.5", "energy"]
    assert chart.size == (WIDTH, HEADER + 2 * (TILE_HEIGHT + GAP) + SCALE_HEIGHT)
    assert chart.drawing.count("<image") == 4  # three tiles and the scale's colours


def test_eight_columns_have_room() -> None:
    assert tile_left(8) <= WIDTH + GAP
