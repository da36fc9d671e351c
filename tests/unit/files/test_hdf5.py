"""HDF5 files: what is wrong with one is told from what the system refuses, and each kind gets its own advice."""

import errno
import os
from pathlib import Path

import h5py
import numpy as np
import pytest

from streid.errors import InputError
from streid.files import hdf5
from streid.files.checksums import has_checksum
from streid.files.hdf5 import create_file, named_defects, open_checked, plain

NOT_READ = "is not the one this streid reads (2)"


@pytest.fixture
def made(tmp_path: Path) -> Path:
    path = tmp_path / "x.h5"
    with create_file(path, "streid-x", 2, note="kept") as handle:
        handle["values"] = np.arange(1000)
    return path


def read(path: Path) -> list[int]:
    with open_checked(path, "streid-x", 2) as handle:
        return list(map(int, handle["values"][:]))


def test_a_file_comes_back_with_its_attributes_and_a_checksum(made: Path) -> None:
    assert read(made) == list(range(1000))
    assert has_checksum(made)
    with open_checked(made, "streid-x", 2) as handle:
        assert dict(handle.attrs) == {"format": "streid-x", "version": 2, "note": "kept"}
        assert handle["values"].fletcher32 is False


@pytest.mark.parametrize(
    ("name", "value", "line"),
    [
        ("format", "other", "format is 'other', expected 'streid-x'; was another file meant?"),
        ("format", 7, "format is 7, expected 'streid-x'; was another file meant?"),
        ("format", [1, 2], "format is [1, 2], expected 'streid-x'; was another file meant?"),
        ("version", 1, f"version 1 of streid-x {NOT_READ}; make it again"),
        ("version", 3, f"version 3 of streid-x {NOT_READ}; it was made by a newer streid: update this one"),
        ("version", "new", f"version new of streid-x {NOT_READ}; make it again"),
    ],
)
def test_other_formats_and_versions_are_told_apart(made: Path, name: str, value: object, line: str) -> None:
    with h5py.File(made, "r+") as handle:
        handle.attrs[name] = value
    with pytest.raises(InputError) as refused:
        read(made)
    assert str(refused.value) == f"{made}: {line}"


def test_a_file_of_another_kind_is_not_called_damaged(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("not HDF5 at all" * 50)
    with pytest.raises(InputError, match=r"notes\.txt: not an HDF5 file \(.*\); was another file meant\?$"):
        read(path)
    assert path.exists()


def test_a_file_cut_short_is_to_be_copied_or_made_again(made: Path) -> None:
    made.write_bytes(made.read_bytes()[:3000])
    with pytest.raises(
        InputError, match=r"damaged HDF5 file \(.*; copy it again from an undamaged copy, or make it again$"
    ):
        read(made)


@pytest.mark.parametrize("code", [errno.EACCES, errno.EIO, errno.ENOMEM])
def test_what_the_system_refuses_is_no_fault_of_the_file(
    made: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(code, f"Unable to synchronously open file (errno = {code})")

    monkeypatch.setattr(h5py, "File", refuse)
    with pytest.raises(OSError) as raised:
        read(made)
    assert (raised.value.errno, raised.value.filename) == (code, str(made))


def test_too_little_memory_is_no_fault_of_the_file(made: Path) -> None:
    for error in (MemoryError("x"), RuntimeError("DefaultCPUAllocator: can't allocate memory")):
        with pytest.raises(type(error)) as raised, named_defects(made, "streid-x"):
            raise error
        assert raised.value is error


def test_a_missing_file_is_reported(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.h5: no such file"):
        read(tmp_path / "none.h5")


def test_attributes_become_values_of_python() -> None:
    assert [repr(plain(value)) for value in (np.int64(3), np.float64(0.5), np.array([1, 2]), "text", 4, None)] == [
        *("3", "0.5", "[1, 2]", "'text'", "4", "None")
    ]


def test_a_full_disk_is_raised_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Full(hdf5.GuardedFile):
        def check(self) -> None:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(hdf5, "GuardedFile", Full)
    with pytest.raises(OSError, match="No space left"), create_file(tmp_path / "x.h5", "streid-x"):
        pass
    assert not list(tmp_path.iterdir())
