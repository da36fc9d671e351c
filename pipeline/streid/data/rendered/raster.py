"""Rasterising bodies: shaded, patterned round cones with a depth buffer.

A shape is a straight axis with five half-widths along it and rounded ends, seen by an orthographic
camera: x to the right, y down, depth towards the viewer, all in canvas pixels. Surface angles are
measured around the body from its front, in radians, growing towards the picture's right.

Shape suffixes: S shapes, G geometry columns, M material columns, H W canvas rows and columns,
C colour channels.
"""

import math

import numpy as np
import numpy.typing as npt

from streid.stage.kernel_cache import compiled_once

FloatArray = npt.NDArray[np.float64]
Canvas = npt.NDArray[np.float32]
PartMap = npt.NDArray[np.uint8]

AX, AY, AZ, BX, BY, BZ, DEPTH, CAP_A, CAP_B, YAW, WIDTH = range(11)
WIDTHS = 5
GEOMETRY_COLUMNS = WIDTH + WIDTHS
RED, ACCENT_RED, PATTERN, REPEATS, PART, FOLDS = 0, 3, 6, 7, 8, 9
MATERIAL_COLUMNS = 10
PLAIN, HOOPS, PINSTRIPES, CHECK, PRINT, OPEN_FRONT, DOTS, BLOCK, CAMOUFLAGE, FACE, SIDE_STRIPE = range(11)


@compiled_once(error_model="numpy")
def _accent_share(pattern: int, angle: float, height: float, repeats: float) -> float:
    """How much of the second colour a surface point takes, 0-1.

    Args:
        angle: around the body from its front, radians.
        height: along the shape from its start, metres.
        repeats: of the pattern per metre.
    """
    around, down, share = angle * 0.17 * repeats, height * repeats, 0.0
    if pattern == HOOPS:
        share = 1.0 * (down % 1.0 < 0.5)
    elif pattern == PINSTRIPES:
        share = 1.0 * ((around * 1.5) % 1.0 < 0.35)
    elif pattern == CHECK:
        share = 0.5 * (down % 1.0 < 0.5) + 0.4 * (around % 1.0 < 0.5)
    elif pattern == PRINT:
        share = 1.0 * ((angle * 0.17) ** 2 + (height - 0.17) ** 2 < 0.0058)
    elif pattern == OPEN_FRONT:
        share = 1.0 * (abs(angle) < 0.2 + 0.35 * height)
    elif pattern == DOTS:
        shifted = around + 0.5 * (math.floor(down) % 2)
        share = 1.0 * ((shifted % 1.0 - 0.5) ** 2 + (down % 1.0 - 0.5) ** 2 < 0.07)
    elif pattern == BLOCK:
        share = 1.0 * (height < 0.16)
    elif pattern == CAMOUFLAGE:
        share = 1.0 * (math.sin(9 * angle + 14 * height) + math.sin(31 * height - 5 * angle) > 0.5)
    elif pattern == FACE:
        eyes = 0.2 < abs(angle) < 0.46 and -0.006 < height < 0.013
        mouth = abs(angle) < 0.26 and 0.066 < height < 0.079
        share = 0.85 * eyes + 0.4 * mouth
    elif pattern == SIDE_STRIPE:
        share = 1.0 * (abs(abs(angle) - 0.5 * math.pi) < 0.22)
    return share


@compiled_once(error_model="numpy")
def _half_width(shape_G: FloatArray, position: float) -> float:
    """The half-width at `position` (0-1) along the axis, interpolated between the five given ones."""
    place = position * (WIDTHS - 1)
    first = min(int(place), WIDTHS - 2)
    share = place - first
    return float((1.0 - share) * shape_G[WIDTH + first] + share * shape_G[WIDTH + first + 1])


@compiled_once(error_model="numpy")
def _surface(shape_G: FloatArray, x: float, y: float) -> tuple[float, float, float, float, float]:
    """The shape's surface at a canvas point: normal (x, y, z), depth, distance along the axis.

    The normal's z is -1 where the shape does not cover the point.
    """
    dx, dy = shape_G[BX] - shape_G[AX], shape_G[BY] - shape_G[AY]
    length = math.sqrt(dx * dx + dy * dy)
    ux, uy = (dx / length, dy / length) if length > 1e-6 else (0.0, 1.0)
    along = (x - shape_G[AX]) * ux + (y - shape_G[AY]) * uy
    across = (y - shape_G[AY]) * ux - (x - shape_G[AX]) * uy
    position, beyond, cap = 0.0, 0.0, 1.0
    if along < 0.0:
        beyond, cap = along, shape_G[CAP_A]
    elif along > length:
        position, beyond, cap = 1.0, along - length, shape_G[CAP_B]
    elif length > 1e-6:
        position = along / length
    radius = _half_width(shape_G, position)
    end = beyond / max(cap * radius, 1e-3)
    side = across / max(radius, 1e-3)
    rest = 1.0 - side * side - end * end
    if rest <= 0.0:
        return 0.0, 0.0, -1.0, 0.0, 0.0
    normal_z = math.sqrt(rest)
    depth = shape_G[AZ] + position * (shape_G[BZ] - shape_G[AZ]) + normal_z * radius * shape_G[DEPTH]
    return end * ux - side * uy, end * uy + side * ux, normal_z, depth, along


@compiled_once(error_model="numpy")
def _brightness(
    normal: tuple[float, float, float], light: tuple[float, float, float], angle: float, height: float, folds: float
) -> float:
    """Diffuse light with an ambient share, cloth folds and a darker rim that sets limbs apart."""
    diffuse = max(0.0, normal[0] * light[0] + normal[1] * light[1] + normal[2] * light[2])
    rim = max(0.0, 1.0 - normal[2] - 0.55) * 0.75
    fold = folds * math.sin(38.0 * height + 2.5 * math.sin(3.0 * angle + 7.0 * height)) if folds > 0.0 else 0.0
    return float((0.55 + 0.48 * diffuse) * (1.0 - rim) * (1.0 + fold))


@compiled_once(error_model="numpy")
def draw_shapes(  # noqa: PLR0917 - compiled functions take positional arguments only
    colour_HWC: Canvas,
    depth_HW: Canvas,
    part_HW: PartMap,
    geometry_SG: FloatArray,
    materials_SM: FloatArray,
    metres_per_pixel: float,
    light: tuple[float, float, float],
) -> None:
    """Draw shapes onto a canvas, nearer surfaces over farther ones, in place.

    Args:
        colour_HWC: 0-255 colours. depth_HW: depths so far, -inf where empty. part_HW: part labels, 0 empty.
        geometry_SG: axis ends (x, y, depth), depth factor, end caps, yaw, half-widths.
        materials_SM: colour, second colour, pattern, repeats per metre, part label, strength of folds.
        light: unit vector towards the light (x right, y down, z towards the viewer).
    """
    height, width = depth_HW.shape
    for shape in range(len(geometry_SG)):
        shape_G, material_M = geometry_SG[shape], materials_SM[shape]
        reach = shape_G[WIDTH:].max() * max(1.0, shape_G[CAP_A], shape_G[CAP_B]) + 1.0
        top = max(0, int(min(shape_G[AY], shape_G[BY]) - reach))
        bottom = min(height, int(max(shape_G[AY], shape_G[BY]) + reach) + 1)
        left = max(0, int(min(shape_G[AX], shape_G[BX]) - reach))
        right = min(width, int(max(shape_G[AX], shape_G[BX]) + reach) + 1)
        for row in range(top, bottom):
            for column in range(left, right):
                nx, ny, nz, depth, along = _surface(shape_G, column + 0.5, row + 0.5)
                if nz < 0.0 or depth <= depth_HW[row, column]:
                    continue
                angle = math.atan2(nx, nz) - shape_G[YAW]
                angle -= 2.0 * math.pi * math.floor(angle / (2.0 * math.pi) + 0.5)
                down = along * metres_per_pixel
                share = _accent_share(int(material_M[PATTERN]), angle, down, material_M[REPEATS])
                bright = _brightness((nx, ny, nz), light, angle, down, material_M[FOLDS])
                for channel in range(3):
                    mixed = (1.0 - share) * material_M[RED + channel] + share * material_M[ACCENT_RED + channel]
                    colour_HWC[row, column, channel] = min(255.0, mixed * bright)
                depth_HW[row, column] = depth
                part_HW[row, column] = int(material_M[PART])


@compiled_once(error_model="numpy")
def reduce_canvas(colour_HWC: Canvas, part_HW: PartMap, factor: int) -> tuple[Canvas, Canvas, PartMap]:
    """Average a supersampled canvas down by `factor`.

    Returns:
        Colours multiplied by coverage (0-255), coverage (0-1), and the part label at each pixel's
        centre, 0 where less than half of the pixel is covered.
    """
    height, width = part_HW.shape[0] // factor, part_HW.shape[1] // factor
    small_HWC = np.zeros((height, width, 3), np.float32)
    cover_HW = np.zeros((height, width), np.float32)
    parts_HW = np.zeros((height, width), np.uint8)
    for row in range(height):
        for column in range(width):
            for y in range(row * factor, (row + 1) * factor):
                for x in range(column * factor, (column + 1) * factor):
                    if part_HW[y, x]:
                        cover_HW[row, column] += 1.0
                        small_HWC[row, column] += colour_HWC[y, x]
            small_HWC[row, column] /= factor * factor
            cover_HW[row, column] /= factor * factor
            if cover_HW[row, column] >= 0.5:
                parts_HW[row, column] = part_HW[row * factor + factor // 2, column * factor + factor // 2]
    return small_HWC, cover_HW, parts_HW
