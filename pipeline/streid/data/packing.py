"""Pictures as the files of a tree, or packed into one file.

Shared file systems are slow with a hundred thousand small files. A pack is one HDF5 file with the same
bytes: `content`, every file's bytes end to end in one contiguous dataset, and for each file its `path`
(sorted), `offset`, `length` and `sha256`. A read is one positional read of the file and a check of the
picture's own SHA-256; HDF5 finds the place once, when the pack is opened.

Shape suffixes: P packed files.
"""

import contextlib
import hashlib
import io
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
import numpy.typing as npt
from PIL import Image

from streid.arrays import IntArray
from streid.data.images import UnreadablePictureError, decode_mask, decode_picture
from streid.data.masks import mask_path
from streid.errors import InputError
from streid.files.hdf5 import create_file, open_checked

PICTURES_FORMAT = "streid-pictures"
Content = bytes


class PackWriter:
    """Puts files into a pack, in any order; made by `open_pack`."""

    def __init__(self, handle: h5py.File, size: int) -> None:
        self._handle, self._size, self._end = handle, size, 0
        self._content = handle.create_dataset("content", (size,), np.uint8)
        self._files: dict[bytes, tuple[int, int, bytes]] = {}

    def add(self, path: str, content: bytes) -> None:
        """Put in a file's bytes; a path that is in already is left as it is.

        Raises:
            InputError: there are more bytes than were announced.
        """
        name, end = path.encode(), self._end + len(content)
        if name in self._files:
            return
        if end > self._size:
            raise InputError(f"{path}: the data set's files grew while they were packed; try again")
        if content:
            self._content[self._end : end] = np.frombuffer(content, np.uint8)
        self._files[name] = self._end, len(content), hashlib.sha256(content).digest()
        self._end = end

    def write_index(self) -> None:
        """Write what was put in where."""
        paths = sorted(self._files)
        width = max(map(len, paths), default=1)
        places_P2 = np.array([self._files[path][:2] for path in paths], np.int64).reshape(-1, 2)
        digests = b"".join(self._files[path][2] for path in paths)
        index = {
            "path": np.array(paths, f"S{width}").astype(h5py.string_dtype("utf-8", width)),
            "offset": places_P2[:, 0],
            "length": places_P2[:, 1],
            "sha256": np.frombuffer(digests, np.uint8).reshape(-1, hashlib.sha256().digest_size),
        }
        for name, column in index.items():
            self._handle.create_dataset(name, data=column, chunks=True if paths else None, fletcher32=bool(paths))


@contextlib.contextmanager
def open_pack(path: Path, size: int) -> Iterator[PackWriter]:
    """A new pack that takes its place at `path` once the block ends without an error.

    Args:
        size: bytes to make room for, at least the sum of the files'.
    """
    # Each picture has its own SHA-256: reading gigabytes at every opening would be for nothing.
    with create_file(path, PICTURES_FORMAT, unsealed="content") as handle:
        writer = PackWriter(handle, size)
        yield writer
        writer.write_index()


@dataclass(frozen=True, kw_only=True, eq=False)
class PackIndex:
    """Where each file lies in a pack: paths_P sorted UTF-8, offsets_P into the pack itself, lengths_P, digests."""

    paths_P: npt.NDArray[np.bytes_]
    offsets_P: IntArray
    lengths_P: IntArray
    digests_P32: npt.NDArray[np.uint8]

    def row(self, path: str) -> int | None:
        """The row of a file, None where the pack does not hold it."""
        name = path.encode()
        if len(name) > self.paths_P.dtype.itemsize:
            return None
        row = int(np.searchsorted(self.paths_P, np.bytes_(name)))
        return row if row < len(self.paths_P) and self.paths_P[row] == name else None


def read_pack_index(path: Path) -> PackIndex:
    """Read a pack's index.

    Raises:
        InputError: the file is missing, damaged, of another format or version, or its parts do not fit together.
    """
    with open_checked(path, PICTURES_FORMAT) as handle:
        content = handle["content"]
        if content.chunks is not None or content.dtype != np.uint8 or content.ndim != 1:
            raise InputError("content is not one contiguous row of bytes")
        paths_P, digests_P32 = handle["path"][:].astype(np.bytes_), handle["sha256"][:]
        offsets_P, lengths_P = (handle[name][:].astype(np.int64) for name in ("offset", "length"))
        count = len(paths_P)
        if digests_P32.shape != (count, 32) or offsets_P.shape != (count,) or lengths_P.shape != (count,):
            raise InputError("the parts of the index differ in length")
        if count and (min(offsets_P.min(), lengths_P.min()) < 0 or (offsets_P + lengths_P).max() > content.size):
            raise InputError("the index points beyond the content")
        start = content.id.get_offset() or 0
    return PackIndex(paths_P=paths_P, offsets_P=offsets_P + start, lengths_P=lengths_P, digests_P32=digests_P32)


class PictureSource:
    """A data set's pictures and part masks, read from its tree or from a pack.

    It may be used by threads, forked processes and, sent there, spawned ones.

    Args:
        root: the data set's root, where paths start.
        packed: the pack to read from; None reads the tree.

    Raises:
        InputError: the pack is missing or cannot be used.
    """

    def __init__(self, root: Path, packed: Path | None = None) -> None:
        self.root, self.packed = root, packed
        self._index = read_pack_index(packed) if packed else None
        self._file: io.FileIO | None = None

    def __getstate__(self) -> dict[str, object]:
        return vars(self) | {"_file": None}

    def read(self, path: str) -> Image.Image:
        """One picture, decoded to RGB.

        Raises:
            InputError: it is missing or cannot be decoded.
        """
        content = self.bytes(path)
        try:
            return decode_picture(content)
        except UnreadablePictureError as error:
            raise InputError(f"{self._where(path)}: unreadable picture ({error}); replace or remove it") from None

    def read_mask(self, path: str) -> Image.Image:
        """The part mask of the picture at `path`: 8-bit labels (mode L) of the picture's size.

        Raises:
            InputError: it is missing or no 8-bit picture of labels.
        """
        name = mask_path(path)
        content = self.bytes(name)
        try:
            return decode_mask(content)
        except UnreadablePictureError as error:
            raise InputError(f"{self._where(name)}: unreadable part mask ({error}); replace or remove it") from None

    def bytes(self, path: str) -> Content:
        """The bytes of the file at `path`.

        Raises:
            InputError: it is missing or cannot be read, or is damaged in the pack.
        """
        if self._index is not None and self.packed is not None:
            return self._packed_bytes(self._index, self.packed, path)
        try:
            return (self.root / path).read_bytes()
        except FileNotFoundError:
            raise InputError(
                f"{self.root / path}: no such picture; run prepare_dataset again if the data set changed"
            ) from None
        except (OSError, ValueError) as error:
            raise InputError(f"{self.root / path}: unreadable picture ({error}); replace or remove it") from None

    def _packed_bytes(self, index: PackIndex, packed: Path, path: str) -> Content:
        row = index.row(path)
        if row is None:
            raise InputError(f"{packed}: holds no {path}; run prepare_dataset again if the data set changed")
        if self._file is None:
            self._file = io.FileIO(packed)
        content = os.pread(self._file.fileno(), int(index.lengths_P[row]), int(index.offsets_P[row]))
        if hashlib.sha256(content).digest() != index.digests_P32[row].tobytes():
            raise InputError(f"{packed}: {path} is damaged (other bytes than were packed); run prepare_dataset again")
        return content

    def _where(self, path: str) -> str:
        return f"{self.packed}: {path}" if self.packed else str(self.root / path)
