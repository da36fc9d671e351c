"""Reading pictures from a data set's tree."""

import hashlib
import io
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from PIL import Image

UNDECODABLE = (OSError, SyntaxError, ValueError, Image.DecompressionBombError)
CHECKED_AT_ONCE = 1024  # bounds the memory that contents read ahead take
MASK_MODES = ("L", "P")


def decode_picture(content: bytes) -> Image.Image:
    """Decode a picture file's bytes to RGB; what Pillow raises for bad bytes is passed on."""
    with Image.open(io.BytesIO(content)) as picture:
        return picture.convert("RGB")


def decode_mask(content: bytes) -> Image.Image:
    """Decode a part mask to its labels (mode L); what Pillow raises for bad bytes is passed on.

    Raises:
        ValueError: the picture has no 8-bit labels.
    """
    with Image.open(io.BytesIO(content)) as mask:
        if mask.mode not in MASK_MODES:
            raise ValueError(f"mode {mask.mode}, expected 8-bit labels, grey or with a palette")
        return Image.frombytes("L", mask.size, mask.tobytes())


def check_pictures(
    root: Path,
    paths: Sequence[str],
    threads: int,
    *,
    decode: Callable[[bytes], Image.Image] = decode_picture,
    keep: Callable[[str, bytes], None] | None = None,
) -> tuple[dict[str, str], str]:
    """Decode every picture once.

    Args:
        root: the data set's root.
        paths: pictures relative to it.
        threads: to read and decode with.
        decode: what decodes a file's bytes.
        keep: given the path and bytes of every readable picture, in order.

    Returns:
        The unreadable pictures (path -> what is wrong), and a SHA-256 over all paths and contents, which
        changes whenever a picture does.
    """

    def check(path: str) -> tuple[bytes, str, str]:
        try:
            content = (root / path).read_bytes()
            decode(content)
        except FileNotFoundError:
            return b"", "", "no such file"
        except UNDECODABLE as error:
            return b"", "", str(error).replace(str(root) + os.sep, "")
        return content, hashlib.sha256(content).hexdigest(), ""

    digest = hashlib.sha256()
    problems: dict[str, str] = {}
    with ThreadPoolExecutor(threads) as pool:
        for start in range(0, len(paths), CHECKED_AT_ONCE):
            block = paths[start : start + CHECKED_AT_ONCE]
            for path, (content, picture_digest, problem) in zip(block, pool.map(check, block), strict=True):
                if problem:
                    problems[path] = problem
                elif keep is not None:
                    keep(path, content)
                digest.update(f"{path}\0{picture_digest}\0".encode())
    return problems, digest.hexdigest()
