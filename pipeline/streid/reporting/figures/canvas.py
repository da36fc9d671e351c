"""Figures laid out in CSS pixels: pictures, maps over pictures, matrices and lines between them.

Shape suffixes: H, W rows and columns of a picture, h, w of a map, R, C rows and columns of a matrix. A box is left,
top, width, height; (0, 0) is the figure's upper left corner.
"""

from typing import Any, NamedTuple

import matplotlib as mpl
import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.patches import PathPatch, Rectangle
from matplotlib.path import Path
from PIL import Image

from streid.arrays import FeatureArray
from streid.reporting.palette import INK, MUTED

POINTS = 0.75  # of a CSS pixel
PICTURE_SIZE = (64, 128)
HEAT, MATRIX = "inferno", "viridis"
HEAT_SHARE = 0.6
SMALL, TINY = 8.0, 7.0
BRIGHT = 0.6

Pixels = npt.NDArray[np.uint8]
Box = tuple[float, float, float, float]


class Span(NamedTuple):
    """The values at the ends of a scale."""

    low: float
    high: float

    def share(self, values: FeatureArray) -> FeatureArray:
        """The place of values between the ends, from 0 to 1."""
        width = self.high - self.low
        shares: FeatureArray = np.clip((values - self.low) / width, 0, 1) if width > 0 else np.zeros_like(values)
        return shares


class Canvas:
    """A chart's axes in CSS pixels."""

    def __init__(self, axes: Axes, size: tuple[int, int]) -> None:
        self._axes = axes
        axes.set_position((0, 0, 1, 1))
        axes.set_axis_off()
        axes.set_xlim(0, size[0])
        axes.set_ylim(size[1], 0)
        axes.autoscale(enable=False)

    def picture(self, pixels_HW3: Pixels, box: Box) -> None:
        """Put a picture into a box, stretched to fill it."""
        left, top, width, height = box
        self._axes.imshow(
            pixels_HW3, extent=(left, left + width, top + height, top), aspect="auto", interpolation="none"
        )

    def text(self, place: tuple[float, float], words: str, *, size: float = SMALL, **changes: Any) -> None:
        """Write words: baseline at the place's y, left aligned unless `ha` says otherwise."""
        self._axes.text(*place, words, fontsize=size, **{"va": "baseline", "color": INK, **changes})

    def line(
        self, start: tuple[float, float], end: tuple[float, float], *, width: float, colour: str, alpha: float = 1
    ) -> None:
        """A line of the given width in pixels."""
        self._axes.plot(*zip(start, end, strict=True), color=colour, linewidth=POINTS * width, alpha=alpha)

    def arc(
        self,
        start: tuple[float, float],
        end: tuple[float, float],
        *,
        rise: float,
        width: float,
        colour: str,
        alpha: float,
    ) -> None:
        """A curve between two places of one height, up by `rise` at its middle."""
        (x, y), (to, _) = start, end
        curve = Path([start, (x, y - 4 / 3 * rise), (to, y - 4 / 3 * rise), end], [1, 4, 4, 4])
        self._axes.add_patch(
            PathPatch(curve, fill=False, edgecolor=colour, linewidth=POINTS * width, alpha=alpha, capstyle="butt")
        )

    def rectangle(self, box: Box, *, fill: str = "none", edge: str = "none", width: float = 1) -> None:
        """A rectangle, filled or framed."""
        left, top, across, down = box
        self._axes.add_patch(
            Rectangle((left, top), across, down, facecolor=fill, edgecolor=edge, linewidth=POINTS * width)
        )

    def dot(self, place: tuple[float, float], *, size: float, colour: str) -> None:
        """A filled circle of the given diameter in pixels."""
        self._axes.plot(*place, "o", color=colour, markersize=POINTS * size, markeredgewidth=0)

    def matrix(self, values_RC: FeatureArray, box: Box, span: Span, *, numbers: bool = False) -> None:
        """Coloured cells, the first row on top; with `numbers` also their values in hundredths."""
        self.picture(coloured(span.share(values_RC), MATRIX), box)
        if numbers:
            left, top, width, height = box
            rows, columns = values_RC.shape
            for (row, column), value in np.ndenumerate(values_RC):
                bright = float(span.share(np.asarray(value))) > BRIGHT
                place = (left + (column + 0.5) * width / columns, top + (row + 0.5) * height / rows)
                self.text(place, f"{100 * value:.0f}", ha="center", va="center", color="#000" if bright else "#fff")

    def scale(self, box: Box, span: Span, label: str, colours: str, form: str = "{:.3g}") -> None:
        """A colour bar with the values of its ends and the name of the quantity below."""
        left, top, width, height = box
        self.picture(coloured(np.linspace(0, 1, 64, dtype=np.float32)[None], colours), box)
        below = top + height + 12
        self.text((left, below), form.format(span.low), color=MUTED)
        self.text((left + width, below), form.format(span.high), ha="right", color=MUTED)
        self.text((left + width / 2, below), label, ha="center", color=MUTED)


def coloured(shares: FeatureArray, colours: str) -> Pixels:
    """Shares from 0 to 1 as RGB of a colour map."""
    pixels: Pixels = mpl.colormaps[colours](shares, bytes=True)[..., :3]
    return pixels


def as_seen(picture: Image.Image) -> Pixels:
    """A picture stretched to the proportions of a network's input, RGB."""
    return np.asarray(picture.resize(PICTURE_SIZE, Image.Resampling.LANCZOS))


def heat_over(picture_HW3: Pixels, map_hw: FeatureArray, span: Span) -> Pixels:
    """A map, smoothed to the picture's size, coloured over the grey picture."""
    height, width = picture_HW3.shape[:2]
    smooth = Image.fromarray(map_hw.astype(np.float32)).resize((width, height), Image.Resampling.BILINEAR)
    heat_HW3 = coloured(span.share(np.asarray(smooth)), HEAT).astype(np.float32)
    grey_HW1 = picture_HW3.astype(np.float32).mean(2, keepdims=True)
    blended: Pixels = np.rint(HEAT_SHARE * heat_HW3 + (1 - HEAT_SHARE) * grey_HW1).astype(np.uint8)
    return blended
