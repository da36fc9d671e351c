"""Rank-1 and mAP of every pair of cameras, as matrices.

Shape suffixes: C query cameras, D gallery cameras.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap, to_rgb

from streid.arrays import FloatArray
from streid.reporting.figures.charts import Chart, draw_chart
from streid.reporting.palette import COLOURS, LINE, PAPER, PLACEHOLDERS, SERIES
from streid.reporting.runs import ModelRun
from streid.reporting.streams import APPEARANCE, kind_title, stream_kind
from streid.scoring.breakdown import CameraPairs, camera_pairs

FIGURES = {"rank1_CD": ("rank1", "Rank-1"), "mAP_CD": ("mAP", "mAP")}
CELL, FRAME = 38, (92, 78)
SMALLEST, LARGEST = 320, 480
MANY = 10


@dataclass(frozen=True, kw_only=True)
class CameraMatrices:
    """The matrices. cameras: number of rows or columns. fewest, most: number of queries behind a cell."""

    charts: Sequence[Chart]
    cameras: int
    fewest: int
    most: int


def plot_camera_pairs(run: ModelRun) -> CameraMatrices | None:
    """Rank-1 and mAP per query and gallery camera: by appearance alone, and in the best stream.

    The same colours mean the same values in both. None without rankings.
    """
    shown = [key for key in dict.fromkeys((APPEARANCE, run.best_stream)) if key in run.rankings]
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

    def paint(axes: Axes) -> None:
        # A share of blue over the colour of lines, so that both can change with the page's colour scheme.
        share_CD = np.clip((values_CD - low) / (100 - low), 0, 1)
        known_CD = np.ma.masked_invalid(values_CD)
        axes.pcolormesh(known_CD, cmap=ListedColormap([LINE]), edgecolors=PAPER, linewidth=1.5)
        shades = axes.pcolormesh(known_CD, cmap=ListedColormap([SERIES[0]]))
        shades.set(alpha=np.nan_to_num(share_CD), linewidth=0)
        size = 6.5 if max(rows, columns) > MANY else 8.5
        for row, column in np.argwhere(np.isfinite(values_CD)):
            place, ink = (column + 0.5, row + 0.5), _legible(float(share_CD[row, column]))
            axes.text(*place, f"{values_CD[row, column]:.0f}", ha="center", va="center", color=ink, fontsize=size)
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


def _legible(share: float) -> str:
    """Paper or ink, whichever has the better contrast (WCAG 2) on a share of blue over the colour of lines.

    The worse contrast of the two colour schemes counts.
    """
    worst = {}
    for name in ("card", "ink"):
        contrasts = []
        for scheme in (0, 1):
            ink_3, line_3, blue_3 = (np.array(to_rgb(COLOURS[colour][scheme])) for colour in (name, "line", "blue"))
            lights = sorted(map(_luminance, (ink_3, share * blue_3 + (1 - share) * line_3)))
            contrasts.append((lights[1] + 0.05) / (lights[0] + 0.05))
        worst[name] = min(contrasts)
    return PLACEHOLDERS[max(worst, key=lambda name: worst[name])]


def _luminance(colour_3: FloatArray) -> float:
    return float(np.dot((0.2126, 0.7152, 0.0722), colour_3**2.2))


def _describe(title: str, pairs: CameraPairs, values_CD: FloatArray) -> str:
    """The pairs with the lowest and the highest value, and the median value, in words."""
    described = []
    for word, cell in (("lowest", np.nanargmin(values_CD)), ("highest", np.nanargmax(values_CD))):
        row, column = np.unravel_index(cell, values_CD.shape)
        cameras = f"query camera {pairs.query_C[row]} and gallery camera {pairs.gallery_D[column]}"
        described.append(f"{word} {values_CD[row, column]:.1f} % for {cameras}")
    middle = f"{np.nanmedian(values_CD):.1f} %"
    return f"{title} per pair of cameras: {', '.join(described)}; half of the pairs have at least {middle}."
