"""Checksums at the end of files: what they cover, who reads past them, and what cuts them off."""

import hashlib
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import h5py
import numpy as np
import pytest

from streid.errors import InputError
from streid.files import checksums
from streid.files.checksums import (
    CHECKSUM_BYTES,
    append_checksum,
    content_digest,
    has_checksum,
    identify,
    read_verified,
    verify_checksum,
)


@pytest.fixture
def marked(tmp_path: Path) -> Path:
    path = tmp_path / "file"
    path.write_bytes(b"content")
    append_checksum(path)
    return path


def test_the_digest_is_that_of_the_blocks_digests(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checksums, "BLOCK_BYTES", 4)
    path = tmp_path / "file"
    for content in (b"", b"abc", b"abcd", b"abcdefghi"):
        path.write_bytes(content)
        blocks = [content[i : i + 4] for i in range(0, len(content), 4)]
        expected = hashlib.sha256(b"".join(hashlib.sha256(block).digest() for block in blocks)).digest()
        assert content_digest(path) == expected
        path.write_bytes(content + b"more")
        assert content_digest(path, len(content)) == expected
    path.write_bytes(b"abcdefghij")
    parts = hashlib.sha256(b"".join(hashlib.sha256(part).digest() for part in (b"abc", b"fghi", b"j"))).digest()
    assert content_digest(path, skipped=(3, 2)) == parts


def test_skipped_bytes_may_change_and_no_others(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"abcdefghij")
    append_checksum(path, (3, 2))
    whole = path.read_bytes()
    for place in range(len(whole)):
        path.unlink()
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        if place in (3, 4):
            verify_checksum(path, needed=True)
        else:
            with pytest.raises(InputError, match="damaged"):
                verify_checksum(path, needed=True)


def test_an_overwritten_checksum_of_an_hdf5_file_is_missed(tmp_path: Path) -> None:
    path = tmp_path / "file.h5"
    with h5py.File(path, "w") as file:
        file["values"] = np.arange(10)
    verify_checksum(path)
    append_checksum(path)
    path.write_bytes(path.read_bytes()[:-CHECKSUM_BYTES] + bytes(CHECKSUM_BYTES))
    with pytest.raises(InputError, match="damaged"):
        verify_checksum(path)


def test_a_checksum_stands_behind_the_content(marked: Path) -> None:
    assert marked.read_bytes()[:-CHECKSUM_BYTES] == bytes(read_verified(marked)) == b"content"
    assert has_checksum(marked)
    verify_checksum(marked, needed=True)


def test_every_flipped_bit_and_every_cut_is_found_or_does_not_matter(marked: Path) -> None:
    whole = marked.read_bytes()
    for place in range(8 * len(whole)):
        flipped = bytearray(whole)
        flipped[place // 8] ^= 1 << place % 8
        marked.write_bytes(flipped)
        os.utime(marked, ns=(place, place))  # faster than the clock of the file system
        with pytest.raises(InputError, match="damaged"):
            verify_checksum(marked, needed=True)
        if flipped[:7] != whole[:7]:
            with pytest.raises(InputError, match=f"{marked}: damaged"):
                verify_checksum(marked)
    for length in range(len(whole)):
        marked.write_bytes(whole[:length])
        with pytest.raises(InputError, match="damaged"):
            verify_checksum(marked, needed=True)


def test_a_file_without_a_checksum_is_read_where_none_is_needed(tmp_path: Path) -> None:
    path = tmp_path / "file"
    for content in (b"", b"x" * 100):
        path.write_bytes(content)
        verify_checksum(path)
        assert not has_checksum(path)
        with pytest.raises(InputError, match="damaged"):
            read_verified(path)


def test_an_unchanged_file_is_read_once(marked: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    verify_checksum(marked)
    monkeypatch.setattr(checksums, "content_digest", lambda *_: pytest.fail("read again"))
    verify_checksum(marked)


def test_hdf5_reads_past_a_checksum_and_an_edit_cuts_it_off(tmp_path: Path) -> None:
    path = tmp_path / "file.h5"
    with h5py.File(path, "w") as file:
        file["values"] = np.arange(1000)
    append_checksum(path)
    with h5py.File(path) as file:
        assert file["values"][999] == 999
    verify_checksum(path, needed=True)
    with h5py.File(path, "r+") as file:
        file["values"][0] = 5
    assert not has_checksum(path)
    verify_checksum(path)


def test_a_file_is_identified_by_its_checksum_without_hashing_it_twice(
    marked: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = tmp_path / "plain"
    plain.write_bytes(b"content")
    assert identify(plain) == content_digest(plain).hex()
    known = identify(marked)
    assert known == marked.read_bytes()[-32:].hex()
    hashed = []
    monkeypatch.setattr(checksums, "content_digest", lambda path, *_: hashed.append(path) or b"")
    assert identify(marked) == known
    assert hashed == []
    marked.write_bytes(b"c0ntent" + marked.read_bytes()[7:])
    with pytest.raises(InputError, match="damaged"):
        identify(marked)


@pytest.mark.parametrize(("given", "expected"), [("1", 1), ("3", 3), ("0", 1), ("", None), ("2,4", None)])
def test_hashing_takes_as_many_threads_as_the_stage_may(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: str, expected: int | None
) -> None:
    asked = []

    class Pool(ThreadPoolExecutor):
        def __init__(self, workers: int) -> None:
            asked.append(workers)
            super().__init__(workers)

    monkeypatch.setattr(checksums, "ThreadPoolExecutor", Pool)
    monkeypatch.setenv("OMP_NUM_THREADS", given)
    path = tmp_path / "file"
    path.write_bytes(b"content")
    content_digest(path)
    assert asked == [expected or os.cpu_count()]
