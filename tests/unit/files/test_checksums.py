"""Seals: what they cover, who reads past them, and what cuts them off."""

import hashlib
import os
from pathlib import Path

import h5py
import numpy as np
import pytest

from streid.errors import InputError
from streid.files import checksums
from streid.files.checksums import SEAL_BYTES, check_seal, content_digest, is_sealed, seal, unsealed_bytes


@pytest.fixture
def sealed(tmp_path: Path) -> Path:
    path = tmp_path / "file"
    path.write_bytes(b"content")
    seal(path)
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
    seal(path, (3, 2))
    whole = path.read_bytes()
    for place in range(len(whole)):
        path.unlink()
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        if place in (3, 4):
            check_seal(path, needed=True)
        else:
            with pytest.raises(InputError, match="damaged"):
                check_seal(path, needed=True)


def test_an_overwritten_seal_of_an_hdf5_file_is_missed(tmp_path: Path) -> None:
    path = tmp_path / "file.h5"
    with h5py.File(path, "w") as file:
        file["values"] = np.arange(10)
    check_seal(path)
    seal(path)
    path.write_bytes(path.read_bytes()[:-SEAL_BYTES] + bytes(SEAL_BYTES))
    with pytest.raises(InputError, match="damaged"):
        check_seal(path)


def test_a_seal_stands_behind_the_content(sealed: Path) -> None:
    assert sealed.read_bytes()[:-SEAL_BYTES] == bytes(unsealed_bytes(sealed)) == b"content"
    assert is_sealed(sealed)
    check_seal(sealed, needed=True)


def test_every_flipped_bit_and_every_cut_is_found_or_does_not_matter(sealed: Path) -> None:
    whole = sealed.read_bytes()
    for place in range(8 * len(whole)):
        flipped = bytearray(whole)
        flipped[place // 8] ^= 1 << place % 8
        sealed.write_bytes(flipped)
        os.utime(sealed, ns=(place, place))  # faster than the clock of the file system
        with pytest.raises(InputError, match="damaged"):
            check_seal(sealed, needed=True)
        if flipped[:7] != whole[:7]:
            with pytest.raises(InputError, match=f"{sealed}: damaged"):
                check_seal(sealed)
    for length in range(len(whole)):
        sealed.write_bytes(whole[:length])
        with pytest.raises(InputError, match="damaged"):
            check_seal(sealed, needed=True)


def test_a_file_without_a_seal_is_read_where_none_is_needed(tmp_path: Path) -> None:
    path = tmp_path / "file"
    for content in (b"", b"x" * 100):
        path.write_bytes(content)
        check_seal(path)
        assert not is_sealed(path)
        with pytest.raises(InputError, match="damaged"):
            unsealed_bytes(path)


def test_an_unchanged_file_is_read_once(sealed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    check_seal(sealed)
    monkeypatch.setattr(checksums, "content_digest", lambda *_: pytest.fail("read again"))
    check_seal(sealed)


def test_hdf5_reads_past_a_seal_and_an_edit_cuts_it_off(tmp_path: Path) -> None:
    path = tmp_path / "file.h5"
    with h5py.File(path, "w") as file:
        file["values"] = np.arange(1000)
    seal(path)
    with h5py.File(path) as file:
        assert file["values"][999] == 999
    check_seal(path, needed=True)
    with h5py.File(path, "r+") as file:
        file["values"][0] = 5
    assert not is_sealed(path)
    check_seal(path)
