"""A file's own SHA-256 behind its last byte: whatever else changes in it later is found before it is read.

HDF5, like the zip form of torch's files, does not look beyond the end that the file itself names, so any program
reads a sealed file as before. One that changes an HDF5 file cuts the seal off with it: the file is then one without a
seal, as files made elsewhere are.
"""

import hashlib
import os
import struct
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path

from streid.errors import InputError

MARK = b"\nsealed "
PLACE = struct.Struct("<QQ")
SEAL_BYTES = len(MARK) + PLACE.size + hashlib.sha256().digest_size
BLOCK_BYTES = 1 << 24
NOTHING = (0, 0)


def content_digest(path: Path, size: int | None = None, skipped: tuple[int, ...] = NOTHING) -> bytes:
    """SHA-256 over the SHA-256 of each 16 MiB of a file, hashed side by side.

    Args:
        size: bytes that count, from the beginning; None takes them all.
        skipped: first byte and number of bytes that do not count.
    """
    with path.open("rb", buffering=0) as handle:
        number = handle.fileno()
        end = os.fstat(number).st_size if size is None else size
        parts = ((0, min(skipped[0], end)), (sum(skipped), end))

        def digest_block(block: tuple[int, int]) -> bytes:
            return hashlib.sha256(os.pread(number, block[1] - block[0], block[0])).digest()

        blocks = [(at, min(at + BLOCK_BYTES, last)) for first, last in parts for at in range(first, last, BLOCK_BYTES)]
        with ThreadPoolExecutor() as pool:
            return hashlib.sha256(b"".join(pool.map(digest_block, blocks))).digest()


def seal(path: Path, skipped: tuple[int, int] = NOTHING) -> None:
    """Write the seal behind a finished file.

    Args:
        skipped: first byte and number of bytes that the seal does not cover, as they have checksums of their own.
    """
    sealed = _seal(path, path.stat().st_size, skipped)
    with path.open("ab") as handle:
        handle.write(sealed)


def is_sealed(path: Path) -> bool:
    """Whether a file ends with a seal, whole or broken."""
    size = path.stat().st_size
    return size >= SEAL_BYTES and _read_end(path, size).startswith(MARK)


def check_seal(path: Path, *, needed: bool = False) -> None:
    """Refuse a file whose seal is broken; one checked before that has not changed since is not read again.

    Args:
        needed: also refuse a file without a seal.

    Raises:
        InputError: the file is damaged, or has no seal where one is needed.
    """
    status = path.stat()
    sealed = _has_whole_seal(path, status.st_ino, status.st_size, status.st_mtime_ns)
    if sealed is False or (sealed is None and needed):
        raise InputError(f"{path}: damaged (other bytes than were written); remove it and make it again")


def unsealed_bytes(path: Path) -> memoryview:
    """The content of a sealed file.

    Raises:
        InputError: as `check_seal`; a seal is needed.
    """
    check_seal(path, needed=True)
    return memoryview(path.read_bytes())[:-SEAL_BYTES]


@lru_cache(maxsize=64)
def _has_whole_seal(path: Path, inode: int, size: int, changed: int) -> bool | None:
    """Whether the seal fits the content; None where there is no seal. The last three tell one content from another."""
    end = _read_end(path, size) if size >= SEAL_BYTES else b""
    if not end.startswith(MARK):
        # A seal that was overwritten still lies behind where HDF5 ends; without one, nothing does.
        return False if _hdf5_end(path) == size - SEAL_BYTES else None
    return end == _seal(path, size - SEAL_BYTES, PLACE.unpack_from(end, len(MARK)))


def _seal(path: Path, size: int, skipped: tuple[int, ...]) -> bytes:
    place = PLACE.pack(*skipped)
    return MARK + place + hashlib.sha256(place + content_digest(path, size, skipped)).digest()


def _read_end(path: Path, size: int) -> bytes:
    with path.open("rb") as handle:
        handle.seek(size - SEAL_BYTES)
        return handle.read()


def _hdf5_end(path: Path) -> int | None:
    """Where an HDF5 file that begins as streid's do (superblock of version 0) says that it ends."""
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
