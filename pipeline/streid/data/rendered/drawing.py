"""One picture of the rendered world: a person, or a bad detection, as one camera sees it.

The seed, the person's look and the picture's name determine the whole picture: pictures of one pass share heading and
speed, and frames close in time show neighbouring moments of one walk.

Shape suffixes: H W picture rows and columns, C colour channels, S shapes.
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

from streid.data.rendered import body, cameras, projection, raster
from streid.data.rendered.occluders import draw_occluder
from streid.data.rendered.wardrobe import Look, draw_look, draw_outfit
from streid.files.sightings import DISTRACTOR_PID, JUNK_PID

WIDTH, HEIGHT = 64, 128
SUPERSAMPLING = 2
EMPTY_JUNK = 0.35  # share of bad detections that show no person
PASSER_BY = 9  # part label while drawing; background in the mask
PASS_STREAM, PICTURE_STREAM = 31, 32
Pixels = npt.NDArray[np.float32]
Bytes = npt.NDArray[np.uint8]


@dataclass(frozen=True, kw_only=True)
class Difficulty:
    """How hard it is to tell the people apart.

    camera_light: strength of the cameras' colour casts and exposures; 0 none, 1 in full. shared_clothes:
    share of identities dressed like one or two others. occlusion: share of pictures with something in
    front of the person. company: share of pictures with a passer-by beside. box_jitter: factor of the
    detection boxes' inaccuracy. noise: factor of the sensors' noise.
    """

    camera_light: float = 0.4
    shared_clothes: float = 0.3
    occlusion: float = 0.16
    company: float = 0.14
    box_jitter: float = 1.0
    noise: float = 0.8


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """The content of a picture's name: identity, camera, sequence (1-based), frame, box."""

    pid: int
    camid: int
    sequence: int
    frame: int
    box: int


@dataclass(frozen=True, kw_only=True)
class Framing:
    """The detection box: the figure's height in pixels, and its ground point in the picture."""

    figure_height: float
    x: float
    y: float


@dataclass(frozen=True, kw_only=True)
class _Walk:
    """One pass at a camera. yaw: radians. column, row: of the ground point in the scene."""

    yaw: float
    column: float
    row: float
    standing: bool
    phoning: bool


@dataclass(frozen=True, kw_only=True, eq=False)
class _Figures:
    """What to rasterise. framing: of the person. scale: picture pixels per metre."""

    geometry_SG: raster.FloatArray
    materials_SM: raster.FloatArray
    framing: Framing
    scale: float


def draw_picture(snapshot: Snapshot, look: Look, *, seed: int, difficulty: Difficulty) -> tuple[Bytes, Bytes]:
    """Draw one picture and its part mask.

    Args:
        snapshot: the picture's name. Pid -1 is a bad detection: the person is visible in part or not at all.
        look: of the person.

    Returns:
        RGB (128, 64, 3) and part labels (128, 64): 0 background, 1 head, 2 upper body, 3 lower body, 4 shoes.
    """
    who = (snapshot.pid + 1, snapshot.camid, snapshot.sequence)
    where = (snapshot.frame, snapshot.box)
    rng = np.random.default_rng([seed, PICTURE_STREAM, *who, *where])
    same_walk = who if snapshot.pid > DISTRACTOR_PID else (*who, *where)
    walk = _walk(snapshot, np.random.default_rng([seed, PASS_STREAM, *same_walk]), rng)
    figures = _figures(snapshot, look, walk, difficulty, rng)
    picture_HWC = _background(snapshot, walk, figures.framing, seed)
    parts_HW = _compose(picture_HWC, figures, cameras.CAMERAS[snapshot.camid])
    if rng.random() < difficulty.occlusion:
        _occlude(picture_HWC, parts_HW, rng)
    recorded_HWC = cameras.expose(
        picture_HWC,
        snapshot.camid,
        sequence=snapshot.sequence,
        frame=snapshot.frame,
        strength=difficulty.camera_light,
        noise=difficulty.noise,
        rng=rng,
    )
    return recorded_HWC, parts_HW


def _figures(snapshot: Snapshot, look: Look, walk: _Walk, difficulty: Difficulty, rng: np.random.Generator) -> _Figures:
    """The person, placed in the detection box, and perhaps a passer-by."""
    pitch = math.radians(cameras.CAMERAS[snapshot.camid].pitch + rng.normal(0.0, 1.5))
    figure = body.build_figure(look, _pose(snapshot, look, walk, rng))
    geometry_SG, materials_SM = projection.project(figure, projection.View(yaw=walk.yaw, pitch=pitch))
    junk = snapshot.pid == JUNK_PID
    framing = _junk_framing(rng) if junk else _framing(geometry_SG, difficulty.box_jitter, rng)
    scale = framing.figure_height / look.height
    geometry_SG = _placed(geometry_SG, scale, framing.x, framing.y)
    if junk and rng.random() < EMPTY_JUNK:
        geometry_SG, materials_SM = geometry_SG[:0], materials_SM[:0]
    elif rng.random() < difficulty.company:
        other_SG, other_SM = _passer_by(framing, scale, walk, pitch, rng)
        geometry_SG, materials_SM = np.concatenate([geometry_SG, other_SG]), np.concatenate([materials_SM, other_SM])
    return _Figures(geometry_SG=geometry_SG, materials_SM=materials_SM, framing=framing, scale=scale)


def _placed(geometry_SG: raster.FloatArray, scale: float, x: float, y: float) -> raster.FloatArray:
    """Projected shapes on the supersampled canvas; scale and place are the picture's."""
    return projection.place(geometry_SG, scale=scale * SUPERSAMPLING, x=x * SUPERSAMPLING, y=y * SUPERSAMPLING)


def _walk(snapshot: Snapshot, pass_rng: np.random.Generator, rng: np.random.Generator) -> _Walk:
    """Heading, place and manner of walking; all follow from the pass, and the frame moves the person on."""
    camera = cameras.CAMERAS[snapshot.camid]
    heading = math.radians(camera.headings[int(pass_rng.integers(2))] + pass_rng.normal(0.0, 16.0))
    column, row = pass_rng.uniform(0.0, 500.0), pass_rng.uniform(0.0, 1.0)
    standing = bool(pass_rng.random() < 0.08)
    phoning = bool(pass_rng.random() < 0.12)
    pace = 0.0 if standing else 1.2
    column = 110.0 + (column + pace * math.sin(heading) * snapshot.frame) % 500.0
    row = (row + 0.002 * pace * math.cos(heading) * snapshot.frame) % 1.0
    return _Walk(
        yaw=heading + rng.normal(0.0, 0.12),
        column=column,
        row=camera.ground[0] + row * (camera.ground[1] - camera.ground[0]),
        standing=standing,
        phoning=phoning,
    )


def _pose(snapshot: Snapshot, look: Look, walk: _Walk, rng: np.random.Generator) -> body.Pose:
    seconds = snapshot.frame / cameras.FRAMES_PER_SECOND
    return body.Pose(
        phase=2 * math.pi * look.steps * seconds + 0.7 * snapshot.pid,
        swing=0.12 if walk.standing else float(rng.uniform(0.75, 1.05)),
        head_turn=float(rng.normal(0.0, 0.22)),
        arm_lift=0.95 if walk.phoning else 0.0,
    )


def _framing(geometry_SG: raster.FloatArray, jitter: float, rng: np.random.Generator) -> Framing:
    """A detector's box around the figure, with small errors."""
    left, top, right, bottom = projection.extents(geometry_SG)
    share = float(np.clip(rng.normal(0.92, 0.04 * jitter), 0.78, 1.04))
    per_metre = HEIGHT * share / (bottom - top)
    middle_x = WIDTH / 2 + rng.normal(0.0, 2.2 * jitter)
    middle_y = HEIGHT / 2 + rng.normal(0.0, 2.2 * jitter)
    standing = float(geometry_SG[:, (raster.AY, raster.BY)].min())
    return Framing(
        figure_height=per_metre * -standing,
        x=middle_x - per_metre * (left + right) / 2,
        y=middle_y - per_metre * (top + bottom) / 2,
    )


def _junk_framing(rng: np.random.Generator) -> Framing:
    """A box that holds a part of a person, or a person at its edge."""
    if rng.random() < 0.6:
        height = HEIGHT * rng.uniform(1.5, 2.6)
        return Framing(figure_height=height, x=rng.uniform(5, 59), y=HEIGHT * 0.5 + height * rng.uniform(0.1, 0.9))
    height = HEIGHT * rng.uniform(0.5, 0.9)
    side = 1 if rng.random() < 0.5 else -1
    return Framing(figure_height=height, x=WIDTH / 2 + side * rng.uniform(24, 34), y=HEIGHT * rng.uniform(0.8, 1.1))


def _passer_by(
    framing: Framing, scale: float, walk: _Walk, pitch: float, rng: np.random.Generator
) -> tuple[raster.FloatArray, raster.FloatArray]:
    """Another person beside this one, nearer to the camera or farther away."""
    look = draw_look(rng, draw_outfit(rng))
    nearer = rng.random() < 0.4
    offset = float(rng.uniform(17.0, 30.0)) * (1 if rng.random() < 0.5 else -1)
    yaw = float(walk.yaw + (math.pi if rng.random() < 0.4 else 0.0) + rng.normal(0.0, 0.3))
    pose = body.Pose(phase=float(rng.uniform(0, 2 * math.pi)), swing=1.0, head_turn=0.0, arm_lift=0.0)
    geometry_SG, materials_SM = projection.project(body.build_figure(look, pose), projection.View(yaw=yaw, pitch=pitch))
    grown, lower, towards = (1.05, 5.0, 1.2) if nearer else (0.92, -6.0, -1.2)
    geometry_SG = _placed(geometry_SG, scale * grown, framing.x + offset, framing.y + lower)
    geometry_SG[:, (raster.AZ, raster.BZ)] += towards * scale * SUPERSAMPLING
    materials_SM[:, raster.PART] = PASSER_BY
    return geometry_SG, materials_SM


def _background(snapshot: Snapshot, walk: _Walk, framing: Framing, seed: int) -> Pixels:
    """The part of the camera's scene behind the box, so that the person's ground point fits."""
    camera = cameras.CAMERAS[snapshot.camid]
    nearness = (walk.row - camera.ground[0]) / (camera.ground[1] - camera.ground[0])
    stature = camera.stature[0] + nearness * (camera.stature[1] - camera.stature[0])
    ratio = stature / max(framing.figure_height, 0.6 * HEIGHT)
    scene = cameras.scene(snapshot.camid, seed)
    left = min(max(0.0, walk.column - framing.x * ratio), scene.width - WIDTH * ratio)
    top = min(max(0.0, walk.row - framing.y * ratio), scene.height - HEIGHT * ratio)
    box = (left, top, left + WIDTH * ratio, top + HEIGHT * ratio)
    return np.array(scene.resize((WIDTH, HEIGHT), Image.Resampling.BILINEAR, box=box), dtype=np.float32)


def _compose(picture_HWC: Pixels, figures: _Figures, camera: cameras.Camera) -> Bytes:
    """Draw the figures and their shadows over the background, in place; returns the part mask."""
    shape = (HEIGHT * SUPERSAMPLING, WIDTH * SUPERSAMPLING)
    colour_HWC, depth_HW = np.zeros((*shape, 3), np.float32), np.full(shape, -np.inf, np.float32)
    part_HW = np.zeros(shape, np.uint8)
    length = math.hypot(*camera.light)
    light = (camera.light[0] / length, camera.light[1] / length, camera.light[2] / length)
    raster.draw_shapes(
        colour_HWC,
        depth_HW,
        part_HW,
        figures.geometry_SG,
        figures.materials_SM,
        1 / (figures.scale * SUPERSAMPLING),
        light,
    )
    figure_HWC, cover_HW, parts_HW = raster.reduce_canvas(colour_HWC, part_HW, SUPERSAMPLING)
    shade_HW = _shadow(cover_HW, camera, figures.framing)
    picture_HWC *= ((1.0 - cover_HW) * shade_HW)[..., None]
    picture_HWC += figure_HWC
    parts_HW[parts_HW == PASSER_BY] = 0
    return parts_HW


def _shadow(cover_HW: Pixels, camera: cameras.Camera, framing: Framing) -> Pixels:
    """How much light reaches the ground: a soft spot below the feet and the shadow the light casts."""
    rows = (np.arange(HEIGHT, dtype=np.float32)[:, None] - np.float32(framing.y)) / 4.0
    columns = (np.arange(WIDTH, dtype=np.float32) - np.float32(framing.x)) / 13.0
    spot_HW = np.exp(-(rows**2) - columns**2) * np.float32(cover_HW.any())
    shade_HW: Pixels = np.float32(1.0) - np.float32(0.42) * spot_HW
    if camera.shadow > 0.2:
        flat, lean = 0.34, 1.5 * camera.light[0]
        cast = Image.fromarray((cover_HW * 255).astype(np.uint8)).transform(
            (WIDTH, HEIGHT),
            Image.Transform.AFFINE,
            (1.0, -lean, lean * framing.y, 0.0, 1 / flat, framing.y * (1 - 1 / flat)),
            Image.Resampling.BILINEAR,
        )
        soft = np.asarray(cast.filter(ImageFilter.GaussianBlur(0.8)), dtype=np.float32)
        shade_HW *= 1.0 - camera.shadow * soft / 255.0
    return shade_HW


def _occlude(picture_HWC: Pixels, parts_HW: Bytes, rng: np.random.Generator) -> None:
    layer_HWC = np.asarray(draw_occluder(rng, WIDTH, HEIGHT), dtype=np.float32)
    alpha_HW1 = layer_HWC[..., 3:] / 255.0
    picture_HWC *= 1.0 - alpha_HW1
    picture_HWC += layer_HWC[..., :3] * alpha_HW1
    parts_HW[alpha_HW1[..., 0] > 0.5] = 0
