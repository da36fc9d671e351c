"""Checksums: a SHA-256 at the end of a file, so that any later change of the file is found before it is read.

HDF5, like the zip form of torch's files, does not read beyond the end that is recorded in the file, so any program can
read a file with a checksum. A program that changes an HDF5 file removes the checksum; the file is then read like one
of another program, without a checksum.
"""

import hashlib
import os
import struct
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path

from streid.errors import InputError

MARK = b"\nsealed "  # unchanged since the first version, so that files of all versions can be checked
SKIPPED = struct.Struct("<QQ")
CHECKSUM_BYTES = len(MARK) + SKIPPED.size + hashlib.sha256().digest_size
BLOCK_BYTES = 1 << 24
NOTHING = (0, 0)


def content_digest(path: Path, size: int | None = None, skipped: tuple[int, ...] = NOTHING) -> bytes:
    """SHA-256 over the SHA-256 of each 16 MiB of a file, hashed in parallel.

    Uses as many threads as the numerical libraries: OMP_NUM_THREADS, which a stage sets to its `--threads`.

    Args:
        size: number of bytes to hash, from the beginning; None for all.
        skipped: first byte and number of the bytes to leave out.
    """
    with path.open("rb", buffering=0) as handle:
        number = handle.fileno()
        end = os.fstat(number).st_size if size is None else size
        parts = ((0, min(skipped[0], end)), (sum(skipped), end))

        def digest_block(block: tuple[int, int]) -> bytes:
            return hashlib.sha256(os.pread(number, block[1] - block[0], block[0])).digest()

        blocks = [(at, min(at + BLOCK_BYTES, last)) for first, last in parts for at in range(first, last, BLOCK_BYTES)]
        with ThreadPoolExecutor(_thread_limit()) as pool:
            return hashlib.sha256(b"".join(pool.map(digest_block, blocks))).digest()


def _thread_limit() -> int:
    text = os.environ.get("OMP_NUM_THREADS", "")
    return max(1, int(text)) if text.isdecimal() else os.cpu_count() or 1


def append_checksum(path: Path, skipped: tuple[int, int] = NOTHING) -> None:
    """Write the checksum at the end of a finished file.

    Args:
        skipped: first byte and number of the bytes that it does not cover, because they have their own checksums.
    """
    checksum = _compute(path, path.stat().st_size, skipped)
    with path.open("ab") as handle:
        handle.write(checksum)


def has_checksum(path: Path) -> bool:
    """Whether a file ends with a checksum, right or wrong."""
    size = path.stat().st_size
    return size >= CHECKSUM_BYTES and _read_end(path, size).startswith(MARK)


def verify_checksum(path: Path, *, needed: bool = False) -> None:
    """Refuse a file whose checksum is wrong; a file that was verified and has not changed since is not read again.

    Args:
        needed: also refuse a file without a checksum.

    Raises:
        InputError: the file is damaged, or has no checksum where one is needed.
    """
    status = path.stat()
    right = _has_right_checksum(path, status.st_ino, status.st_size, status.st_mtime_ns)
    if right is False or (right is None and needed):
        raise InputError(f"{path}: damaged (the bytes are not those that were written); remove it and make it again")


def read_verified(path: Path) -> memoryview:
    """The content of a file with a checksum, without it.

    Raises:
        InputError: as `verify_checksum`; a checksum is needed.
    """
    verify_checksum(path, needed=True)
    return memoryview(path.read_bytes())[:-CHECKSUM_BYTES]


def identify(path: Path) -> str:
    """An identifier of a file's content: its verified checksum, or, if it has none, its `content_digest`.

    Raises:
        InputError: the file is damaged.
    """
    verify_checksum(path)
    if has_checksum(path):
        return _read_end(path, path.stat().st_size)[-hashlib.sha256().digest_size :].hex()
    return content_digest(path).hex()


@lru_cache(maxsize=64)
def _has_right_checksum(path: Path, inode: int, size: int, changed: int) -> bool | None:
    """Whether the checksum is right, None if there is none; the cache's key has inode, size and change time."""
    end = _read_end(path, size) if size >= CHECKSUM_BYTES else b""
    if not end.startswith(MARK):
        # A damaged checksum is still there after the end of the HDF5 data; a file that never had one ends there.
        return False if _hdf5_end(path) == size - CHECKSUM_BYTES else None
    return end == _compute(path, size - CHECKSUM_BYTES, SKIPPED.unpack_from(end, len(MARK)))


def _compute(path: Path, size: int, skipped: tuple[int, ...]) -> bytes:
    place = SKIPPED.pack(*skipped)
    return MARK + place + hashlib.sha256(place + content_digest(path, size, skipped)).digest()


def _read_end(path: Path, size: int) -> bytes:
    with path.open("rb") as handle:
        handle.seek(size - CHECKSUM_BYTES)
        return handle.read()


def _hdf5_end(path: Path) -> int | None:
    """The end that an HDF5 file with streid's kind of header (superblock version 0) records."""
    with path.open("rb") as handle:
        head = handle.read(48)
    known = len(head) == 48 and head.startswith(b"\x89HDF\r\n\x1a\n\0")
    return int.from_bytes(head[40:48], "little") if known else None


def digest_file(path: Path) -> str:
    """SHA-256 of a file's content, in hexadecimal as `sha256sum` prints it."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def digest_files(paths: Iterable[Path]) -> str:
    """SHA-256 over the files' contents, in the order given."""
    digest = hashlib.sha256()
    for path in paths:
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()
