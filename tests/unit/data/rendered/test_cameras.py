"""The cameras: scenes that repeat, and exposures that make one colour look different in each."""

import numpy as np
import pytest

from streid.data.rendered.cameras import CAMERAS, DRIFT_FRAMES, expose, scene

GREY_HWC = np.full((32, 16, 3), 118, np.float32)


def exposed(camid: int, strength: float, *, frame: int = 0, noise: float = 0.0, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return expose(GREY_HWC, camid, sequence=1, frame=frame, strength=strength, noise=noise, rng=rng)


def test_a_scene_repeats_and_each_camera_has_its_own() -> None:
    assert scene(1, 3) is scene(1, 3)
    pixels = [np.asarray(scene(camid, 3)).tobytes() for camid in CAMERAS]
    assert len(set(pixels)) == len(CAMERAS)


@pytest.mark.parametrize("camid", CAMERAS)
def test_without_strength_and_noise_grey_stays_grey(camid: int) -> None:
    picture_HWC = exposed(camid, 0.0)
    assert picture_HWC.dtype == np.uint8
    assert np.abs(picture_HWC.astype(int) - 118).max() <= 1


def test_each_camera_has_its_own_cast() -> None:
    means = {camid: tuple(np.round(exposed(camid, 1.0).mean(axis=(0, 1))).astype(int)) for camid in CAMERAS}
    assert len(set(means.values())) == len(CAMERAS)
    # Camera 4's evening sun is warm, camera 2's street cold.
    assert means[4][0] > means[4][2] and means[2][0] < means[2][2]


def test_the_light_drifts_with_time_and_comes_back() -> None:
    first, later, again = (exposed(3, 1.0, frame=frame) for frame in (0, DRIFT_FRAMES // 3, DRIFT_FRAMES))
    assert np.abs(first.astype(int) - later).max() > 2
    np.testing.assert_array_equal(first, again)


def test_noise_grows_with_its_factor_and_repeats_with_its_generator() -> None:
    spreads = [exposed(5, 1.0, noise=noise).std() for noise in (0.0, 1.0, 2.0)]
    assert spreads[0] < spreads[1] < spreads[2]
    np.testing.assert_array_equal(exposed(5, 1.0, noise=1.0, seed=7), exposed(5, 1.0, noise=1.0, seed=7))
