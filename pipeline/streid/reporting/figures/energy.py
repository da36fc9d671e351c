"""Where models look: the energy of the last feature map over the picture.

Shape suffixes: as in `streid.files.inspections`.
"""

import numpy as np

from streid.reporting.figures.canvas import Span, heat_over
from streid.reporting.figures.charts import Chart
from streid.reporting.figures.inspected import MOST_CLIPS, MOST_FRAMES, Inspected, height_words
from streid.reporting.figures.tiles import TileRow, draw_tiles

UNITS_PER_ROW = 4


def plot_energy(shown: Inspected) -> Chart:
    """Pictures, and over them the energy of the last map: units side by side, or the frames of two clips."""
    energy_UThw = shown.inspection.energy_UThw
    span = Span(float(energy_UThw.min()), float(energy_UThw.max()))

    def pair(unit: int, frame: int) -> tuple[np.ndarray, np.ndarray]:
        picture = shown.pictures_UT[unit][frame]
        return picture, heat_over(picture, energy_UThw[unit, frame], span)

    rows = []
    if shown.frames == 1:
        for first in range(0, len(shown.units), UNITS_PER_ROW):
            row = shown.units[first : first + UNITS_PER_ROW]
            heads = [(2 * place, shown.short_label(unit)) for place, unit in enumerate(row)]
            rows.append(TileRow(tiles=[tile for unit in row for tile in pair(unit, 0)], heads=heads))
    else:
        for unit in shown.units[:MOST_CLIPS]:
            pairs = [pair(unit, frame) for frame in range(min(shown.frames, MOST_FRAMES))]
            rows.append(TileRow(tiles=[picture for picture, _ in pairs], heads=[(0, shown.label(unit))]))
            rows.append(TileRow(tiles=[heat for _, heat in pairs]))
    return draw_tiles(
        name=f"energy_{shown.name}",
        title=shown.title,
        alt=f"Energy of {shown.name}'s last feature map. {_peaks(shown)}",
        rows=rows,
        scales=[(span, "energy")],
    )


def _peaks(shown: Inspected) -> str:
    """In which third of the picture each unit's energy, summed over its frames, is highest."""
    rows_Uh = shown.inspection.energy_UThw.max(axis=3).sum(axis=1)
    shares_U = (rows_Uh.argmax(axis=1) + 0.5) / rows_Uh.shape[1]
    places = [f"{shown.label(unit)}: highest in {height_words(shares_U[unit])}" for unit in shown.units]
    return "; ".join(places) + "."
