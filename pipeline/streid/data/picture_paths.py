"""Allowed paths of a data set's pictures, and where the pictures and their part masks are.

A path may come from a file that somebody else made: a manifest, a features.h5, a list. It must stay inside the data
set's root: no absolute path, no `..`. Links inside the root are followed, since whoever made the folders made them.
"""

import re
from pathlib import Path, PurePosixPath

from streid.errors import InputError

# The endings of pictures that are read, in lower case; the content decides the format, whatever the ending.
ENDINGS = (".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".bmp", ".gif", ".webp")
OTHER_ENDINGS = (".tif", ".tiff", ".heic", ".heif", ".avif", ".jp2", ".jxl", ".ppm", ".pgm", ".tga", ".dng")
# The same endings as a pattern, for the file names of a data set.
ENDING = f"(?i:{'|'.join(map(re.escape, ENDINGS))})"
# Control characters, and surrogates for bytes that are not UTF-8: unsafe in a CSV file and in a log.
UNSAFE = r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]"
LEADS_OUT = r"^$|^/|(?:^|/)\.\.(?:/|$)"
MUST_STAY = "must be relative and without '..', so that it stays inside the data set's root"
MASKS_FOLDER = "masks"
# No system allows these characters in a file name.
_IMPOSSIBLE = r"[\0\ud800-\udfff]"
_REFUSED = re.compile(f"{LEADS_OUT}|{_IMPOSSIBLE}")


def picture_file(root: Path, path: str) -> Path:
    """The file of a picture or part mask.

    Args:
        root: the data set's root.
        path: the picture's path in it, from a manifest, a features.h5 or another file.

    Raises:
        InputError: the path is empty or absolute, holds `..`, a zero byte or bytes that are not UTF-8.
    """
    if _REFUSED.search(path):
        raise InputError(f"a picture's path {MUST_STAY} ({root}): {path!r}")
    return root / path


def mask_path(path: str) -> str:
    """The path of a picture's part mask, relative to the data set's root."""
    return str(PurePosixPath(MASKS_FOLDER, path).with_suffix(".png"))
