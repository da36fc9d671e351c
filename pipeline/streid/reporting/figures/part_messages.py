"""How much each part of a body receives from each other part.

Shape suffixes: as in `streid.files.inspections`.
"""

import numpy as np
from matplotlib.axes import Axes

from streid.arrays import FeatureArray
from streid.reporting.figures.canvas import MATRIX, TINY, Canvas, Span
from streid.reporting.figures.charts import Chart, draw_chart
from streid.reporting.figures.inspected import Inspected
from streid.reporting.figures.tiles import GAP, SCALE_HEIGHT, SCALE_THICKNESS, WIDTH

SIDE, LEFT, TOP = 188, 36, 34
NUMBERED_NODES = 8


def plot_messages(shown: Inspected) -> Chart:
    """For each block, a matrix of how much each part receives from each other part, as the mean of the units."""
    blocks = {name: block.messages_UVV.mean(axis=0) for name, block in shown.inspection.blocks.items()}
    parts = next(iter(shown.inspection.blocks.values())).part_maps_UTPhw.shape[2]
    span = Span(0.0, float(max(weights_VV.max() for weights_VV in blocks.values())))
    size = (WIDTH, TOP + SIDE + SCALE_HEIGHT + GAP)

    def paint(axes: Axes) -> None:
        canvas = Canvas(axes, size)
        for number, (name, weights_VV) in enumerate(blocks.items()):
            left = LEFT + number * (SIDE + LEFT + GAP)
            canvas.text((left, 13), f"after {name}")
            _paint_messages(canvas, weights_VV, parts, (left, TOP), span)
        bar = (LEFT, TOP + SIDE + 10, SIDE, SCALE_THICKNESS)
        canvas.scale(bar, span, "weight", MATRIX, "{:.2f}")

    strongest = [f"after {name}, {_strongest(weights_VV, parts)}" for name, weights_VV in blocks.items()]
    alt = f"Messages between the parts of {shown.name}, largest weight: {'; '.join(strongest)}."
    return draw_chart(name=f"messages_{shown.name}", title=shown.title, alt=alt, size=size, paint=paint)


def _paint_messages(canvas: Canvas, weights_VV: FeatureArray, parts: int, corner: tuple[int, int], span: Span) -> None:
    left, top = corner
    nodes = len(weights_VV)
    cell = SIDE / nodes
    numbers = nodes <= NUMBERED_NODES
    canvas.matrix(weights_VV, (left, top, SIDE, SIDE), span, numbers=numbers)
    for node in range(nodes):
        words = f"part {node + 1}" if nodes == parts else str(node % parts + 1)
        canvas.text((left + (node + 0.5) * cell, top - 5), words, size=TINY, ha="center")
        canvas.text((left - 3, top + (node + 0.5) * cell), words, size=TINY, ha="right", va="center")
    for frame in range(1, nodes // parts):
        edge = frame * parts * cell
        canvas.line((left + edge, top), (left + edge, top + SIDE), width=1, colour="#ffffff")
        canvas.line((left, top + edge), (left + SIDE, top + edge), width=1, colour="#ffffff")


def _strongest(weights_VV: FeatureArray, parts: int) -> str:
    receiver, sender = np.unravel_index(weights_VV.argmax(), weights_VV.shape)

    def words(node: int) -> str:
        frame = f" of frame {node // parts + 1}" if len(weights_VV) > parts else ""
        return f"part {node % parts + 1}{frame}"

    return f"{words(int(receiver))} receives most from {words(int(sender))} with {weights_VV.max():.2f}"
