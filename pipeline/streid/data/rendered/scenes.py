"""The six places that the cameras look at, painted once per process.

A scene has 720x480 pixels: the camera's view without people.
"""

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from streid.data.rendered.wardrobe import Colour

WIDTH, HEIGHT = 720, 480
DETAIL = 2  # painted this many times larger, then reduced
SCENE_STREAM = 21
Painter = Callable[[np.random.Generator], Image.Image]


def paint_plaza(rng: np.random.Generator) -> Image.Image:
    """A paved square in front of a row of shops, in the sun."""
    brush = _Brush((206, 214, 224))
    _shop_row(brush, rng, bottom=236, walls=((206, 184, 152), (190, 148, 118), (222, 210, 188), (172, 164, 158)))
    brush.ground(236, (186, 176, 162))
    brush.tiles((360, 60), 236, (162, 152, 140), columns=26, rows=13)
    for x in (90, 330, 600):
        _planter(brush, rng, x, 262)
    return brush.finish(rng, grain=5)


def paint_street(rng: np.random.Generator) -> Image.Image:
    """A pavement along a brick wall, a kerb and the road in front."""
    brush = _Brush((182, 192, 200))
    brush.box(0, 0, WIDTH, 250, (148, 84, 66))
    for row, y in enumerate(range(0, 250, 9)):
        brush.line((0, y), (WIDTH, y), (172, 118, 98))
        for x in range(-10 + 11 * (row % 2), WIDTH, 22):
            shade = int(rng.integers(-14, 15))
            brush.box(x + 1, y + 1, x + 21, y + 8, (148 + shade, 84 + shade // 2, 66 + shade // 2))
    for x in range(70, WIDTH, 210):
        brush.box(x - 4, 56, x + 74, 176, (222, 216, 204))
        brush.box(x, 60, x + 70, 172, (72, 92, 108))
        brush.line((x + 35, 60), (x + 35, 172), (222, 216, 204), 3)
    for x, colour in ((168, (212, 176, 60)), (392, (62, 118, 150)), (620, (190, 70, 70))):
        brush.box(x, 120, x + 44, 186, (240, 236, 226))
        brush.box(x + 4, 124, x + 40, 160, colour)
    brush.ground(250, (156, 154, 150))
    brush.tiles((360, 120), 250, (134, 132, 130), columns=18, rows=9)
    brush.polygon([(0, 424), (WIDTH, 424), (WIDTH, 434), (0, 434)], (206, 204, 198))
    brush.box(0, 434, WIDTH, HEIGHT, (84, 86, 90))
    return brush.finish(rng, grain=7)


def paint_hall(rng: np.random.Generator) -> Image.Image:
    """A station hall with polished tiles and columns, seen from above."""
    brush = _Brush((196, 200, 204))
    brush.box(0, 0, WIDTH, 130, (176, 180, 186))
    for x in range(0, WIDTH, 120):
        brush.box(x + 8, 20, x + 112, 104, (120, 150, 170))
        brush.box(x + 8, 20, x + 112, 40, (40, 62, 90))
    brush.ground(130, (198, 196, 190))
    for row, (near, far) in enumerate(_ground_rows(-20, 130, 11)):
        for column in range(-14, 15):
            if (row + column) % 2:
                corners = [_towards((360, -20), 360 + 92 * c, y) for c, y in _tile(column, near, far)]
                brush.polygon(corners, (172, 170, 168))
    brush.polygon([(250, 130), (286, 130), (214, HEIGHT), (120, HEIGHT)], (222, 190, 70))
    for x, base in ((40, 250), (500, 210), (660, 330)):
        brush.box(x, 0, x + 44, base, (150, 154, 160))
        brush.box(x + 6, 0, x + 18, base, (186, 190, 194))
        brush.ellipse((x - 4, base - 8, x + 48, base + 8), (132, 136, 142))
    return brush.finish(rng, grain=3)


def paint_park(rng: np.random.Generator) -> Image.Image:
    """A gravel path between lawns, hedges and trees in the evening."""
    brush = _Brush((222, 206, 178))
    for _ in range(130):
        middle, size, green = rng.uniform(-20, WIDTH + 20), rng.uniform(20, 46), int(rng.integers(-18, 19))
        crown = rng.uniform(60, 200)
        leaves = (middle - size, crown - size * 0.8, middle + size, crown + size * 0.8)
        brush.ellipse(leaves, (72 + green, 104 + green, 58 + green // 2))
    for x in (60, 210, 470, 640):
        brush.box(x, 110, x + 16, 262, (92, 70, 52))
    brush.ground(232, (112, 140, 76))
    for _ in range(900):
        root, foot, shade = rng.uniform(0, WIDTH), rng.uniform(234, HEIGHT), int(rng.integers(-16, 17))
        tip = (root + rng.uniform(-2, 2), foot - rng.uniform(2, 7))
        brush.line((root, foot), tip, (106 + shade, 138 + shade, 70 + shade))
    brush.polygon([(300, 232), (430, 232), (800, HEIGHT), (-60, HEIGHT)], (198, 178, 146))
    for _ in range(700):
        left, top = rng.uniform(60, 640), rng.uniform(320, HEIGHT)
        brush.ellipse((left, top, left + 2.4, top + 1.4), (176, 156, 128))
    for bench in (128, 560):
        brush.box(bench, 214, bench + 84, 222, (120, 84, 54))
        brush.box(bench, 228, bench + 84, 236, (136, 96, 62))
        brush.box(bench + 8, 236, bench + 14, 256, (60, 58, 56))
        brush.box(bench + 70, 236, bench + 76, 256, (60, 58, 56))
    return brush.finish(rng, grain=7)


def paint_underpass(rng: np.random.Generator) -> Image.Image:
    """A tiled passage below a road, lit by lamps, seen from its ceiling."""
    brush = _Brush((96, 94, 90))
    brush.box(0, 0, WIDTH, 150, (150, 140, 122))
    for y in range(10, 150, 14):
        brush.line((0, y), (WIDTH, y), (128, 120, 106))
    for x in range(0, WIDTH, 20):
        brush.line((x, 0), (x, 150), (128, 120, 106))
    brush.box(0, 84, WIDTH, 100, (52, 92, 110))
    for x, width, colour in ((80, 90, (176, 60, 90)), (300, 120, (70, 110, 160)), (560, 80, (90, 140, 80))):
        for _ in range(9):
            centre = x + rng.uniform(0, width)
            brush.arc((centre, 26 + rng.uniform(0, 50), centre + 34, 110), rng.uniform(0, 180), colour)
    brush.ground(150, (126, 122, 116))
    for _ in range(60):
        left, top = rng.uniform(0, WIDTH), rng.uniform(170, HEIGHT)
        brush.ellipse((left, top, left + rng.uniform(10, 60), top + rng.uniform(4, 16)), (118, 114, 108))
    for x in (180, 360, 540):
        brush.line(
            _towards((360, -160), x, 150), _towards((360, -160), 2.2 * (x - 360) + 360, HEIGHT), (104, 100, 96), 3
        )
    brush.box(0, 296, WIDTH, 304, (210, 182, 70))
    return brush.finish(rng, grain=8)


def paint_market(rng: np.random.Generator) -> Image.Image:
    """Market stalls with awnings and crates on cobblestones, under clouds."""
    brush = _Brush((206, 212, 218))
    brush.box(0, 0, WIDTH, 240, (168, 160, 150))
    colours: tuple[Colour, ...] = ((190, 62, 54), (58, 110, 150), (70, 132, 84), (214, 160, 60))
    for stall, x in enumerate(range(-30, WIDTH, 190)):
        colour = colours[stall % len(colours)]
        brush.box(x + 10, 110, x + 170, 214, (84, 74, 66))
        for stripe in range(8):
            fill = colour if stripe % 2 else (236, 230, 220)
            left, right = x + 22.5 * stripe, x + 22.5 * (stripe + 1)
            brush.polygon([(left + 8, 62), (right + 6, 62), (right, 112), (left, 112)], fill)
            brush.ellipse((left, 104, right, 120), fill)
        for crate in range(5):
            left = x + 14 + 31 * crate
            brush.box(left, 188, left + 28, 214, (156, 116, 74))
            fruit = colours[int(rng.integers(len(colours)))]
            for _ in range(9):
                px, py = left + rng.uniform(1, 21), 180 + rng.uniform(0, 7)
                brush.ellipse((px, py, px + 7, py + 7), fruit)
        brush.box(x + 10, 214, x + 170, 246, (110, 84, 62))
    brush.ground(246, (146, 142, 138))
    for near, far in _ground_rows(130, 246, 16):
        size = (far - near) * -2.1
        for left in np.arange(rng.uniform(-size, 0), WIDTH, size).tolist():
            shade = int(rng.integers(-10, 11))
            brush.ellipse((left + 1, far + 1, left + size - 1, near - 1), (152 + shade, 148 + shade, 142 + shade))
    return brush.finish(rng, grain=6)


class _Brush:
    """Draws at `DETAIL` times the scene's size."""

    def __init__(self, sky: Colour) -> None:
        self.image = Image.new("RGB", (WIDTH * DETAIL, HEIGHT * DETAIL), sky)
        self.draw = ImageDraw.Draw(self.image)

    def box(self, left: float, top: float, right: float, bottom: float, fill: Colour) -> None:
        self.draw.rectangle([left * DETAIL, top * DETAIL, right * DETAIL - 1, bottom * DETAIL - 1], fill)

    def ellipse(self, box: tuple[float, float, float, float], fill: Colour) -> None:
        if box[2] > box[0] and box[3] > box[1]:
            self.draw.ellipse([value * DETAIL for value in box], fill)

    def polygon(self, points: list[tuple[float, float]], fill: Colour) -> None:
        self.draw.polygon([(x * DETAIL, y * DETAIL) for x, y in points], fill)

    def line(self, start: tuple[float, float], end: tuple[float, float], fill: Colour, width: float = 1) -> None:
        ends = [(x * DETAIL, y * DETAIL) for x, y in (start, end)]
        self.draw.line(ends, fill, max(1, round(width * DETAIL)))

    def arc(self, box: tuple[float, float, float, float], start: float, fill: Colour) -> None:
        self.draw.arc([value * DETAIL for value in box], start, start + 230, fill, 6 * DETAIL)

    def ground(self, top: float, colour: Colour) -> None:
        """Fill the ground, a little darker far away."""
        steps = 24
        for step in range(steps):
            shade = 0.86 + 0.14 * step / (steps - 1)
            upper = top + (HEIGHT - top) * step / steps
            self.box(0, upper, WIDTH, HEIGHT, (int(colour[0] * shade), int(colour[1] * shade), int(colour[2] * shade)))

    def tiles(self, vanishing: tuple[float, float], top: float, colour: Colour, *, columns: int, rows: int) -> None:
        """Joints of paving that runs towards a vanishing point."""
        for column in range(-columns, columns + 1):
            x = vanishing[0] + column * 4.4 * WIDTH / columns
            self.line(_towards(vanishing, x, top), (x, HEIGHT), colour)
        for near, _ in _ground_rows(vanishing[1], top, rows):
            self.line((0, near), (WIDTH, near), colour)

    def finish(self, rng: np.random.Generator, *, grain: float) -> Image.Image:
        """The scene at its own size, with some grain so that surfaces are not flat."""
        pixels: npt.NDArray[Any] = np.asarray(self.image.reduce(DETAIL), dtype=np.float32)
        coarse = rng.normal(0.0, grain, (HEIGHT // 12, WIDTH // 12)).astype(np.float32)
        stains = np.asarray(Image.fromarray(coarse).resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC))
        noise = rng.normal(0.0, grain * 0.7, (HEIGHT, WIDTH))
        return Image.fromarray(np.clip(pixels + (stains + noise)[..., None], 0, 255).astype(np.uint8))


def _towards(vanishing: tuple[float, float], x: float, row: float) -> tuple[float, float]:
    """Where the line from the vanishing point to (x, bottom of the scene) crosses `row`."""
    share = (row - vanishing[1]) / (HEIGHT - vanishing[1])
    return vanishing[0] + (x - vanishing[0]) * share, row


def _ground_rows(vanishing_row: float, top: float, count: int) -> Iterator[tuple[float, float]]:
    """Near and far edges of `count` equally deep strips of ground, from the scene's bottom to `top`."""
    near, far = 1.0 / (HEIGHT - vanishing_row), 1.0 / (top - vanishing_row)
    edges = [vanishing_row + 1.0 / (near + (far - near) * step / count) for step in range(count + 1)]
    yield from itertools.pairwise(edges)


def _tile(column: int, near: float, far: float) -> list[tuple[int, float]]:
    return [(column, near), (column + 1, near), (column + 1, far), (column, far)]


def _shop_row(brush: _Brush, rng: np.random.Generator, *, bottom: float, walls: tuple[Colour, ...]) -> None:
    awnings: tuple[Colour, ...] = ((168, 58, 56), (54, 98, 84), (64, 86, 140), (200, 150, 60))
    for shop, x in enumerate(range(-40, WIDTH, 160)):
        brush.box(x, 0, x + 160, bottom, walls[shop % len(walls)])
        for window in range(3):
            left = x + 14 + 48 * window
            brush.box(left, 20, left + 34, 76, (236, 232, 224))
            brush.box(left + 3, 23, left + 31, 73, (104, 122, 138))
        brush.box(x + 12, 128, x + 104, bottom - 14, (82, 98, 112))
        brush.box(x + 16, 132, x + 56, bottom - 18, (138, 152, 162))
        brush.box(x + 114, 128, x + 150, bottom, (92, 62, 48))
        for item in range(4):
            left = x + 20 + 20 * item
            brush.ellipse((left, bottom - 46, left + 15, bottom - 20), awnings[int(rng.integers(len(awnings)))])
        brush.polygon([(x + 10, 96), (x + 152, 96), (x + 158, 130), (x + 4, 130)], awnings[shop % len(awnings)])


def _planter(brush: _Brush, rng: np.random.Generator, x: float, base: float) -> None:
    for _ in range(26):
        px, py, size = x + rng.uniform(-8, 48), base - rng.uniform(26, 62), rng.uniform(6, 13)
        green = int(rng.integers(-16, 17))
        brush.ellipse((px - size, py - size, px + size, py + size), (76 + green, 112 + green, 66))
    brush.box(x - 6, base - 28, x + 46, base, (112, 104, 98))
