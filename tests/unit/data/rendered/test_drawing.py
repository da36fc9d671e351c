"""Single pictures: repeatable, alike where they should be, with masks that fit."""

import numpy as np
import pytest

from streid.data.rendered.cameras import CAMERAS, scene
from streid.data.rendered.drawing import Bytes, Difficulty, Snapshot, draw_picture
from streid.data.rendered.wardrobe import dress_identities

LOOKS = dress_identities(range(1, 9), seed=0, shared_clothes=0.0)
CLEAR = Difficulty(camera_light=0.0, occlusion=0.0, company=0.0, box_jitter=0.3, noise=0.0)


def draw(pid: int, camid: int, frame: int, *, box: int = 1, difficulty: Difficulty = CLEAR) -> tuple[Bytes, Bytes]:
    snapshot = Snapshot(pid=pid, camid=camid, sequence=1, frame=frame, box=box)
    return draw_picture(snapshot, LOOKS[max(1, pid)], seed=0, difficulty=difficulty)


@pytest.mark.parametrize("camid", sorted(CAMERAS))
def test_masks_show_the_parts_from_head_to_shoes(camid: int) -> None:
    for pid in LOOKS:
        picture, mask = draw(pid, camid, 100 * pid)
        assert picture.shape == (128, 64, 3)
        assert mask.shape == (128, 64)
        assert picture.dtype == mask.dtype == np.uint8
        rows = [np.nonzero(mask == part)[0].mean() for part in (1, 2, 3, 4)]
        assert rows == sorted(rows)
        assert set(np.unique(mask)) == {0, 1, 2, 3, 4}
        assert 0.1 < (mask > 0).mean() < 0.6


def test_masks_lie_on_the_figure() -> None:
    picture, mask = draw(3, 2, 500)
    colour = np.array(LOOKS[3].outfit.shoes, float)
    shoes, ground = picture[mask == 4].astype(float), picture[mask == 0].astype(float)
    assert np.abs(shoes - colour).mean() < np.abs(ground - colour).mean()


def test_pictures_repeat_and_every_field_of_the_name_counts() -> None:
    first, _ = draw(1, 1, 700)
    assert np.array_equal(first, draw(1, 1, 700)[0])
    for other in (draw(1, 1, 725), draw(1, 2, 700), draw(2, 1, 700), draw(1, 1, 700, box=2)):
        assert not np.array_equal(first, other[0])


def test_cameras_disagree_about_colours() -> None:
    means = [draw(5, camid, 300, difficulty=Difficulty(occlusion=0, company=0))[0].mean((0, 1)) for camid in CAMERAS]
    casts = [mean[0] / mean[2] for mean in means]
    assert max(casts) > 1.3 * min(casts)


def test_occluders_hide_and_passers_by_are_background() -> None:
    whole = sum(int((draw(4, 1, frame)[1] > 0).sum()) for frame in range(0, 600, 30))
    hidden = Difficulty(occlusion=1.0, company=0.0, box_jitter=0.3)
    crowded = Difficulty(occlusion=0.0, company=1.0, box_jitter=0.3)
    for difficulty in (hidden, crowded):
        left = sum(int((draw(4, 1, frame, difficulty=difficulty)[1] > 0).sum()) for frame in range(0, 600, 30))
        assert 0.5 * whole < left < whole


def test_bad_detections_show_no_whole_person() -> None:
    masks = [draw(-1, 1 + frame % 6, frame)[1] for frame in range(60)]
    empty = sum(not mask.any() for mask in masks)
    assert 10 < empty < 40
    assert all((mask > 0).any() for mask in [draw(0, 1, 9)[1]])


def test_scenes_differ_and_are_painted_alike_for_a_seed() -> None:
    pictures = {camid: np.asarray(scene(camid, 0)) for camid in CAMERAS}
    assert len({picture.tobytes() for picture in pictures.values()}) == len(CAMERAS)
    scene.cache_clear()
    assert np.array_equal(pictures[3], np.asarray(scene(3, 0)))
