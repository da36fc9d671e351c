"""Where a picture's path may lead: into the data set's root, by the root's own links too, and nowhere else."""

import re
from pathlib import Path

import pytest

from streid.data.picture_paths import ENDING, ENDINGS, mask_path, picture_file
from streid.errors import InputError


@pytest.mark.parametrize(
    "path", ["a.jpg", "cam 1/a.jpg", "café/..a.jpg", "a/b..jpg", "...", "\u2028é.jpg", "C:\\a.jpg", "cam1/.a.jpg"]
)
def test_paths_inside_the_root_are_taken(path: str) -> None:
    assert picture_file(Path("root"), path) == Path("root") / path


@pytest.mark.parametrize(
    "path", ["", "/etc/passwd", "..", "../a.jpg", "cam1/../../a.jpg", "a/..", "//a", "a\0.jpg", "\udcff.jpg"]
)
def test_other_paths_are_refused_in_one_line(path: str) -> None:
    with pytest.raises(InputError, match="inside the data set's root") as refusal:
        picture_file(Path("root"), path)
    assert str(refusal.value).isprintable()
    assert repr(path) in str(refusal.value)


def test_endings_are_found_whatever_their_letters() -> None:
    for ending in ENDINGS:
        assert re.fullmatch(f"a{ending}", f"a{ending}")
        assert re.fullmatch(f"a{ENDING}", f"a{ending.upper()}")
    assert not re.fullmatch(f"a{ENDING}", "a_jpg")
    assert not re.fullmatch(f"a{ENDING}", "a.jpg2")


def test_masks_lie_beside_their_pictures_folders() -> None:
    assert mask_path("bounding_box_train/0002_c1s1_000451_03.JPEG") == (
        "masks/bounding_box_train/0002_c1s1_000451_03.png"
    )
