"""Projection of a figure's shapes to the picture of a camera.

Shape suffixes: S shapes, G geometry columns, M material columns.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from streid.data.rendered import raster
from streid.data.rendered.body import Shape
from streid.data.rendered.raster import FloatArray

CAMERA_DISTANCE = 7.0  # metres; decides how much larger nearer parts look
WIDENING = 1.12  # boxes of all shapes are resized to 1:2, which makes most people a little wider


@dataclass(frozen=True, kw_only=True)
class View:
    """How the camera sees a figure: yaw 0 faces it, pi/2 walks to the right; pitch is its angle downwards, radians."""

    yaw: float
    pitch: float


def project(shapes: Sequence[Shape], view: View) -> tuple[FloatArray, FloatArray]:
    """Shapes as a camera sees them, in metres on the picture plane through the body's axis.

    Returns:
        Geometry and materials as `raster.draw_shapes` takes them, nearest shapes first so that hidden
        surfaces cost little; x to the right, y down, origin at the figure's place on the ground.
    """
    ends = np.array([(shape.start, shape.end) for shape in shapes])
    widths = np.array([shape.widths for shape in shapes])
    flat = np.array([shape.depth for shape in shapes])
    sin_yaw, cos_yaw = math.sin(view.yaw), math.cos(view.yaw)
    sin_pitch, cos_pitch = math.sin(view.pitch), math.cos(view.pitch)
    across = ends[..., 0] * cos_yaw + ends[..., 1] * sin_yaw
    towards = ends[..., 1] * cos_yaw - ends[..., 0] * sin_yaw
    down = towards * sin_pitch - ends[..., 2] * cos_pitch
    depth = towards * cos_pitch + ends[..., 2] * sin_pitch
    nearer = CAMERA_DISTANCE / (CAMERA_DISTANCE - depth)
    geometry_SG = np.empty((len(shapes), raster.GEOMETRY_COLUMNS))
    for end, first in enumerate((raster.AX, raster.BX)):
        geometry_SG[:, first : first + 3] = np.stack([WIDENING * across * nearer, down * nearer, depth], axis=-1)[
            :, end
        ]
    side = np.sqrt(cos_yaw**2 + (flat * sin_yaw) ** 2)
    front = np.sqrt(sin_yaw**2 + (flat * cos_yaw) ** 2)
    geometry_SG[:, raster.DEPTH] = front / side
    geometry_SG[:, raster.CAP_A : raster.CAP_B + 1] = [shape.caps for shape in shapes]
    geometry_SG[:, raster.YAW] = [view.yaw + shape.turn for shape in shapes]
    geometry_SG[:, raster.WIDTH :] = WIDENING * widths * (side * nearer.mean(axis=1))[:, None]
    materials_SM = np.array(
        [(*s.cloth.colour, *s.cloth.accent, s.cloth.pattern, s.cloth.repeats, s.part, s.folds) for s in shapes],
        dtype=np.float64,
    )
    nearest_first = np.argsort(-(geometry_SG[:, raster.AZ] + geometry_SG[:, raster.BZ]), kind="stable")
    return geometry_SG[nearest_first], materials_SM[nearest_first]


def extents(geometry_SG: FloatArray) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of projected shapes, in metres."""
    reach = geometry_SG[:, raster.WIDTH :].max(axis=1)
    x, y = geometry_SG[:, (raster.AX, raster.BX)], geometry_SG[:, (raster.AY, raster.BY)]
    return (
        float((x.min(axis=1) - reach).min()),
        float((y.min(axis=1) - reach * 0.6).min()),
        float((x.max(axis=1) + reach).max()),
        float((y.max(axis=1) + reach * 0.6).max()),
    )


def place(geometry_SG: FloatArray, *, scale: float, x: float, y: float) -> FloatArray:
    """Projected shapes on a canvas: `scale` pixels per metre, the figure's ground point at (x, y)."""
    placed = geometry_SG.copy()
    placed[:, raster.AX : raster.BZ + 1] *= scale
    placed[:, raster.WIDTH :] *= scale
    placed[:, (raster.AX, raster.BX)] += x
    placed[:, (raster.AY, raster.BY)] += y
    return placed
