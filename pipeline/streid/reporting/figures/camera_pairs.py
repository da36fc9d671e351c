"""Rank-1 and mAP of every pair of cameras, as matrices.

Shape suffixes: C query cameras, D gallery cameras.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, to_rgb

from streid.arrays import FloatArray
from streid.reporting.figures.charts import Chart, Theme, draw_chart
from streid.reporting.runs import ModelRun
from streid.reporting.streams import APPEARANCE, kind_title, stream_kind
from streid.scoring.breakdown import CameraPairs, camera_pairs

FIGURES = {"rank1_CD": ("rank1", "Rank-1"), "mAP_CD": ("mAP", "mAP")}
CELL, FRAME = 38, (92, 78)
SMALLEST, LARGEST = 320, 480
MANY = 10


@dataclass(frozen=True, kw_only=True)
class CameraMatrices:
    """The matrices; cameras: their rows or columns; fewest, most: queries behind one of their cells."""

    charts: Sequence[Chart]
    cameras: int
    fewest: int
    most: int


def plot_camera_pairs(run: ModelRun) -> CameraMatrices | None:
    """Rank-1 and mAP per query and gallery camera: by appearance alone, and at the end of the main fusion's road.

    The same colours stand for the same values in both. None without rankings.
    """
    shown = [key for key in dict.fromkeys((APPEARANCE, run.final_stream)) if key in run.rankings]
    pairs = {key: camera_pairs(run.rankings[key], run.query, run.gallery) for key in shown}
    counted = [number for pair in pairs.values() for number in pair.queries_CD.ravel().tolist() if number]
    if not counted:
        return None
    charts = []
    for figure, (name, title) in FIGURES.items():
        values = {key: 100 * getattr(pair, figure) for key, pair in pairs.items()}
        least = min(float(np.nanmin(values_CD)) for values_CD in values.values())
        low = min(10 * np.floor(least / 10), 90.0)
        charts += [
            _plot_matrix(
                f"cameras_{name}_{stream_kind(key)}", f"{title}, {kind_title(key)}", pairs[key], values[key], low
            )
            for key in shown
        ]
    return CameraMatrices(
        charts=charts, cameras=max(next(iter(pairs.values())).queries_CD.shape), fewest=min(counted), most=max(counted)
    )


def _plot_matrix(name: str, title: str, pairs: CameraPairs, values_CD: FloatArray, low: float) -> Chart:
    rows, columns = values_CD.shape

    def paint(axes: Axes, theme: Theme) -> None:
        colours = LinearSegmentedColormap.from_list("share", (theme.grid, theme.series[0]))
        axes.pcolormesh(values_CD, cmap=colours, vmin=low, vmax=100, edgecolors=theme.paper, linewidth=1.5)
        for row, column in np.ndindex(rows, columns):
            value = values_CD[row, column]
            if np.isfinite(value):
                ink = _legible(theme, np.asarray(colours((value - low) / (100 - low)))[:3])
                size = 6.5 if max(rows, columns) > MANY else 8.5
                axes.text(column + 0.5, row + 0.5, f"{value:.0f}", ha="center", va="center", color=ink, fontsize=size)
        axes.set_xticks(np.arange(columns) + 0.5, [str(camera) for camera in pairs.gallery_D])
        axes.set_yticks(np.arange(rows) + 0.5, [str(camera) for camera in pairs.query_C])
        axes.invert_yaxis()
        axes.grid(visible=False)
        axes.tick_params(length=0)
        for spine in axes.spines.values():
            spine.set_visible(False)
        axes.set_xlabel("gallery camera")
        axes.set_ylabel("query camera")

    size = tuple(
        min(LARGEST, max(SMALLEST, CELL * cells + frame)) for cells, frame in zip((columns, rows), FRAME, strict=True)
    )
    return draw_chart(
        name=name, title=title, alt=_describe(title, pairs, values_CD), size=(size[0], min(size)), paint=paint
    )


def _legible(theme: Theme, ground_3: FloatArray) -> str:
    """The theme's paper or ink, whichever has more contrast on a colour (as WCAG 2 counts it)."""
    lights = {name: _luminance(np.array(to_rgb(name))) for name in (theme.paper, theme.ink)}
    light = _luminance(ground_3)
    contrasts = {name: max(other, light) + 0.05 for name, other in lights.items()}
    contrasts = {name: high / (min(lights[name], light) + 0.05) for name, high in contrasts.items()}
    return max(contrasts, key=lambda name: contrasts[name])


def _luminance(colour_3: FloatArray) -> float:
    return float(np.dot((0.2126, 0.7152, 0.0722), colour_3**2.2))


def _describe(title: str, pairs: CameraPairs, values_CD: FloatArray) -> str:
    """The pairs with the lowest and the highest value, and the value between them, in words."""
    told = []
    for word, cell in (("lowest", np.nanargmin(values_CD)), ("highest", np.nanargmax(values_CD))):
        row, column = np.unravel_index(cell, values_CD.shape)
        cameras = f"query camera {pairs.query_C[row]} and gallery camera {pairs.gallery_D[column]}"
        told.append(f"{word} {values_CD[row, column]:.1f} % for {cameras}")
    middle = f"{np.nanmedian(values_CD):.1f} %"
    return f"{title} per pair of cameras: {', '.join(told)}; half of the pairs have at least {middle}."
