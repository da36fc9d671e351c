"""Pictures resized as other programs resize them."""

from pathlib import Path

import numpy as np
import pytest
from conftest import write_picture
from PIL import Image

from streid.data.network_pictures import NetworkPictures
from streid.data.picture_source import PictureSource


def read(root: Path, resize: str, *paths: str) -> np.ndarray:
    return NetworkPictures(PictureSource(root), [paths], height=24, width=12, resize=resize)[0].numpy()


@pytest.mark.parametrize("size", [(5, 9), (40, 90), (12, 24), (300, 20)])
def test_bilinear_and_bicubic_are_pillows(tmp_path: Path, size: tuple[int, int]) -> None:
    write_picture(tmp_path / "a.png", seed=3, size=size)
    picture = Image.open(tmp_path / "a.png")
    for resize, name in (("bilinear", Image.Resampling.BILINEAR), ("bicubic", Image.Resampling.BICUBIC)):
        expected = np.asarray(picture.resize((12, 24), name), np.int64)
        assert np.abs(read(tmp_path, resize, "a.png") - expected).max() <= 1


def test_opencv_reads_four_neighbours_whatever_the_size(tmp_path: Path) -> None:
    """INTER_LINEAR by hand: at 2.5 times the size, the pixel at the centre's place, between its neighbours."""
    pixels = np.random.default_rng(0).integers(0, 256, (60, 30, 3), np.uint8)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    found = read(tmp_path, "opencv", "a.png")
    for row, column in ((0, 0), (7, 5), (23, 11)):
        y, x = (row + 0.5) * 2.5 - 0.5, (column + 0.5) * 2.5 - 0.5
        top, left = int(y), int(x)
        corner = pixels[top : top + 2, left : left + 2].astype(float)
        rows = np.array([1 - (y - top), y - top])
        columns = np.array([1 - (x - left), x - left])
        expected = np.einsum("r,c,rcd->d", rows, columns, corner)
        assert np.abs(found[row, column] - expected).max() <= 1


def test_a_clip_has_its_pictures_in_order(tmp_path: Path) -> None:
    for seed, name in enumerate("ab"):
        write_picture(tmp_path / f"{name}.png", seed=seed)
    clip = read(tmp_path, "bilinear", "a.png", "b.png")
    assert clip.shape == (2, 24, 12, 3)
    np.testing.assert_array_equal(clip[1], read(tmp_path, "bilinear", "b.png"))
