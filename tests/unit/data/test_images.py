"""Decoding: what every kind of picture file becomes, and what is refused."""

import io
import os
import random
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from streid.data.images import MOST_BYTES, UnreadablePictureError, decode_mask, decode_picture, read_content

PIXELS_HWC = np.random.default_rng(0).integers(0, 256, (24, 12, 3), np.uint8)
PICTURE = Image.fromarray(PIXELS_HWC)
ORIENTATION = 0x0112
# EXIF 2.3, table 4.6.4: what is done to the upright pixels to get those stored, by the tag's value.
STORED = {
    1: lambda upright: upright,
    2: lambda upright: upright[:, ::-1],
    3: lambda upright: upright[::-1, ::-1],
    4: lambda upright: upright[::-1],
    5: lambda upright: upright.transpose(1, 0, 2),
    6: lambda upright: upright.transpose(1, 0, 2)[::-1],
    7: lambda upright: upright[::-1, ::-1].transpose(1, 0, 2),
    8: lambda upright: upright.transpose(1, 0, 2)[:, ::-1],
}


def saved(picture: Image.Image, kind: str, **options: Any) -> bytes:
    content = io.BytesIO()
    picture.save(content, kind, **options)
    return content.getvalue()


@pytest.mark.parametrize("kind", ["PNG", "BMP", "WEBP"])
def test_the_content_counts_not_the_name(kind: str) -> None:
    decoded = decode_picture(saved(PICTURE, kind, **({"lossless": True} if kind == "WEBP" else {})))
    assert decoded.mode == "RGB"
    np.testing.assert_array_equal(np.asarray(decoded), PIXELS_HWC)


def test_of_an_animated_gif_the_first_frame_is_taken() -> None:
    frames = [Image.new("RGB", (6, 9), colour) for colour in ((255, 0, 0), (0, 0, 255))]
    decoded = decode_picture(saved(frames[0], "GIF", save_all=True, append_images=frames[1:]))
    assert (decoded.mode, decoded.size, decoded.getpixel((2, 2))) == ("RGB", (6, 9), (255, 0, 0))


@pytest.mark.parametrize("orientation", sorted(STORED))
def test_pictures_are_turned_upright(orientation: int) -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    stored = Image.fromarray(np.ascontiguousarray(STORED[orientation](PIXELS_HWC)))
    np.testing.assert_array_equal(np.asarray(decode_picture(saved(stored, "PNG", exif=exif))), PIXELS_HWC)


@pytest.mark.filterwarnings("ignore:Corrupt EXIF")
def test_damaged_exif_turns_nothing() -> None:
    decoded = decode_picture(saved(PICTURE, "JPEG", exif=b"Exif\0\0MM\0*\xff\xff\xff\xffgarbage"))
    assert decoded.size == PICTURE.size


def test_colour_modes_become_rgb() -> None:
    grey = PICTURE.convert("L")
    cases = {
        "grey": (saved(grey, "JPEG", quality=100), np.asarray(grey.convert("RGB")), 3),
        "cmyk": (saved(PICTURE.convert("CMYK"), "JPEG", quality=100, subsampling=0), PIXELS_HWC, 12),
        "bilevel": (saved(grey.point(lambda value: 255 * (value > 99), "1"), "PNG"), None, 0),
        "alpha": (saved(PICTURE.convert("RGBA"), "PNG"), PIXELS_HWC, 0),
        "grey and alpha": (saved(grey.convert("LA"), "PNG"), np.asarray(grey.convert("RGB")), 0),
    }
    for name, (content, expected, tolerance) in cases.items():
        decoded = decode_picture(content)
        assert (decoded.mode, decoded.size) == ("RGB", PICTURE.size), name
        if expected is not None:
            difference = np.abs(np.asarray(decoded, np.int64) - expected)
            assert difference.max() <= tolerance, name


def test_sixteen_bits_are_scaled_not_cut_off() -> None:
    deep_HW = np.arange(24 * 12, dtype=np.uint16).reshape(24, 12) * 227
    decoded = np.asarray(decode_picture(saved(Image.fromarray(deep_HW), "PNG")))
    np.testing.assert_array_equal(decoded, np.repeat((deep_HW // 256)[:, :, None], 3, axis=2))


@pytest.mark.filterwarnings("error")
def test_transparency_is_left_out() -> None:
    transparent = PICTURE.convert("RGBA")
    transparent.putalpha(0)
    np.testing.assert_array_equal(np.asarray(decode_picture(saved(transparent, "PNG"))), PIXELS_HWC)
    palette = Image.new("P", (4, 4), 1)
    palette.putpalette([0, 0, 0, 10, 200, 30])
    for transparency in (1, bytes([255, 0])):
        assert decode_picture(saved(palette, "PNG", transparency=transparency)).getpixel((1, 1)) == (10, 200, 30)


def test_the_smallest_picture_is_one() -> None:
    assert decode_picture(saved(Image.new("RGB", (1, 1), (9, 8, 7)), "PNG")).getpixel((0, 0)) == (9, 8, 7)


def header_of(width: int, height: int) -> bytes:
    """A PNG of a few hundred bytes whose header says so many pixels."""
    content = bytearray(saved(Image.new("L", (1, 1)), "PNG"))
    content[16:24] = width.to_bytes(4) + height.to_bytes(4)
    content[29:33] = zlib.crc32(content[12:29]).to_bytes(4)
    return bytes(content)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "an empty file"),
        (b"<html>404</html>", "no picture of a known format"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "no picture of a known format"),
        (saved(PICTURE, "TIFF"), "no picture of a known format"),
        (saved(PICTURE, "JPEG")[:300], "(?i)truncated"),
        (saved(PICTURE, "JPEG")[:-40], "(?i)truncated"),
        (saved(PICTURE, "PNG")[:-60], "(?i)truncated"),
        (header_of(30_000, 30_000), "more than 67108864 pixels"),
        (header_of(9_000, 9_000), "9000 x 9000 pixels are more than 67108864"),
    ],
)
def test_what_is_no_whole_picture_is_refused(content: bytes, message: str) -> None:
    with pytest.raises(UnreadablePictureError, match=message) as refused:
        decode_picture(content)
    assert "\n" not in str(refused.value)
    assert "0x" not in str(refused.value), "an address in memory tells nobody anything"


@pytest.mark.filterwarnings("ignore")
def test_damaged_bytes_give_a_picture_or_the_one_error() -> None:
    generator = random.Random(0)
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    wholes = [saved(PICTURE, kind, exif=exif) for kind in ("JPEG", "PNG", "WEBP")]
    wholes += [saved(PICTURE, "GIF"), saved(PICTURE, "BMP"), saved(PICTURE, "JPEG", progressive=True)]
    refused = 0
    for _ in range(3000):
        content = bytearray(generator.choice(wholes))
        for _ in range(generator.randint(1, 8)):
            content[generator.randrange(len(content))] = generator.randrange(256)
        cut = generator.randrange(len(content)) if generator.random() < 0.3 else len(content)
        for decode, mode in ((decode_picture, "RGB"), (decode_mask, "L")):
            try:
                assert decode(bytes(content[:cut])).mode == mode
            except UnreadablePictureError as error:
                refused += 1
                assert str(error) and str(error).isprintable()
    assert 1000 < refused < 6000


def test_what_is_no_regular_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    (tmp_path / "folder.jpg").mkdir()
    (tmp_path / "zero.jpg").symlink_to("/dev/zero")
    (tmp_path / "loop.jpg").symlink_to(tmp_path / "loop.jpg")
    with (tmp_path / "huge.jpg").open("wb") as handle:
        handle.truncate(MOST_BYTES + 1)
    for name, problem in (
        ("pipe.jpg", "no regular file"),
        ("folder.jpg", "no regular file"),
        ("zero.jpg", "no regular file"),
        ("loop.jpg", "Too many levels of symbolic links"),
        ("huge.jpg", f"{MOST_BYTES + 1} bytes are more than {MOST_BYTES}"),
        ("none.jpg", "no such picture"),
        ("a" * 300 + ".jpg", "File name too long"),
    ):
        with pytest.raises(UnreadablePictureError, match=problem):
            read_content(tmp_path / name)
