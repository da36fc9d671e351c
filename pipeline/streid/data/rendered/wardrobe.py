"""The looks of the people of the rendered world: bodies, hair, clothes, bags.

Colours are 8-bit sRGB triples. Some identities share an outfit with one or two others and differ only in body, hair and
bag, so that clothes are not enough to tell them apart.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Literal, TypeVar

import numpy as np

Colour = tuple[int, int, int]
HairStyle = Literal["bald", "short", "parted", "long", "ponytail", "bun", "curly"]
Hat = Literal["none", "cap", "beanie"]
Bag = Literal["none", "backpack", "shoulder", "handbag"]
UpperKind = Literal["t-shirt", "shirt", "jacket", "coat", "dress"]
LowerKind = Literal["trousers", "slim", "shorts", "skirt"]
Choice = TypeVar("Choice")

OUTFIT_STREAM, BODY_STREAM, SHARING_STREAM = 11, 12, 13


class Pattern(IntEnum):
    """How a surface mixes its two colours; the rasteriser uses the same numbers."""

    PLAIN = 0
    HOOPS = 1
    PINSTRIPES = 2
    CHECK = 3
    PRINT = 4
    OPEN_FRONT = 5
    DOTS = 6
    BLOCK = 7
    CAMOUFLAGE = 8
    FACE = 9
    SIDE_STRIPE = 10


@dataclass(frozen=True, kw_only=True)
class Cloth:
    """A fabric: main colour, second colour, pattern and the pattern's repeats per metre."""

    colour: Colour
    accent: Colour
    pattern: Pattern = Pattern.PLAIN
    repeats: float = 10.0


@dataclass(frozen=True, kw_only=True)
class Outfit:
    """Clothes, which several identities may share."""

    upper_kind: UpperKind
    upper: Cloth
    lower_kind: LowerKind
    lower: Cloth
    shoes: Colour


@dataclass(frozen=True, kw_only=True)
class Look:
    """One person: body, head, bag and outfit.

    height: metres. girth and shoulders: factors of the average width. stride: factor of the average
    swing of legs and arms. steps: gait cycles per second.
    """

    height: float
    girth: float
    shoulders: float
    stride: float
    steps: float
    skin: Colour
    hair_style: HairStyle
    hair: Colour
    hat: Hat
    hat_colour: Colour
    bag: Bag
    bag_colour: Colour
    scarf: Colour | None
    outfit: Outfit


UPPER_COLOURS: tuple[Colour, ...] = (
    (36, 37, 42), (36, 37, 42), (62, 66, 78), (120, 124, 130), (228, 226, 220), (228, 226, 220), (176, 38, 44),
    (212, 98, 58), (226, 178, 62), (62, 118, 74), (136, 156, 96), (36, 62, 118), (86, 142, 200), (28, 112, 122),
    (112, 64, 132), (212, 132, 160), (122, 80, 56), (192, 168, 134),
)  # fmt: skip
LOWER_COLOURS: tuple[Colour, ...] = (
    (34, 35, 40), (34, 35, 40), (44, 58, 92), (58, 82, 126), (112, 138, 172), (104, 106, 110), (176, 158, 124),
    (92, 72, 54), (84, 92, 66), (206, 202, 192),
)  # fmt: skip
SHOE_COLOURS: tuple[Colour, ...] = (
    (30, 28, 28), (30, 28, 28), (232, 232, 228), (96, 62, 42), (150, 44, 48), (60, 84, 130), (120, 120, 118),
)  # fmt: skip
SKIN_COLOURS: tuple[Colour, ...] = (
    (244, 212, 190), (236, 196, 164), (222, 176, 140), (198, 148, 110), (158, 110, 78), (112, 76, 56), (84, 58, 46),
)  # fmt: skip
HAIR_COLOURS: tuple[Colour, ...] = (
    (30, 24, 22), (30, 24, 22), (62, 42, 30), (62, 42, 30), (104, 70, 42), (176, 134, 78), (214, 180, 122),
    (142, 66, 38), (150, 148, 146), (216, 214, 210),
)  # fmt: skip
BAG_COLOURS: tuple[Colour, ...] = (
    (32, 32, 36), (92, 60, 40), (168, 46, 50), (48, 72, 120), (72, 104, 78), (206, 150, 60), (186, 180, 170),
)  # fmt: skip


def draw_outfit(rng: np.random.Generator) -> Outfit:
    """An outfit drawn with `rng`."""
    upper_kind: UpperKind = _one_of(rng, ("t-shirt", "shirt", "jacket", "coat", "dress"), (34, 24, 24, 10, 8))
    lower_kind: LowerKind = _one_of(rng, ("trousers", "slim", "shorts", "skirt"), (44, 28, 16, 12))
    upper = _draw_upper_cloth(rng, upper_kind)
    if upper_kind == "dress":
        lower_kind = "skirt"
        lower = replace(upper, pattern=Pattern.PLAIN) if upper.pattern is Pattern.PRINT else upper
    else:
        colour, accent = _colour(rng, LOWER_COLOURS), _colour(rng, UPPER_COLOURS)
        pattern = _one_of(rng, (Pattern.PLAIN, Pattern.SIDE_STRIPE, Pattern.CHECK), (82, 10, 8))
        lower = Cloth(colour=colour, accent=accent, pattern=pattern, repeats=16.0)
    return Outfit(
        upper_kind=upper_kind, upper=upper, lower_kind=lower_kind, lower=lower, shoes=_colour(rng, SHOE_COLOURS)
    )


def draw_look(rng: np.random.Generator, outfit: Outfit) -> Look:
    """A body with hair, hat and bag drawn with `rng`, dressed in `outfit`."""
    feminine = outfit.lower_kind == "skirt" or rng.random() < 0.4
    styles: tuple[HairStyle, ...] = ("bald", "short", "parted", "long", "ponytail", "bun", "curly")
    return Look(
        height=float(np.clip(rng.normal(1.67 if feminine else 1.77, 0.08), 1.48, 1.98)),
        girth=float(np.clip(rng.normal(1.06, 0.15), 0.8, 1.5)),
        shoulders=float(np.clip(rng.normal(0.95 if feminine else 1.07, 0.06), 0.82, 1.25)),
        stride=float(rng.uniform(0.75, 1.2)),
        steps=float(rng.uniform(0.8, 1.05)),
        skin=_colour(rng, SKIN_COLOURS, spread=5),
        hair_style=_one_of(rng, styles, (2, 14, 10, 36, 20, 10, 8) if feminine else (14, 44, 28, 3, 2, 1, 8)),
        hair=_colour(rng, HAIR_COLOURS, spread=6),
        hat=_one_of(rng, ("none", "cap", "beanie"), (82, 11, 7)),
        hat_colour=_colour(rng, BAG_COLOURS),
        bag=_one_of(rng, ("none", "backpack", "shoulder", "handbag"), (46, 26, 18, 10)),
        bag_colour=_colour(rng, BAG_COLOURS),
        scarf=_colour(rng, UPPER_COLOURS) if rng.random() < 0.1 else None,
        outfit=outfit,
    )


def dress_identities(pids: Sequence[int], *, seed: int, shared_clothes: float) -> dict[int, Look]:
    """The look of each identity of one split.

    Args:
        pids: the identities; their order does not matter.
        shared_clothes: the share of identities that wear the same outfit as one or two others of `pids`.

    Returns:
        A look for each identity, the same for the same identities, seed and share.
    """
    ordered = sorted(set(pids))
    shuffled = np.random.default_rng([seed, SHARING_STREAM]).permutation(ordered).tolist()
    sharing = shuffled[: round(shared_clothes * len(shuffled))]
    leader = {pid: pid for pid in ordered}
    start = 0
    for size in (2, 3) * len(sharing):
        group = sharing[start : start + size]
        leader.update(dict.fromkeys(group, group[0] if group else 0))
        start += size
    return {
        pid: draw_look(
            np.random.default_rng([seed, BODY_STREAM, pid]),
            draw_outfit(np.random.default_rng([seed, OUTFIT_STREAM, leader[pid]])),
        )
        for pid in ordered
    }


def _draw_upper_cloth(rng: np.random.Generator, kind: UpperKind) -> Cloth:
    colour = _colour(rng, UPPER_COLOURS)
    accent = _contrasting(rng, colour)
    choices: tuple[Pattern, ...]
    if kind in ("jacket", "coat"):
        choices, weights = (Pattern.OPEN_FRONT, Pattern.PLAIN, Pattern.CAMOUFLAGE, Pattern.BLOCK), (56, 26, 6, 12)
    elif kind == "shirt":
        choices, weights = (Pattern.PLAIN, Pattern.CHECK, Pattern.PINSTRIPES, Pattern.BLOCK), (34, 36, 18, 12)
    else:
        choices, weights = (Pattern.PLAIN, Pattern.HOOPS, Pattern.PRINT, Pattern.DOTS), (30, 28, 28, 14)
    pattern = _one_of(rng, choices, weights)
    return Cloth(colour=colour, accent=accent, pattern=pattern, repeats=float(rng.uniform(7.0, 13.0)))


def _contrasting(rng: np.random.Generator, colour: Colour) -> Colour:
    """A colour of clothes that differs clearly from `colour`."""
    distances = [sum(abs(a - b) for a, b in zip(colour, other, strict=True)) for other in UPPER_COLOURS]
    far = [other for other, distance in zip(UPPER_COLOURS, distances, strict=True) if distance > 150]
    return far[int(rng.integers(len(far)))]


def _colour(rng: np.random.Generator, palette: Sequence[Colour], spread: int = 10) -> Colour:
    """A palette colour, each channel moved by up to `spread`."""
    red, green, blue = palette[int(rng.integers(len(palette)))]
    shift = rng.integers(-spread, spread + 1, 3).tolist()
    moved = (red + shift[0], green + shift[1], blue + shift[2])
    return (_clip(moved[0]), _clip(moved[1]), _clip(moved[2]))


def _clip(value: int) -> int:
    return min(255, max(0, value))


def _one_of(rng: np.random.Generator, choices: Sequence[Choice], weights: Sequence[int]) -> Choice:
    position = rng.random() * sum(weights)
    return choices[int(np.searchsorted(np.cumsum(weights), position, side="right"))]
