"""Things that stand between a camera and a person."""

import numpy as np
from PIL import Image, ImageDraw

from streid.data.rendered.wardrobe import BAG_COLOURS, Colour

DETAIL = 3  # drawn this many times larger, then reduced
STEEL: tuple[Colour, ...] = ((92, 96, 100), (60, 70, 64), (150, 152, 154), (52, 52, 56))


def draw_occluder(rng: np.random.Generator, width: int, height: int) -> Image.Image:
    """A post, bicycle, bench, bush or sign, drawn with `rng`, as an RGBA layer of the given size.

    It hides up to about a third of a person in the middle of the layer.
    """
    layer = Image.new("RGBA", (width * DETAIL, height * DETAIL), (0, 0, 0, 0))
    draw = ImageDraw.Draw(layer)
    painter = (_post, _bicycle, _bench, _bush, _sign)[int(rng.integers(5))]
    painter(draw, rng, width * DETAIL, height * DETAIL)
    return layer.reduce(DETAIL)


def _post(draw: ImageDraw.ImageDraw, rng: np.random.Generator, width: int, height: int) -> None:
    thick, centre = rng.uniform(0.05, 0.12) * width, rng.uniform(0.2, 0.8) * width
    colour = STEEL[int(rng.integers(len(STEEL)))]
    top = -1.0 if rng.random() < 0.6 else rng.uniform(0.5, 0.65) * height
    for share, shade in ((1.0, 0.75), (0.7, 1.0), (0.25, 1.2)):
        half = thick * share
        draw.rectangle([centre - half, top, centre + half * 0.5, height], fill=_shaded(colour, shade))


def _bicycle(draw: ImageDraw.ImageDraw, rng: np.random.Generator, width: int, height: int) -> None:
    radius = rng.uniform(0.24, 0.3) * width
    middle = rng.uniform(0.25, 0.75) * width
    axle = height * 1.0 - radius * rng.uniform(0.85, 1.1)
    frame = BAG_COLOURS[int(rng.integers(len(BAG_COLOURS)))]
    back, front = (middle - radius * 1.25, axle), (middle + radius * 1.25, axle)
    for x, y in (back, front):
        draw.ellipse([x - radius, y - radius, x + radius, y + radius], outline=(38, 38, 40, 255), width=5)
        for spoke in np.arange(0.0, np.pi, np.pi / 5):
            dx, dy = radius * np.cos(spoke), radius * np.sin(spoke)
            draw.line([x - dx, y - dy, x + dx, y + dy], fill=(120, 120, 124, 255), width=1)
    pedals, seat, bar = (middle - 0.1 * radius, axle), (middle - 0.5 * radius, axle - 1.3 * radius), 1.45 * radius
    stem = (front[0] - 0.3 * radius, axle - bar)
    for start, end in ((back, pedals), (back, seat), (seat, pedals), (pedals, stem), (seat, stem), (stem, front)):
        draw.line([start, end], fill=_shaded(frame, 1.0), width=6)
    draw.line([seat[0] - 12, seat[1] - 8, seat[0] + 14, seat[1] - 8], fill=(32, 32, 34, 255), width=8)
    draw.line([stem[0] - 14, stem[1] - 6, stem[0] + 6, stem[1] - 6], fill=(32, 32, 34, 255), width=6)


def _bench(draw: ImageDraw.ImageDraw, rng: np.random.Generator, width: int, height: int) -> None:
    top, left = rng.uniform(0.66, 0.78) * height, rng.uniform(-0.4, 0.3) * width
    right = left + rng.uniform(0.8, 1.1) * width
    for slat in range(4):
        y = top + slat * 0.052 * height + (0.02 * height if slat > 2 else 0)
        wood = _shaded((146, 100, 62), 1.0 - 0.07 * slat)
        draw.rounded_rectangle([left, y, right, y + 0.036 * height], radius=4, fill=wood)
    for x in (left + 0.1 * width, right - 0.14 * width):
        draw.rectangle([x, top - 4, x + 0.05 * width, height], fill=(56, 58, 60, 255))


def _bush(draw: ImageDraw.ImageDraw, rng: np.random.Generator, width: int, height: int) -> None:
    centre, crown = rng.uniform(0.1, 0.9) * width, rng.uniform(0.66, 0.8) * height
    for _ in range(70):
        x, y = centre + rng.normal(0, 0.2) * width, height - abs(rng.normal(0, 0.5)) * (height - crown)
        size, shade = rng.uniform(0.03, 0.07) * width, rng.uniform(0.75, 1.2)
        draw.ellipse([x - size, y - size, x + size, y + size], fill=_shaded((74, 112, 60), shade))


def _sign(draw: ImageDraw.ImageDraw, rng: np.random.Generator, width: int, height: int) -> None:
    left, top = rng.uniform(-0.1, 0.6) * width, rng.uniform(0.58, 0.72) * height
    right, colour = left + rng.uniform(0.35, 0.5) * width, BAG_COLOURS[int(rng.integers(len(BAG_COLOURS)))]
    draw.polygon([(left, top), (right, top), (right + 10, height), (left - 10, height)], fill=(206, 202, 194, 255))
    inset = 0.04 * width
    draw.rectangle([left + inset, top + inset, right - inset, top + 0.14 * height], fill=_shaded(colour, 1.0))
    for line in range(3):
        y = top + (0.18 + 0.04 * line) * height
        draw.line([left + inset, y, right - inset - 10 * line, y], fill=(96, 96, 98, 255), width=4)


def _shaded(colour: Colour, shade: float) -> tuple[int, int, int, int]:
    red, green, blue = (min(255, int(channel * shade)) for channel in colour)
    return red, green, blue, 255
