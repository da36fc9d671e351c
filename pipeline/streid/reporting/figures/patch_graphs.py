"""The graphs that a model of clips learns: between a frame's patches, and between the frames.

Shape suffixes: as in `streid.files.inspections`; E edges.
"""

from collections.abc import Iterator

import numpy as np
from matplotlib.axes import Axes

from streid.arrays import FeatureArray
from streid.files.inspections import PatchGraphs
from streid.reporting.figures.canvas import Canvas
from streid.reporting.figures.charts import Chart, draw_chart
from streid.reporting.figures.inspected import MOST_CLIPS, MOST_FRAMES, Inspected
from streid.reporting.figures.tiles import GAP, HEADER, TILE_HEIGHT, TILE_WIDTH, WIDTH, tile_left
from streid.reporting.palette import SERIES

ARC_HEIGHT = 52
WIDEST, WIDEST_ARC, NODE_SIZE = 6.0, 3.0, 4.0
TOUCHING, APART = "#ffd43b", "#52d6ff"
DIMMED = 0.55


def plot_graphs(shown: Inspected, graphs: PatchGraphs) -> Chart:
    """Two clips: the learned edges between patches over each frame, and those between the frames above."""
    units = shown.units[:MOST_CLIPS]
    frames = min(shown.frames, MOST_FRAMES)
    height = HEADER + ARC_HEIGHT + TILE_HEIGHT + 2 * GAP
    size = (WIDTH, len(units) * height)
    spatial_UTVV = _undirected(graphs.learned_spatial()[: len(units), :frames])
    temporal_UTT = _undirected(graphs.learned_temporal()[: len(units)].mean(axis=1))[:, :frames, :frames]

    def paint(axes: Axes) -> None:
        canvas = Canvas(axes, size)
        for row, unit in enumerate(units):
            top = row * height
            canvas.text((GAP, top + HEADER - 5), shown.label(unit))
            _paint_arcs(canvas, temporal_UTT[unit], top + HEADER + ARC_HEIGHT, float(temporal_UTT.max()))
            for frame in range(frames):
                corner = (tile_left(frame), top + HEADER + ARC_HEIGHT + GAP)
                weights_VV, picture = spatial_UTVV[unit, frame], shown.pictures_UT[unit][frame]
                canvas.picture((DIMMED * picture).astype(np.uint8), (*corner, TILE_WIDTH, TILE_HEIGHT))
                _paint_body(canvas, graphs, weights_VV, corner, float(spatial_UTVV.max()))

    return draw_chart(
        name=f"graphs_{shown.name}",
        title=shown.title,
        alt=_graphs_alt(shown, graphs),
        size=size,
        paint=paint,
        photographs=True,
    )


def _undirected(weights_VV: FeatureArray) -> FeatureArray:
    """The mean of both directions of every edge, over the last two axes."""
    mean_VV: FeatureArray = ((weights_VV + np.swapaxes(weights_VV, -1, -2)) / 2).astype(np.float32)
    return mean_VV


def _edges(weights_VV: FeatureArray, most: float) -> Iterator[tuple[int, int, float]]:
    """Each edge once, weaker ones first: its ends, and its weight as a share of the largest."""
    first_E, second_E = np.triu_indices(len(weights_VV), 1)
    for edge in np.argsort(weights_VV[first_E, second_E], kind="stable"):
        one, other = int(first_E[edge]), int(second_E[edge])
        yield one, other, max(0.0, float(weights_VV[one, other]) / most) if most > 0 else 0.0


def _paint_arcs(canvas: Canvas, weights_TT: FeatureArray, base: float, most: float) -> None:
    """Arcs between frames, wide where they exchange much."""
    frames = len(weights_TT)
    for one, other, share in _edges(weights_TT, most):
        ends = [(tile_left(frame) + TILE_WIDTH / 2, base) for frame in (one, other)]
        rise = (ARC_HEIGHT - 4) * (0.3 + 0.7 * (other - one) / max(1, frames - 1))
        colour = SERIES[0]
        canvas.arc(ends[0], ends[1], rise=rise, width=WIDEST_ARC * share**3, colour=colour, alpha=0.3 + 0.6 * share)


def _paint_body(
    canvas: Canvas, graphs: PatchGraphs, weights_VV: FeatureArray, corner: tuple[float, float], most: float
) -> None:
    """The edges between a frame's patches; those of touching patches in another colour."""
    left, top = corner
    centres = [
        (left + (box[1] + box[3]) / 2 * TILE_WIDTH, top + (box[0] + box[2]) / 2 * TILE_HEIGHT)
        for box in graphs.boxes_V4
    ]
    for one, other, share in _edges(weights_VV, most):
        colour = TOUCHING if graphs.fixed_spatial_VV[one, other] > 0 else APART
        canvas.line(centres[one], centres[other], width=WIDEST * share**1.5, colour=colour, alpha=0.2 + 0.75 * share)
    for centre in centres:
        canvas.dot(centre, size=NODE_SIZE, colour="#ffffff")


def _graphs_alt(shown: Inspected, graphs: PatchGraphs) -> str:
    """The strongest learned edge of each shown clip's two graphs."""
    words = []
    for unit in shown.units[:MOST_CLIPS]:
        spatial_TVV = _undirected(graphs.learned_spatial()[unit])
        frame, one, other = np.unravel_index(spatial_TVV.argmax(), spatial_TVV.shape)
        temporal_TT = _undirected(graphs.learned_temporal()[unit].mean(axis=0))
        early, late = sorted(np.unravel_index(temporal_TT.argmax(), temporal_TT.shape))
        words.append(
            f"{shown.label(unit)}: strongest edges between patches {min(one, other) + 1} and {max(one, other) + 1} of "
            f"frame {frame + 1} ({spatial_TVV.max():.2f}), and between frames {early + 1} and {late + 1} "
            f"({temporal_TT.max():.2f})"
        )
    return f"Learned graphs of {shown.name}. {'; '.join(words)}."
