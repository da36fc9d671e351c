"""The rasteriser on shapes whose pictures are known."""

import numpy as np

from streid.data.rendered import raster
from streid.data.rendered.wardrobe import Pattern

FROM_VIEWER = (0.0, 0.0, 1.0)


def shape(ax: float, ay: float, bx: float, by: float, *, width: float, depth: float = 0.0) -> np.ndarray:
    """A straight shape of one width, at one depth, with round ends."""
    geometry = np.zeros(raster.GEOMETRY_COLUMNS)
    geometry[raster.AX : raster.BZ + 1] = (ax, ay, depth, bx, by, depth)
    geometry[raster.DEPTH] = geometry[raster.CAP_A] = geometry[raster.CAP_B] = 1.0
    geometry[raster.WIDTH :] = width
    return geometry


def material(colour: tuple[float, float, float], part: int, pattern: Pattern = Pattern.PLAIN) -> np.ndarray:
    return np.array([*colour, 255, 255, 255, pattern, 10.0, part, 0.0])


def draw(geometry: list[np.ndarray], materials: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    colour, parts = np.zeros((60, 60, 3), np.float32), np.zeros((60, 60), np.uint8)
    depth = np.full((60, 60), -np.inf, np.float32)
    raster.draw_shapes(colour, depth, parts, np.array(geometry), np.array(materials), 0.01, FROM_VIEWER)
    return colour, parts


def test_a_round_shape_covers_its_area() -> None:
    _, parts = draw([shape(30, 20, 30, 40, width=8)], [material((200, 0, 0), 2)])
    assert abs(int((parts == 2).sum()) - (20 * 16 + np.pi * 64)) < 12
    assert parts[30, 22] == 2
    assert parts[30, 21] == 0
    assert parts[12, 30] == 2
    assert parts[11, 30] == 0


def test_the_nearer_shape_hides_the_farther_in_either_order() -> None:
    far, near = shape(10, 30, 50, 30, width=6), shape(30, 10, 30, 50, width=6, depth=20)
    red, green = material((200, 0, 0), 1), material((0, 200, 0), 2)
    for geometry, materials in (([far, near], [red, green]), ([near, far], [green, red])):
        colour, parts = draw(geometry, materials)
        assert parts[30, 30] == 2
        assert parts[30, 15] == 1
        assert colour[30, 30, 0] == 0
        assert colour[30, 15, 1] == 0


def test_a_shape_without_length_is_a_disc() -> None:
    _, parts = draw([shape(30, 30, 30, 30, width=10)], [material((9, 9, 9), 3)])
    assert abs(int(parts.astype(bool).sum()) - np.pi * 100) < 12


def test_surfaces_turned_to_the_light_are_brighter() -> None:
    colour, _ = draw([shape(30, 10, 30, 50, width=12)], [material((200, 200, 200), 1)])
    assert colour[30, 30, 0] > colour[30, 23, 0] > colour[30, 19, 0]


def test_hoops_run_across_the_shape() -> None:
    colour, _ = draw([shape(30, 5, 30, 55, width=12)], [material((0, 0, 0), 1, Pattern.HOOPS)])
    bright = colour[5:55, 30, 0] > 100
    assert np.flatnonzero(np.diff(bright.astype(int))).tolist() == [4, 9, 14, 19, 24, 29, 34, 39, 44]


def test_reducing_averages_what_is_covered() -> None:
    colour, parts = np.zeros((4, 4, 3), np.float32), np.zeros((4, 4), np.uint8)
    parts[:2, :2] = 3
    colour[:2, :2] = 80
    parts[1, 3], colour[1, 3] = 4, 100
    small, cover, labels = raster.reduce_canvas(colour, parts, 2)
    assert cover.tolist() == [[1.0, 0.25], [0.0, 0.0]]
    assert small[..., 0].tolist() == [[80.0, 25.0], [0.0, 0.0]]
    assert labels.tolist() == [[3, 0], [0, 0]]
