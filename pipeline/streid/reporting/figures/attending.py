"""Where models look: energy over the picture, stripes, part maps, messages between parts, channel attention.

Shape suffixes: as in `streid.files.inspections`.
"""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter

from streid.arrays import FeatureArray
from streid.files.inspections import BlockAttention, Stripes
from streid.reporting.figures.canvas import MATRIX, TINY, Canvas, Span, heat_over
from streid.reporting.figures.charts import NARROW, Chart, draw_chart, legend_below
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
    TileRow,
    draw_tiles,
    height_words,
    tile_left,
)
from streid.reporting.palette import MUTED, SERIES, style_of

UNITS_PER_ROW = 4
SHOWN_CLIPS, SHOWN_PART_ROWS = 2, 4
BAR_LENGTH = 26
MESSAGES_SIDE, MESSAGES_LEFT, MESSAGES_TOP = 188, 36, 34
NUMBERED_NODES = 8


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
            heads = [(2 * place, _short_label(shown, unit)) for place, unit in enumerate(row)]
            rows.append(TileRow(tiles=[tile for unit in row for tile in pair(unit, 0)], heads=heads))
    else:
        for unit in shown.units[:SHOWN_CLIPS]:
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


def _short_label(shown: Inspected, unit: int) -> str:
    return f"id {shown.inspection.pid_U[unit]}, camera {shown.inspection.camid_U[unit]}"


def _peaks(shown: Inspected) -> str:
    """In which third of the picture each unit's energy, summed over its frames, is highest."""
    rows_Uh = shown.inspection.energy_UThw.max(axis=3).sum(axis=1)
    shares_U = (rows_Uh.argmax(axis=1) + 0.5) / rows_Uh.shape[1]
    places = [f"{shown.label(unit)}: highest in {height_words(shares_U[unit])}" for unit in shown.units]
    return "; ".join(places) + "."


def plot_stripes(shown: Inspected, stripes: Stripes) -> Chart:
    """Each unit's stripes over its picture, and beside them bars of their norms."""
    rows = -(-len(shown.units) // UNITS_PER_ROW)
    height = HEADER + TILE_HEIGHT + GAP
    size = (WIDTH, rows * height + GAP)
    most = float(stripes.norms_UP.max()) or 1.0

    def paint(axes: Axes) -> None:
        canvas = Canvas(axes, size)
        for unit in shown.units:
            left, top = tile_left(2 * (unit % UNITS_PER_ROW)), unit // UNITS_PER_ROW * height + HEADER
            canvas.text((left, top - 5), _short_label(shown, unit))
            canvas.picture(shown.pictures_UT[unit][0], (left, top, TILE_WIDTH, TILE_HEIGHT))
            strongest = int(stripes.norms_UP[unit].argmax())
            for part, ((low, high), norm) in enumerate(zip(stripes.bounds_P2, stripes.norms_UP[unit], strict=True)):
                box_top, box_height = top + low * TILE_HEIGHT, (high - low) * TILE_HEIGHT
                canvas.rectangle((left, box_top, TILE_WIDTH, box_height), edge="#ffffff", width=1)
                colour = SERIES[1] if part == strongest else SERIES[0]
                bar = (left + TILE_WIDTH + 2, box_top + 3, BAR_LENGTH * norm / most, box_height - 6)
                canvas.rectangle(bar, fill=colour)
                canvas.text((bar[0] + bar[2] + 2, box_top + box_height / 2), f"{norm:.3g}", size=TINY, va="center")

    strongest = [
        f"{shown.label(unit)}: stripe {stripes.norms_UP[unit].argmax() + 1} of {len(stripes.bounds_P2)}"
        for unit in shown.units
    ]
    alt = f"Norms of {shown.name}'s stripes, counted from the top. Strongest in {'; '.join(strongest)}."
    name = f"stripes_{shown.name}"
    return draw_chart(name=name, title=shown.title, alt=alt, size=size, paint=paint, photographs=True)


def plot_parts(shown: Inspected, block_name: str, block: BlockAttention) -> Chart:
    """Pictures, and over them each part's map and what channel attention adds: some units, or frames of one."""
    parts = block.part_maps_UTPhw.shape[2]
    places = [(unit, frame) for unit in shown.units for frame in range(shown.frames)][:SHOWN_PART_ROWS]
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


def plot_messages(shown: Inspected) -> Chart:
    """Of each block, how much every part hears of every other: a matrix, the mean of the units."""
    blocks = {name: block.messages_UVV.mean(axis=0) for name, block in shown.inspection.blocks.items()}
    parts = next(iter(shown.inspection.blocks.values())).part_maps_UTPhw.shape[2]
    span = Span(0.0, float(max(weights_VV.max() for weights_VV in blocks.values())))
    size = (WIDTH, MESSAGES_TOP + MESSAGES_SIDE + SCALE_HEIGHT + GAP)

    def paint(axes: Axes) -> None:
        canvas = Canvas(axes, size)
        for number, (name, weights_VV) in enumerate(blocks.items()):
            left = MESSAGES_LEFT + number * (MESSAGES_SIDE + MESSAGES_LEFT + GAP)
            canvas.text((left, 13), f"after {name}")
            _paint_messages(canvas, weights_VV, parts, (left, MESSAGES_TOP), span)
        bar = (MESSAGES_LEFT, MESSAGES_TOP + MESSAGES_SIDE + 10, MESSAGES_SIDE, SCALE_THICKNESS)
        canvas.scale(bar, span, "weight", MATRIX, "{:.2f}")

    strongest = [f"after {name}, {_strongest(weights_VV, parts)}" for name, weights_VV in blocks.items()]
    alt = f"Messages between the parts of {shown.name}, largest weight: {'; '.join(strongest)}."
    return draw_chart(name=f"messages_{shown.name}", title=shown.title, alt=alt, size=size, paint=paint)


def _paint_messages(canvas: Canvas, weights_VV: FeatureArray, parts: int, corner: tuple[int, int], span: Span) -> None:
    left, top = corner
    nodes = len(weights_VV)
    cell = MESSAGES_SIDE / nodes
    numbers = nodes <= NUMBERED_NODES
    canvas.matrix(weights_VV, (left, top, MESSAGES_SIDE, MESSAGES_SIDE), span, numbers=numbers)
    for node in range(nodes):
        words = f"part {node + 1}" if nodes == parts else str(node % parts + 1)
        canvas.text((left + (node + 0.5) * cell, top - 5), words, size=TINY, ha="center")
        canvas.text((left - 3, top + (node + 0.5) * cell), words, size=TINY, ha="right", va="center")
    for frame in range(1, nodes // parts):
        edge = frame * parts * cell
        canvas.line((left + edge, top), (left + edge, top + MESSAGES_SIDE), width=1, colour="#ffffff")
        canvas.line((left, top + edge), (left + MESSAGES_SIDE, top + edge), width=1, colour="#ffffff")


def _strongest(weights_VV: FeatureArray, parts: int) -> str:
    receiver, sender = np.unravel_index(weights_VV.argmax(), weights_VV.shape)

    def words(node: int) -> str:
        frame = f" of frame {node // parts + 1}" if len(weights_VV) > parts else ""
        return f"part {node % parts + 1}{frame}"

    return f"{words(int(receiver))} hears {words(int(sender))} with {weights_VV.max():.2f}"


def plot_channels(shown: Inspected) -> Chart:
    """Of each block, the attention that its channels get, sorted; 1 is what each would get of equal shares."""
    curves = {
        name: np.sort(block.received_UC.mean(axis=0))[::-1] * block.received_UC.shape[1]
        for name, block in shown.inspection.blocks.items()
    }

    def paint(axes: Axes) -> None:
        for number, (name, curve_C) in enumerate(curves.items()):
            colour, style = style_of(number)
            axes.plot(np.arange(1, len(curve_C) + 1), curve_C, style, color=colour, label=f"after {name}")
        axes.axhline(1, color=MUTED, linewidth=0.8)
        axes.set_xscale("log")
        axes.set_yscale("symlog", linthresh=1)
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.set_ylim(bottom=0)
        axes.set_xlabel("channels, the most heard first")
        axes.set_ylabel("times an equal share")
        legend_below(axes, len(curves))

    tops = [f"after {name} {curve_C[0]:.1f}" for name, curve_C in curves.items()]
    alt = f"Attention {shown.name}'s channels get, in equal shares; the most heard one gets {', '.join(tops)}."
    return draw_chart(name=f"channels_{shown.name}", title=shown.title, alt=alt, size=NARROW, paint=paint)
