"""Where each part of a body is, and what channel attention adds to the map.

Shape suffixes: as in `streid.files.inspections`.
"""

import numpy as np

from streid.files.inspections import BlockAttention
from streid.reporting.figures.canvas import Span, heat_over
from streid.reporting.figures.charts import Chart
from streid.reporting.figures.inspected import Inspected, height_words
from streid.reporting.figures.tiles import TileRow, draw_tiles

MOST_ROWS = 4


def plot_parts(shown: Inspected, block_name: str, block: BlockAttention) -> Chart:
    """Pictures, and over them each part's map and what channel attention adds: some units, or frames of one."""
    parts = block.part_maps_UTPhw.shape[2]
    places = [(unit, frame) for unit in shown.units for frame in range(shown.frames)][:MOST_ROWS]
    added = [block.added_UThw[place] for place in places]
    added_span = Span(float(np.min(added)), float(np.max(added)))
    rows = []
    for number, (unit, frame) in enumerate(places):
        picture = shown.pictures_UT[unit][frame]
        maps = [heat_over(picture, map_hw, Span(0, 1)) for map_hw in block.part_maps_UTPhw[unit, frame]]
        heads = ["picture", *(f"part {part + 1}" for part in range(parts)), "channels"]
        note = [f"identity {shown.inspection.pid_U[unit]}", f"camera {shown.inspection.camid_U[unit]}"]
        rows.append(
            TileRow(
                tiles=[picture, *maps, heat_over(picture, added[number], added_span)],
                heads=() if number else list(enumerate(heads)),
                note=note if shown.frames == 1 else [*note, f"frame {frame + 1}"],
            )
        )
    return draw_tiles(
        name=f"parts_{shown.name}_{block_name}",
        title=f"{shown.title}, after {block_name}",
        alt=f"Part maps of {shown.name} after {block_name}. {_part_heights(block)}",
        rows=rows,
        scales=[(Span(0, 1), "part maps"), (added_span, "channels")],
    )


def _part_heights(block: BlockAttention) -> str:
    """Where each part's map has its centre of mass, over all units."""
    rows_Ph = block.part_maps_UTPhw.sum(axis=(0, 1, 4))
    heights_h = (np.arange(rows_Ph.shape[1]) + 0.5) / rows_Ph.shape[1]
    centres_P = (rows_Ph * heights_h).sum(axis=1) / np.maximum(rows_Ph.sum(axis=1), np.finfo(np.float32).tiny)
    return "; ".join(f"part {part + 1} centres in {height_words(y)}" for part, y in enumerate(centres_P)) + "."
