"""The six cameras of the rendered world: their positions, light and optics.

Each camera has its own colour cast, exposure and sharpness, so the same clothes look different in each of them. This is
what makes the pictures difficult for appearance models.

Shape suffixes: H W picture rows and columns, C colour channels.
"""

import functools
import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

from streid.data.rendered import scenes

FRAMES_PER_SECOND = 25
DRIFT_FRAMES = 21_000  # clouds and dusk: the period of slow changes of exposure
Pixels = npt.NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class Camera:
    """One camera.

    pitch: degrees it looks down. gain: of red, green, blue. exposure, contrast, saturation: factors.
    blur: Gaussian radius in pixels. noise: standard deviation, of 255. light: towards the light (x right, y
    down, z to the viewer). shadow: strength of cast shadows, 0-1. headings: directions in which
    people mostly walk, in degrees, 0 towards the camera, 90 to the right. ground: scene rows people stand on.
    stature: their height there in scene pixels.
    """

    paint: scenes.Painter
    pitch: float
    gain: tuple[float, float, float]
    exposure: float
    contrast: float
    saturation: float
    blur: float
    noise: float
    light: tuple[float, float, float]
    shadow: float
    headings: tuple[float, float]
    ground: tuple[float, float]
    stature: tuple[float, float]


CAMERAS = {
    1: Camera(
        paint=scenes.paint_plaza, pitch=8, gain=(1.05, 1.0, 0.9), exposure=1.1, contrast=1.1, saturation=1.05,
        blur=0.3, noise=3, light=(-0.62, -0.55, 0.56), shadow=0.45, headings=(20, 200), ground=(330, 455),
        stature=(170, 240),
    ),
    2: Camera(
        paint=scenes.paint_street, pitch=6, gain=(0.92, 0.98, 1.12), exposure=0.88, contrast=0.95, saturation=0.85,
        blur=0.5, noise=4, light=(0.2, -0.8, 0.56), shadow=0.1, headings=(82, 278), ground=(330, 425),
        stature=(180, 230),
    ),
    3: Camera(
        paint=scenes.paint_hall, pitch=24, gain=(0.96, 1.07, 0.98), exposure=1.14, contrast=0.86, saturation=0.75,
        blur=0.7, noise=3, light=(0.1, -0.85, 0.52), shadow=0.15, headings=(340, 150), ground=(300, 455),
        stature=(160, 215),
    ),
    4: Camera(
        paint=scenes.paint_park, pitch=10, gain=(1.18, 1.0, 0.74), exposure=0.92, contrast=1.12, saturation=1.1,
        blur=0.4, noise=4, light=(0.78, -0.35, 0.52), shadow=0.4, headings=(0, 180), ground=(330, 455),
        stature=(165, 240),
    ),
    5: Camera(
        paint=scenes.paint_underpass, pitch=28, gain=(1.16, 0.98, 0.76), exposure=0.66, contrast=0.9, saturation=0.7,
        blur=0.8, noise=7, light=(0.0, -0.92, 0.39), shadow=0.3, headings=(60, 240), ground=(310, 455),
        stature=(165, 220),
    ),
    6: Camera(
        paint=scenes.paint_market, pitch=12, gain=(0.9, 1.0, 1.1), exposure=1.0, contrast=0.82, saturation=0.92,
        blur=0.5, noise=4, light=(-0.25, -0.8, 0.55), shadow=0.08, headings=(110, 300), ground=(335, 455),
        stature=(170, 235),
    ),
}  # fmt: skip


@functools.lru_cache(maxsize=len(CAMERAS))
def scene(camid: int, seed: int) -> Image.Image:
    """What camera `camid` sees without people."""
    return CAMERAS[camid].paint(np.random.default_rng([seed, scenes.SCENE_STREAM, camid]))


def expose(
    picture_HWC: Pixels,
    camid: int,
    *,
    sequence: int,
    frame: int,
    strength: float,
    noise: float,
    rng: np.random.Generator,
) -> npt.NDArray[np.uint8]:
    """What the camera records of a scene drawn in neutral light.

    Args:
        picture_HWC: colours 0-255 in neutral light.
        sequence: 1-based recording; each has its own slight cast.
        frame: decides the slow drift of the exposure.
        strength: of the camera's cast and exposure; 0 leaves the light neutral, 1 is the camera's own.
        noise: factor of the camera's noise.

    Returns:
        The picture, 8-bit RGB.
    """
    camera = CAMERAS[camid]
    drift = 0.07 * math.sin(2 * math.pi * frame / DRIFT_FRAMES + camid + 2.1 * sequence)
    warmth = 0.05 * math.sin(1.7 * camid + 2.6 * sequence)
    exposure = camera.exposure * (1.0 + drift) * float(np.exp(rng.normal(0.0, 0.07)))
    gain_C = np.array(camera.gain) * (1.0 + warmth, 1.0, 1.0 - warmth)
    gain_C = np.power(gain_C * exposure, strength).astype(np.float32)
    lit_HWC = picture_HWC * gain_C
    grey_HW1 = lit_HWC.mean(axis=2, keepdims=True)
    lit_HWC = grey_HW1 + (lit_HWC - grey_HW1) * np.float32(camera.saturation**strength)
    lit_HWC = (lit_HWC - 118.0) * np.float32(camera.contrast**strength) + 118.0
    blurred = Image.fromarray(np.clip(lit_HWC, 0, 255).astype(np.uint8)).filter(
        ImageFilter.GaussianBlur(camera.blur * float(rng.uniform(0.6, 1.4)))
    )
    grain_HWC = rng.standard_normal(lit_HWC.shape, dtype=np.float32) * np.float32(camera.noise * noise)
    recorded: npt.NDArray[np.uint8] = np.clip(np.asarray(blurred, dtype=np.float32) + grain_HWC, 0, 255).astype(
        np.uint8
    )
    return recorded
