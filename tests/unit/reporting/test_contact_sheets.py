"""Thumbnails and the sheets they are put on."""

import base64
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from streid.data.picture_source import PictureSource
from streid.errors import InputError
from streid.reporting.contact_sheets import ContactSheet, PictureStore
from streid.reporting.palette import COLOURS


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for row, size in enumerate([(64, 128), (256, 512), (30, 20)]):
        Image.new("RGB", size, (40 * row, 90, 120)).save(tmp_path / f"{row}.jpg")
    return tmp_path


def test_thumbnails_fit_and_are_never_enlarged(root: Path) -> None:
    store = PictureStore(PictureSource(root))
    assert [store.thumbnail(f"{row}.jpg").picture.size for row in range(3)] == [(64, 128), (64, 128), (30, 20)]
    assert store.thumbnail("0.jpg") is store.thumbnail("0.jpg")
    kind, content = store.thumbnail("2.jpg").uri.split(",")
    assert kind == "data:image/webp;base64"
    assert Image.open(io.BytesIO(base64.b64decode(content))).size == (30, 20)


def test_a_missing_picture_is_named(root: Path) -> None:
    with pytest.raises(InputError, match=r"9\.jpg"):
        PictureStore(PictureSource(root)).thumbnail("9.jpg")


def test_pictures_of_all_shapes_stand_in_boxes_of_one_size(root: Path) -> None:
    store, sheet = PictureStore(PictureSource(root)), ContactSheet(160, 160)
    sheet.place(store.thumbnail("0.jpg"), (0, 0), "tall")
    sheet.place(store.thumbnail("2.jpg"), (80, 0), "wide", "#ff0000")
    pixels = np.asarray(sheet.picture).astype(int)
    np.testing.assert_allclose(pixels[64, 32], (0, 90, 120), atol=2)
    np.testing.assert_allclose(pixels[64, 80 + 32], (80, 90, 120), atol=2)  # in the middle, 30 by 20
    grey = tuple(bytes.fromhex(COLOURS["line"][0][1:]))
    assert {tuple(pixels[20, 80 + 32]), tuple(pixels[64, 80 + 10])} == {grey}
    assert [tuple(pixels[row, 80 + 32]) for row in (0, 127)] == [(255, 0, 0)] * 2
