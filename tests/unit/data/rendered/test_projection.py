"""Projection by hand: what faces the camera keeps its place, a quarter turn swaps sides and depth."""

import math

import numpy as np
import pytest

from streid.data.rendered import raster
from streid.data.rendered.body import Shape, plain
from streid.data.rendered.projection import CAMERA_DISTANCE, WIDENING, View, extents, place, project

GREY = plain((90, 90, 90))


def shape(start: tuple[float, float, float], end: tuple[float, float, float], depth: float = 1.0) -> Shape:
    return Shape(start, end, (0.1,) * raster.WIDTHS, GREY, 1, depth)


@pytest.mark.parametrize(
    ("yaw", "across", "towards"),
    [(0.0, 0.3, 0.5), (math.pi / 2, 0.5, -0.3), (math.pi, -0.3, -0.5)],
)
def test_a_turn_swaps_sides_and_depth(yaw: float, across: float, towards: float) -> None:
    """A point 0.3 m to the figure's left and 0.5 m before it, 1 m up, without pitch."""
    geometry_SG, _ = project([shape((0.3, 0.5, 1.0), (0.3, 0.5, 1.0))], View(yaw=yaw, pitch=0.0))
    nearer = CAMERA_DISTANCE / (CAMERA_DISTANCE - towards)
    expected = (WIDENING * across * nearer, -nearer, towards)
    np.testing.assert_allclose(geometry_SG[0, raster.AX : raster.AZ + 1], expected, atol=1e-12)


def test_a_camera_that_looks_straight_down_sees_height_as_depth() -> None:
    geometry_SG, _ = project([shape((0, 0.5, 1.5), (0, 0.5, 1.5))], View(yaw=0.0, pitch=math.pi / 2))
    nearer = CAMERA_DISTANCE / (CAMERA_DISTANCE - 1.5)
    np.testing.assert_allclose(geometry_SG[0, raster.AX : raster.AZ + 1], (0, 0.5 * nearer, 1.5), atol=1e-12)


def test_a_flat_shape_is_narrow_from_the_side() -> None:
    front = project([shape((0, 0, 0), (0, 0, 1), depth=0.5)], View(yaw=0.0, pitch=0.0))[0]
    side = project([shape((0, 0, 0), (0, 0, 1), depth=0.5)], View(yaw=math.pi / 2, pitch=0.0))[0]
    np.testing.assert_allclose(side[0, raster.WIDTH :], 0.5 * front[0, raster.WIDTH :])
    assert (front[0, raster.DEPTH], side[0, raster.DEPTH]) == pytest.approx((0.5, 2.0))


def test_the_nearest_shapes_come_first_with_their_materials() -> None:
    far = Shape((0, -1, 1), (0, -1, 1), (0.1,) * raster.WIDTHS, GREY, 2)
    near = Shape((0, 1, 1), (0, 1, 1), (0.1,) * raster.WIDTHS, GREY, 3)
    geometry_SG, materials_SM = project([far, near], View(yaw=0.0, pitch=0.0))
    assert geometry_SG[:, raster.AZ].tolist() == [1, -1]
    assert materials_SM[:, raster.PART].tolist() == [3, 2]
    assert geometry_SG.shape == (2, raster.GEOMETRY_COLUMNS) and materials_SM.shape == (2, raster.MATERIAL_COLUMNS)


def test_placing_scales_lengths_and_moves_the_ground_point() -> None:
    geometry_SG, _ = project([shape((0, 0, 0), (0, 0, 2))], View(yaw=0.0, pitch=0.0))
    placed_SG = place(geometry_SG, scale=100, x=30, y=200)
    assert placed_SG[0, [raster.AX, raster.AY, raster.BX, raster.BY]].tolist() == [30, 200, 30, 0]
    np.testing.assert_allclose(placed_SG[0, raster.WIDTH :], 100 * geometry_SG[0, raster.WIDTH :])
    width = WIDENING * 0.1
    assert extents(geometry_SG) == pytest.approx((-width, -2 - 0.6 * width, width, 0.6 * width))
