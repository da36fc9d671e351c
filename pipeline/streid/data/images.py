"""Decoding picture files, the same way wherever a picture is read.

A file's content counts, not its name: JPEG, PNG, BMP, GIF (the first frame) or WebP. Pictures become 8-bit
RGB: turned upright as their EXIF orientation says, CMYK and palettes converted, 16-bit grey divided by 256,
transparency left out (the colours below it stay).
"""

import contextlib
import errno
import io
import stat
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

FORMATS = ("JPEG", "PNG", "BMP", "GIF", "WEBP")
MOST_PIXELS = 1 << 26  # 192 MiB of RGB; more than any camera's whole frame
MOST_BYTES = 1 << 28
MASK_MODES = ("L", "P")
DEEP_GREY = ("I;16", "I;16B")
UNDEFINED_RANGE = ("I", "F")
NO_SUCH_PATH = (errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG, errno.EISDIR)


class UnreadablePictureError(ValueError):
    """A file's content is not a usable picture; the message says why, in one line."""


def decode_picture(content: bytes) -> Image.Image:
    """Decode a picture file's bytes to upright 8-bit RGB.

    Raises:
        UnreadablePictureError: they are not a complete picture of a known format, or it is too large.
    """
    return _decode(content, _upright_rgb)


def decode_mask(content: bytes) -> Image.Image:
    """Decode a part mask to its labels (mode L), as they are in the file.

    Raises:
        UnreadablePictureError: as `decode_picture`, or the picture has no 8-bit labels.
    """
    return _decode(content, _labels)


def _decode(content: bytes, convert: Callable[[Image.Image], Image.Image]) -> Image.Image:
    try:
        with Image.open(io.BytesIO(content), formats=FORMATS) as picture:
            if picture.width * picture.height > MOST_PIXELS:
                raise UnreadablePictureError(f"{picture.width} x {picture.height} pixels are more than {MOST_PIXELS}")
            picture.load()
            return convert(picture)
    except (UnreadablePictureError, MemoryError):
        raise
    except UnidentifiedImageError:
        what = "no picture of a known format" if content else "an empty file"
        raise UnreadablePictureError(what) from None
    except Image.DecompressionBombError:
        raise UnreadablePictureError(f"more than {MOST_PIXELS} pixels") from None
    except Exception as error:  # Pillow's parsers raise many kinds of errors
        raise UnreadablePictureError(" ".join(str(error).split()) or type(error).__name__) from None


def _upright_rgb(picture: Image.Image) -> Image.Image:
    # A damaged EXIF block gives no orientation; the pixels are still complete.
    with contextlib.suppress(Exception):
        ImageOps.exif_transpose(picture, in_place=True)
    if picture.mode in UNDEFINED_RANGE:
        raise UnreadablePictureError(f"mode {picture.mode}, expected 8 or 16 bits a channel")
    if picture.mode in DEEP_GREY:
        return Image.fromarray((np.asarray(picture) >> 8).astype(np.uint8)).convert("RGB")
    return picture.convert("RGBA").convert("RGB") if picture.mode == "P" else picture.convert("RGB")


def _labels(mask: Image.Image) -> Image.Image:
    if mask.mode not in MASK_MODES:
        raise UnreadablePictureError(f"mode {mask.mode}, expected 8-bit labels, grey or with a palette")
    return Image.frombytes("L", mask.size, mask.tobytes())


def read_content(path: Path) -> bytes:
    """A picture file's bytes.

    Raises:
        UnreadablePictureError: it is missing, too large, or not a regular file: reading a named pipe would never end.
        OSError: the system refuses to read it, for example without permission.
    """
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise UnreadablePictureError("no regular file")
        if status.st_size > MOST_BYTES:
            raise UnreadablePictureError(f"{status.st_size} bytes are more than {MOST_BYTES}")
        return path.read_bytes()
    except FileNotFoundError:
        raise UnreadablePictureError("no such picture") from None
    except OSError as error:
        # Anything else is not a defect of the picture: no permission, or a disk that cannot be reached.
        if error.errno in NO_SUCH_PATH:
            raise UnreadablePictureError(error.strerror) from None
        raise
