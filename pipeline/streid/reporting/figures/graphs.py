"""The graphs a model of clips speaks along: over the body, over the frames, as matrices, and its branches.

Shape suffixes: as in `streid.files.inspections`; E edges.
"""

from collections.abc import Iterator

import numpy as np
from matplotlib.axes import Axes

from streid.arrays import FeatureArray
from streid.files.inspections import BRANCHES, PatchGraphs
from streid.reporting.figures.canvas import MATRIX, TINY, Canvas, Span
from streid.reporting.figures.charts import Chart, draw_chart, legend_below
from streid.reporting.figures.views import (
    GAP,
    HEADER,
    MOST_FRAMES,
    SCALE_HEIGHT,
    SCALE_THICKNESS,
    TILE_HEIGHT,
    TILE_WIDTH,
    WIDTH,
    Inspected,
    tile_left,
)
from streid.reporting.palette import SERIES, style_of

SHOWN_CLIPS = 2
ARC_HEIGHT = 52
WIDEST, WIDEST_ARC, NODE_SIZE = 6.0, 3.0, 4.0
TOUCHING, APART = "#ffd43b", "#52d6ff"
DIMMED = 0.55
SPATIAL_SIDE, SPATIAL_LEFT, MATRICES_TOP = 200, 18, 36
TEMPORAL_LEFT = 258
MARKERS = "osD"


def plot_graphs(shown: Inspected, graphs: PatchGraphs) -> Chart:
    """Two clips: over each frame the learned edges between its patches, above them those between the frames."""
    units = shown.units[:SHOWN_CLIPS]
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
    """Each edge once, the weaker first: its ends, and its weight as a share of the largest."""
    first_E, second_E = np.triu_indices(len(weights_VV), 1)
    for edge in np.argsort(weights_VV[first_E, second_E], kind="stable"):
        one, other = int(first_E[edge]), int(second_E[edge])
        yield one, other, max(0.0, float(weights_VV[one, other]) / most) if most > 0 else 0.0


def _paint_arcs(canvas: Canvas, weights_TT: FeatureArray, base: float, most: float) -> None:
    """Arcs between frames, wide where they hear each other much."""
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
    for unit in shown.units[:SHOWN_CLIPS]:
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


def plot_adjacency(shown: Inspected, graphs: PatchGraphs) -> Chart:
    """The whole adjacency, mean of the units: between patches, and for each patch between the frames."""
    spatial_VV = graphs.spatial_UTVV.mean(axis=(0, 1))
    temporal_VTT = graphs.temporal_UVTT.mean(axis=0)
    spatial, temporal = (Span(0.0, float(table.max())) for table in (spatial_VV, temporal_VTT))
    size = (WIDTH, MATRICES_TOP + SPATIAL_SIDE + SCALE_HEIGHT + GAP)
    # Patches of small maps overlap, so their places alone would lay the matrices over one another.
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
        f"Adjacency of {shown.name}, mean of {len(shown.units)} clips. Largest: patch {receiver + 1} hears patch "
        f"{sender + 1} with {spatial_VV.max():.2f}; between frames {temporal_VTT.max():.2f}."
    )
    return draw_chart(name=f"adjacency_{shown.name}", title=shown.title, alt=alt, size=size, paint=paint)


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
