"""The painted places: of one size, opaque, repeatable, and unlike one another."""

from itertools import combinations

import numpy as np
import pytest

from streid.data.rendered.cameras import CAMERAS
from streid.data.rendered.scenes import HEIGHT, WIDTH, Painter

PAINTERS = {camid: camera.paint for camid, camera in CAMERAS.items()}


@pytest.mark.parametrize("paint", PAINTERS.values(), ids=lambda paint: paint.__name__)
def test_a_scene_has_its_size_and_repeats_with_its_generator(paint: Painter) -> None:
    picture = paint(np.random.default_rng(5))
    assert (picture.mode, picture.size) == ("RGB", (WIDTH, HEIGHT))
    assert picture.tobytes() == paint(np.random.default_rng(5)).tobytes()
    assert picture.tobytes() != paint(np.random.default_rng(6)).tobytes()
    assert np.asarray(picture).std() > 10  # no empty sheet


def test_no_two_places_look_alike() -> None:
    pictures = [np.asarray(paint(np.random.default_rng(5)), np.float32) for paint in PAINTERS.values()]
    assert min(np.abs(one - other).mean() for one, other in combinations(pictures, 2)) > 10
