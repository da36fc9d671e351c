"""The walking figure: shapes from a look and a pose.

Body coordinates are metres: x to the figure's left, y forward, z up from the ground, the origin between the feet.
"""

import itertools
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from streid.data.rendered.wardrobe import Cloth, Colour, Look, Pattern

HEAD, UPPER, LOWER, SHOES = 1, 2, 3, 4
FACE_COLOUR: Colour = (64, 38, 34)
BARE_FOLDS, CLOTH_FOLDS = 0.0, 0.045
Point = tuple[float, float, float]


@dataclass(frozen=True, kw_only=True)
class Pose:
    """A moment of a walk.

    phase: of the gait cycle, radians. swing: strength of the stride, 0 standing, 1 walking. head_turn: of the head
    relative to the body, radians. arm_lift: how far the left forearm is raised (to phone), 0-1.
    """

    phase: float
    swing: float
    head_turn: float
    arm_lift: float


@dataclass(frozen=True)
class Shape:
    """A round cone: axis from `start` to `end` with half-widths along it.

    depth: the half-width from front to back as a factor of that from side to side. caps: how far the
    rounded ends reach, as factors of the half-width there. turn: of the surface relative to the body, radians.
    """

    start: Point
    end: Point
    widths: tuple[float, ...]
    cloth: Cloth
    part: int
    depth: float = 1.0
    caps: tuple[float, float] = (1.0, 1.0)
    turn: float = 0.0
    folds: float = BARE_FOLDS


def plain(colour: Colour) -> Cloth:
    """A cloth of one colour."""
    return Cloth(colour=colour, accent=colour)


def build_figure(look: Look, pose: Pose) -> list[Shape]:
    """The shapes of a person in a pose, standing on the ground."""
    hip, lowest = 0.5 * look.height, 0.0
    legs = []
    for side in (-1.0, 1.0):
        joints = _leg_joints(look, pose, side)
        lowest = min(lowest, joints[2][2] - 0.05 * look.height)
        legs.append((side, joints))
    lift = -lowest - hip
    shapes = [shape for _, joints in legs for shape in _leg(look, joints)]
    shapes += _hips(look, pose)
    shapes += _torso(look)
    for side in (-1.0, 1.0):
        shapes += _arm(look, pose, side)
    shapes += _head(look, pose.head_turn)
    shapes += _bag(look)
    return [_raised(shape, lift + hip) for shape in shapes]


def _raised(shape: Shape, lift: float) -> Shape:
    start, end = shape.start, shape.end
    return Shape(
        (start[0], start[1], start[2] + lift),
        (end[0], end[1], end[2] + lift),
        shape.widths,
        shape.cloth,
        shape.part,
        shape.depth,
        shape.caps,
        shape.turn,
        shape.folds,
    )


def _leg_joints(look: Look, pose: Pose, side: float) -> tuple[Point, Point, Point]:
    """Hip, knee and ankle; the hips are at half the body's height."""
    phase = pose.phase + (math.pi if side > 0 else 0.0)
    swing = pose.swing * (0.7 if look.outfit.lower_kind == "skirt" else 1.0)
    thigh = 0.44 * look.stride * swing * math.sin(phase)
    knee = 0.08 + 0.85 * swing * max(0.0, math.cos(phase)) ** 2
    hip = (side * 0.052 * look.height * look.girth**0.5, 0.0, 0.5 * look.height)
    length = 0.235 * look.height
    middle = (hip[0], hip[1] + length * math.sin(thigh), hip[2] - length * math.cos(thigh))
    shank = thigh - knee
    length = 0.225 * look.height
    return hip, middle, (middle[0], middle[1] + length * math.sin(shank), middle[2] - length * math.cos(shank))


def _leg(look: Look, joints: tuple[Point, Point, Point]) -> Iterator[Shape]:
    hip, knee, ankle = joints
    girth, lower, kind = look.girth, look.outfit.lower, look.outfit.lower_kind
    skin = plain(look.skin)
    bare_shank = kind in ("skirt", "shorts")
    loose = 1.14 if kind in ("trousers", "shorts") else 1.0
    thigh = tuple(width * girth * loose for width in (0.088, 0.083, 0.074, 0.066, 0.060))
    shank = tuple(width * girth**0.5 for width in (0.054, 0.056, 0.050, 0.042, 0.038))
    if not bare_shank:
        shank = tuple(width * girth**0.5 for width in ((0.068, 0.066, 0.063, 0.061, 0.062) if loose > 1 else shank))
    if kind == "skirt":
        under_hem = tuple(0.3 * a + 0.7 * b for a, b in zip(hip, knee, strict=True))
        yield Shape((under_hem[0], under_hem[1], under_hem[2]), knee, (shank[0],) * 5, skin, LOWER)
    else:
        yield Shape(hip, knee, thigh, lower, LOWER, folds=CLOTH_FOLDS)
    yield Shape(knee, ankle, shank, skin if bare_shank else lower, LOWER, caps=(1.0, 0.4), folds=CLOTH_FOLDS / 2)
    tilt = math.atan2(ankle[1] - knee[1], knee[2] - ankle[2])
    forward, down = (math.cos(tilt), math.sin(tilt)), (math.sin(tilt), -math.cos(tilt))
    heel = (ankle[0], ankle[1] - 0.02 * forward[0] + 0.045 * down[0], ankle[2] - 0.02 * forward[1] + 0.045 * down[1])
    toe = (ankle[0] * 1.15, heel[1] + 0.17 * forward[0], heel[2] + 0.17 * forward[1] - 0.01)
    yield Shape(heel, toe, (0.05, 0.05, 0.048, 0.048, 0.043), plain(look.outfit.shoes), SHOES)


def _hips(look: Look, pose: Pose) -> Iterator[Shape]:
    height, girth, outfit = look.height, look.girth, look.outfit
    waist, crotch = (0.0, 0.0, 0.6 * height), (0.0, 0.0, 0.49 * height)
    yield Shape(
        waist, crotch, _scaled((0.130, 0.140, 0.152, 0.154, 0.148), girth), outfit.lower, LOWER, 0.62, (0.2, 0.3)
    )
    if outfit.lower_kind == "skirt":
        hem = (0.0, 0.03 * math.sin(pose.phase) * pose.swing, 0.30 * height)
        widths = _scaled((0.142, 0.162, 0.178, 0.192, 0.206), girth)
        yield Shape(waist, hem, widths, outfit.lower, LOWER, 0.86, (0.1, 0.12), folds=CLOTH_FOLDS)
    if outfit.upper_kind == "coat":
        hem = (0.0, 0.0, 0.34 * height)
        widths = _scaled((0.16, 0.17, 0.176, 0.184, 0.19), girth)
        yield Shape((0.0, 0.0, 0.58 * height), hem, widths, outfit.upper, UPPER, 0.75, (0.2, 0.1), folds=CLOTH_FOLDS)


def _torso(look: Look) -> Iterator[Shape]:
    height, girth, upper = look.height, look.girth, look.outfit.upper
    shoulder = 0.155 * look.shoulders * (0.6 + 0.4 * girth)
    widths = (shoulder * 0.82, shoulder * 1.1, 0.158 * girth, 0.148 * girth, 0.158 * girth)
    bottom = 0.55 if look.outfit.upper_kind != "dress" else 0.6
    top, hem = (0.0, 0.0, 0.805 * height), (0.0, 0.0, bottom * height)
    yield Shape(top, hem, widths, upper, UPPER, 0.68, (0.42, 0.12), folds=CLOTH_FOLDS)
    neck_top, neck = (0.0, 0.015, 0.89 * height), (0.0, 0.0, 0.82 * height)
    yield Shape(neck_top, neck, (0.055,) * 5, plain(look.skin), HEAD)
    if look.scarf is not None:
        yield Shape(
            (0.0, 0.0, 0.862 * height), (0.0, 0.01, 0.838 * height), (0.094,) * 5, plain(look.scarf), UPPER, 0.95
        )


def _arm(look: Look, pose: Pose, side: float) -> Iterator[Shape]:
    height, girth, upper = look.height, look.girth**0.6, look.outfit.upper
    lifted = pose.arm_lift if side > 0 else 0.0
    angle = -side * 0.5 * look.stride * pose.swing * math.sin(pose.phase + math.pi) * (1.0 - lifted)
    bend = 0.22 + 0.3 * pose.swing * max(0.0, math.sin(angle)) + 2.1 * lifted
    shoulder = (side * 0.163 * look.shoulders * (0.6 + 0.4 * look.girth), 0.0, 0.787 * height)
    out = side * (0.035 + 0.03 * (girth - 1.0) + 0.03 * lifted)
    elbow = (shoulder[0] + out, 0.175 * height * math.sin(angle), shoulder[2] - 0.175 * height * math.cos(angle))
    angle += bend
    reach = 0.15 * height
    wrist = (elbow[0] + out * (0.2 - lifted), elbow[1] + reach * math.sin(angle), elbow[2] - reach * math.cos(angle))
    sleeve = Cloth(
        colour=upper.colour,
        accent=upper.accent,
        pattern=upper.pattern if upper.pattern in (Pattern.HOOPS, Pattern.CHECK, Pattern.CAMOUFLAGE) else Pattern.PLAIN,
        repeats=upper.repeats,
    )
    skin = plain(look.skin)
    short = look.outfit.upper_kind in ("t-shirt", "dress")
    yield Shape(shoulder, elbow, _scaled((0.060, 0.060, 0.057, 0.054, 0.05), girth), sleeve, UPPER, folds=CLOTH_FOLDS)
    forearm = (0.043, 0.042, 0.037, 0.033, 0.03) if short else (0.05, 0.05, 0.047, 0.044, 0.043)
    yield Shape(elbow, wrist, _scaled(forearm, girth), skin if short else sleeve, UPPER, caps=(1.0, 0.5))
    hand = tuple(w + 0.05 * (w - e) / reach for w, e in zip(wrist, elbow, strict=True))
    yield Shape(wrist, (hand[0], hand[1], hand[2]), (0.036, 0.042, 0.042, 0.038, 0.032), skin, UPPER, 0.8)
    if look.bag == "handbag" and side < 0:
        yield from _held_bag(look, (hand[0], hand[1], hand[2]))


def _held_bag(look: Look, hand: Point) -> Iterator[Shape]:
    bag = plain(look.bag_colour)
    for offset in (-0.05, 0.05):
        yield Shape(hand, (hand[0], hand[1] + offset, hand[2] - 0.16), (0.012,) * 5, bag, UPPER)
    top, bottom = (hand[0], hand[1], hand[2] - 0.17), (hand[0], hand[1], hand[2] - 0.34)
    yield Shape(top, bottom, (0.06, 0.066, 0.07, 0.074, 0.074), bag, UPPER, 2.1, (0.25, 0.25))


def _head(look: Look, turn: float) -> Iterator[Shape]:
    """Skull with a face, hair around its back and top, hat."""
    middle = 0.93 * look.height
    ahead = (math.sin(-turn), math.cos(turn))

    def at(forward: float, up: float) -> Point:
        return (-forward * ahead[0], forward * ahead[1], middle + up)

    face = Cloth(colour=look.skin, accent=FACE_COLOUR, pattern=Pattern.FACE)
    yield Shape(
        at(0.01, 0.02), at(0.015, -0.045), (0.092, 0.092, 0.09, 0.085, 0.078), face, HEAD, 1.1, (1.0, 1.0), turn
    )
    yield Shape(at(0.105, -0.005), at(0.118, -0.022), (0.014,) * 5, plain(look.skin), HEAD)
    yield from _hair(look, at)
    if look.hat != "none":
        hat = plain(look.hat_colour)
        low = 0.052 if look.hat == "cap" else 0.04
        yield Shape(
            at(-0.006, 0.09), at(-0.006, low), (0.09, 0.1, 0.106, 0.11, 0.112), hat, HEAD, 1.16, (0.42, 0.1), turn
        )
        if look.hat == "cap":
            yield Shape(at(0.1, 0.058), at(0.17, 0.046), (0.07, 0.07, 0.068, 0.06, 0.045), hat, HEAD, 0.25, (0.3, 0.5))


def _hair(look: Look, at: Callable[[float, float], Point]) -> Iterator[Shape]:
    if look.hair_style == "bald":
        return
    hair = Cloth(colour=look.hair, accent=_darker(look.hair), pattern=Pattern.PINSTRIPES, repeats=14.0)
    thick = 1.14 if look.hair_style == "curly" else 1.0
    crown = _scaled((0.094, 0.101, 0.104, 0.101, 0.092), thick)
    yield Shape(at(-0.03, 0.05), at(-0.036, -0.01), crown, hair, HEAD, 1.0)
    fringe = {"parted": 0.045, "long": 0.03, "curly": 0.045}.get(look.hair_style, 0.022)
    yield Shape(at(0.0, 0.085), at(fringe, 0.075), _scaled((0.086,) * 5, thick), hair, HEAD, 1.0, (0.5, 0.5))
    if look.hair_style == "long":
        widths = (0.104, 0.11, 0.112, 0.106, 0.09)
        yield Shape(at(-0.035, 0.0), at(-0.075, -0.21), widths, hair, HEAD, 0.62, (1.0, 0.35))
    elif look.hair_style == "ponytail":
        yield Shape(at(-0.13, 0.03), at(-0.165, -0.2), (0.03, 0.046, 0.046, 0.036, 0.018), hair, HEAD)
    elif look.hair_style == "bun":
        yield Shape(at(-0.12, 0.085), at(-0.13, 0.09), (0.055,) * 5, hair, HEAD)


def _bag(look: Look) -> Iterator[Shape]:
    height, bag = look.height, plain(look.bag_colour)
    chest = 0.116 * look.shoulders * (0.6 + 0.4 * look.girth) + 0.012
    if look.bag == "backpack":
        top, bottom = (0.0, -0.17, 0.8 * height), (0.0, -0.18, 0.58 * height)
        yield Shape(top, bottom, (0.11, 0.128, 0.135, 0.138, 0.13), bag, UPPER, 0.72, (0.45, 0.35))
        for side in (-1.0, 1.0):
            points = ((0.105, -0.02, 0.835), (0.095, chest, 0.76), (0.115, chest - 0.01, 0.67), (0.15, -0.04, 0.61))
            strap = [(side * x * look.shoulders, y, z * height) for x, y, z in points]
            for start, end in itertools.pairwise(strap):
                yield Shape(start, end, (0.019,) * 5, bag, UPPER)
    elif look.bag == "shoulder":
        for front in (1.0, -1.0):
            strap = [
                (-0.1, 0.0, 0.84 * height),
                (0.0, front * chest * 1.06, 0.71 * height),
                (0.17, front * 0.07, 0.55 * height),
            ]
            for start, end in itertools.pairwise(strap):
                yield Shape(start, end, (0.015,) * 5, bag, UPPER)
        hip = 0.19 * look.girth**0.5
        yield Shape(
            (hip, 0, 0.55 * height),
            (hip, 0, 0.45 * height),
            (0.06, 0.065, 0.068, 0.068, 0.064),
            bag,
            UPPER,
            2.0,
            (0.2, 0.2),
        )


def _scaled(widths: tuple[float, ...], factor: float) -> tuple[float, ...]:
    return tuple(width * factor for width in widths)


def _darker(colour: Colour) -> Colour:
    return (colour[0] * 3 // 4, colour[1] * 3 // 4, colour[2] * 3 // 4)
