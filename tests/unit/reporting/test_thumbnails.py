"""Small pictures keep their shape and are never enlarged."""

import base64
import io

import pytest
from PIL import Image

from streid.reporting.thumbnails import PREFIX, picture_uri


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((64, 128), (48, 96)),
        ((128, 256), (48, 96)),
        ((30, 60), (30, 60)),
        ((1, 1), (1, 1)),
        ((1000, 100), (192, 19)),
        ((3, 1000), (1, 96)),
    ],
)
def test_sizes(size: tuple[int, int], expected: tuple[int, int]) -> None:
    uri = picture_uri(Image.new("RGB", size, "#3070b0"), 96)
    assert uri.startswith(PREFIX)
    with Image.open(io.BytesIO(base64.b64decode(uri.removeprefix(PREFIX)))) as picture:
        assert picture.format == "WEBP"
        assert picture.size == expected
        red, green, blue = picture.convert("RGB").getpixel((0, 0))  # type: ignore[misc]
    assert abs(red - 0x30) < 6 and abs(green - 0x70) < 6 and abs(blue - 0xB0) < 6
