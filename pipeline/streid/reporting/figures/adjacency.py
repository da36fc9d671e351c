"""The whole adjacency of a model of clips, as matrices.

Shape suffixes: as in `streid.files.inspections`.
"""

import numpy as np
from matplotlib.axes import Axes

from streid.files.inspections import PatchGraphs
from streid.reporting.figures.canvas import MATRIX, TINY, Canvas, Span
from streid.reporting.figures.charts import Chart, draw_chart
from streid.reporting.figures.inspected import Inspected
from streid.reporting.figures.tiles import GAP, SCALE_HEIGHT, SCALE_THICKNESS, WIDTH

SPATIAL_SIDE, SPATIAL_LEFT, MATRICES_TOP = 200, 18, 36
TEMPORAL_LEFT = 258


def plot_adjacency(shown: Inspected, graphs: PatchGraphs) -> Chart:
    """The whole adjacency, mean of the units: between patches, and for each patch between the frames."""
    spatial_VV = graphs.spatial_UTVV.mean(axis=(0, 1))
    temporal_VTT = graphs.temporal_UVTT.mean(axis=0)
    spatial, temporal = (Span(0.0, float(table.max())) for table in (spatial_VV, temporal_VTT))
    size = (WIDTH, MATRICES_TOP + SPATIAL_SIDE + SCALE_HEIGHT + GAP)
    # Patches of small maps overlap, so matrices at the patches' exact places would overlap too.
    rows_V, columns_V = (np.unique(graphs.boxes_V4[:, edge], return_inverse=True)[1] for edge in (0, 1))
    step = (SPATIAL_SIDE + GAP) / (max(rows_V.max(), columns_V.max()) + 1)

    def paint(axes: Axes) -> None:
        canvas = Canvas(axes, size)
        canvas.text((SPATIAL_LEFT, 13), "between patches, mean of frames")
        canvas.matrix(spatial_VV, (SPATIAL_LEFT, MATRICES_TOP, SPATIAL_SIDE, SPATIAL_SIDE), spatial, numbers=True)
        cell = SPATIAL_SIDE / len(spatial_VV)
        for node in range(len(spatial_VV)):
            place = (node + 0.5) * cell
            canvas.text((SPATIAL_LEFT + place, MATRICES_TOP - 4), str(node + 1), size=TINY, ha="center")
            canvas.text((SPATIAL_LEFT - 4, MATRICES_TOP + place), str(node + 1), size=TINY, ha="right", va="center")
        canvas.text((TEMPORAL_LEFT, 13), "between frames, of each patch")
        for row, column, weights_TT in zip(rows_V, columns_V, temporal_VTT, strict=True):
            left, top = TEMPORAL_LEFT + column * step, MATRICES_TOP + row * step
            canvas.matrix(weights_TT, (left, top, step - GAP, step - GAP), temporal)
        bar_top = MATRICES_TOP + SPATIAL_SIDE + 10
        canvas.scale((SPATIAL_LEFT, bar_top, SPATIAL_SIDE, SCALE_THICKNESS), spatial, "weight", MATRIX, "{:.2f}")
        width = (columns_V.max() + 1) * step - GAP
        canvas.scale((TEMPORAL_LEFT, bar_top, width, SCALE_THICKNESS), temporal, "weight", MATRIX, "{:.2f}")

    receiver, sender = np.unravel_index(spatial_VV.argmax(), spatial_VV.shape)
    alt = (
        f"Adjacency of {shown.name}, mean of {len(shown.units)} clips. Largest: patch {receiver + 1} receives most "
        f"from patch {sender + 1} with {spatial_VV.max():.2f}; between frames {temporal_VTT.max():.2f}."
    )
    return draw_chart(name=f"adjacency_{shown.name}", title=shown.title, alt=alt, size=size, paint=paint)
