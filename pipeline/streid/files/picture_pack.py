"""pictures.h5: the files of a data set in one HDF5 file, because shared file systems are slow with many small files.

`content` holds the bytes of all files, one after the other, in one contiguous dataset; `path` (sorted), `offset`,
`length` and `sha256` hold where each file is and its checksum. The index is read once, when the pack is opened. Reading
a file takes one positional read and a check of its SHA-256. A data set that is not packed has an empty pack.

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

from streid.arrays import IntArray
from streid.errors import InputError
from streid.files.hdf5 import create_file, open_checked

PICTURES_FORMAT = "streid-pictures"


class PackWriter:
    """Puts files into a pack, in any order; made by `create_pack`."""

    def __init__(self, handle: h5py.File, size: int) -> None:
        self._handle, self._size, self._end = handle, size, 0
        self._content = handle.create_dataset("content", (size,), np.uint8)
        self._files: dict[bytes, tuple[int, int, bytes]] = {}

    def add(self, path: str, content: bytes) -> None:
        """Add a file's bytes; a path that has already been added is not changed.

        Raises:
            InputError: there are more bytes than the pack was created for.
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
        """Write where each file is."""
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
            self._handle.create_dataset(name, data=column)


@contextlib.contextmanager
def create_pack(path: Path, size: int) -> Iterator[PackWriter]:
    """A new pack, renamed to `path` once the block ends without an error.

    Args:
        size: bytes to allocate, at least the sum of the files' sizes.
    """
    # Each file has its own SHA-256, so hashing gigabytes at every opening is not needed.
    with create_file(path, PICTURES_FORMAT, own_checksums="content") as handle:
        writer = PackWriter(handle, size)
        yield writer
        writer.write_index()


def write_empty_pack(path: Path) -> None:
    """Write a pack without files: the pictures are only in the data set's folders."""
    with create_pack(path, 0):
        pass


@dataclass(frozen=True, kw_only=True, eq=False)
class PackIndex:
    """Where each file is in a pack: paths_P sorted UTF-8, offsets_P in the pack file, lengths_P, digests."""

    paths_P: npt.NDArray[np.bytes_]
    offsets_P: IntArray
    lengths_P: IntArray
    digests_P32: npt.NDArray[np.uint8]

    def row(self, path: str) -> int | None:
        """The row of a file, None if it is not in the pack."""
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


class PackReader:
    """Reads files from a pack; threads, forked processes and spawned processes that it is sent to may share it.

    Raises:
        InputError: as in `read_pack_index`.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._index = read_pack_index(path)
        self._file: io.FileIO | None = None

    def __getstate__(self) -> dict[str, object]:
        return vars(self) | {"_file": None}

    def __len__(self) -> int:
        """How many files the pack holds."""
        return len(self._index.paths_P)

    def read(self, path: str) -> bytes:
        """The bytes of the file that was packed as `path`.

        Raises:
            InputError: the pack does not hold it, or it is damaged.
        """
        row = self._index.row(path)
        if row is None:
            raise InputError(f"{self.path}: does not hold {path}; run prepare_dataset again if the data set changed")
        if self._file is None:
            self._file = io.FileIO(self.path)
        content = os.pread(self._file.fileno(), int(self._index.lengths_P[row]), int(self._index.offsets_P[row]))
        if hashlib.sha256(content).digest() != self._index.digests_P32[row].tobytes():
            raise InputError(
                f"{self.path}: {path} is damaged (the bytes are not those that were packed); pack the pictures again"
            )
        return content
