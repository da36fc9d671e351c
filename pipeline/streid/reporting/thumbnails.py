"""Small pictures for pages that hold many of them, as WebP: less than half of a JPEG's size."""

import base64
import io

from PIL import Image

QUALITY = 65
PREFIX = "data:image/webp;base64,"


def encode_thumbnail(picture: Image.Image, height: int) -> str:
    """A WebP in base64, `height` pixels high, in the picture's proportions, never larger than the picture.

    A very wide picture becomes at most twice as wide as `height`, so that it does not take too much room.
    """
    scale = min(height / picture.height, 2 * height / picture.width, 1.0)
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    content = io.BytesIO()
    picture.resize(size, Image.Resampling.LANCZOS).save(content, "WEBP", quality=QUALITY)
    return base64.b64encode(content.getvalue()).decode("ascii")


def picture_uri(picture: Image.Image, height: int) -> str:
    """As `encode_thumbnail`, as a data URI."""
    return PREFIX + encode_thumbnail(picture, height)
