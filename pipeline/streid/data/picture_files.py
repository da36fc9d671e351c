"""Finding the files of a data set's pictures, and decoding each once before anything else is done with them.

Shape suffix: P pictures, in the order of the paths given.
"""

import hashlib
import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from streid.arrays import IntArray
from streid.data.images import UnreadablePictureError, decode_picture, read_content
from streid.data.picture_paths import picture_file
from streid.errors import InputError

logger = logging.getLogger(__name__)

AT_ONCE = 1024  # limits the memory for contents that are read ahead
SHOWN = 5  # most unreadable pictures in the message; the log lists all
Keep = Callable[[str, bytes], None]


@dataclass(frozen=True, kw_only=True, eq=False)
class PictureFiles:
    """The files of pictures.

    sizes_P: bytes, 0 if there is no file. files_P: a number for each file; paths that lead to one file, by links or
    by another spelling, have the same.
    """

    sizes_P: IntArray
    files_P: IntArray


def find_files(root: Path, paths: Sequence[str], threads: int) -> PictureFiles:
    """Look up the files of pictures without reading them; each missing file has its own number.

    Raises:
        InputError: a path leads out of the root.
    """

    def look_up(first: int) -> list[tuple[int, int, int]]:
        found = []
        for row, path in enumerate(paths[first : first + AT_ONCE], start=first):
            try:
                status = picture_file(root, path).stat()
            except OSError:
                found.append((0, -1, row))
                continue
            # Some network drives have no inode numbers.
            found.append((status.st_size, status.st_dev, status.st_ino) if status.st_ino else (status.st_size, -1, row))
        return found

    with ThreadPoolExecutor(threads) as pool:
        found = [one for part in pool.map(look_up, range(0, len(paths), AT_ONCE)) for one in part]
    table = pd.DataFrame(found, columns=["size", "device", "number"])
    files = table.groupby(["device", "number"], sort=False).ngroup()
    return PictureFiles(sizes_P=table["size"].to_numpy(np.int64), files_P=np.asarray(files, np.int64))


@dataclass(frozen=True, kw_only=True, eq=False)
class CheckedPictures:
    """What decoding every picture found.

    paths: the pictures' paths. contents: SHA-256 of each picture's bytes, empty if it is unreadable. problems: the
    unreadable pictures (path -> what is wrong). digest: SHA-256 over all paths and contents.
    """

    paths: Sequence[str]
    contents: Sequence[bytes]
    problems: Mapping[str, str]
    digest: str

    def refuse_unreadable(self, root: Path, what: str, advice: str) -> None:
        """List the unreadable pictures in the log, and refuse them.

        Raises:
            InputError: there are some.
        """
        if not self.problems:
            return
        for path, problem in sorted(self.problems.items()):
            logger.error("unreadable: %s: %s", path, problem)
        listed = "; ".join(f"{path} ({problem})" for path, problem in sorted(self.problems.items())[:SHOWN])
        count = len(self.problems)
        more = f" and {count - SHOWN} more, all listed above" if count > SHOWN else ""
        raise InputError(f"{root}: {count} {what} cannot be read: {listed}{more}; {advice}")


def check_pictures(
    root: Path,
    paths: Sequence[str],
    threads: int,
    *,
    decode: Callable[[bytes], Image.Image] = decode_picture,
    keep: Keep | None = None,
) -> CheckedPictures:
    """Decode every picture once.

    Args:
        root: the data set's root.
        paths: pictures relative to it.
        threads: number of threads that read and decode.
        decode: decodes a file's bytes.
        keep: called with the path and bytes of every readable picture, in order.
    """

    def check(path: str) -> tuple[bytes, bytes, str]:
        try:
            content = read_content(picture_file(root, path))
            decode(content)
        except (InputError, UnreadablePictureError) as error:
            return b"", b"", str(error)
        return content, hashlib.sha256(content).digest(), ""

    digest = hashlib.sha256()
    problems: dict[str, str] = {}
    contents: list[bytes] = []
    with ThreadPoolExecutor(threads) as pool:
        for start in range(0, len(paths), AT_ONCE):
            block = paths[start : start + AT_ONCE]
            for path, (content, picture_digest, problem) in zip(block, pool.map(check, block), strict=True):
                if problem:
                    problems[path] = problem
                elif keep is not None:
                    keep(path, content)
                contents.append(picture_digest)
                digest.update(f"{path}\0{picture_digest.hex()}\0".encode())
    return CheckedPictures(paths=paths, contents=contents, problems=problems, digest=digest.hexdigest())
