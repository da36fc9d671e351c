"""What is said of an error: one line that names the kind of fault, and never the wrong one."""

import errno
import os
import pwd
import stat
from pathlib import Path

import pytest
import torch
from torch.utils.data import DataLoader, Dataset

from streid.errors import InputError, lacks_memory, refused_by_system
from streid.stage import refusals
from streid.stage.refusals import LOWER_VALUES, explain


class Failing(Dataset[int]):
    """A data set whose items cannot be read."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def __len__(self) -> int:
        return 1

    def __getitem__(self, row: int) -> int:
        raise self.error


def from_worker(error: Exception) -> Exception:
    """The error as it arrives from a loader's worker."""
    with pytest.raises(type(error)) as raised:
        list(DataLoader(Failing(error), num_workers=1))
    return raised.value


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (InputError("x.csv: no such file"), "x.csv: no such file"),
        (
            OSError(errno.EIO, os.strerror(errno.EIO), "x.h5"),
            "Input/output error: x.h5; the disk failed or is cannot be reached: repair that, then run the stage again",
        ),
        (
            OSError(errno.EMFILE, os.strerror(errno.EMFILE), "x.h5"),
            "Too many open files: x.h5; use fewer --workers, or allow more by `ulimit -n`",
        ),
        (
            OSError(errno.EROFS, os.strerror(errno.EROFS), "x.h5"),
            "Read-only file system: x.h5; choose outputs on a file system that can be written to",
        ),
        (IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), "x"), "Is a directory: x"),
        (OSError(errno.ENOTCONN, os.strerror(errno.ENOTCONN)), os.strerror(errno.ENOTCONN)),
        (
            OSError(errno.ENOMEM, os.strerror(errno.ENOMEM)),
            f"not enough memory: [Errno 12] Cannot allocate memory; {LOWER_VALUES}, or use a machine with more",
        ),
        (OSError("a library's own words"), ""),
        (RuntimeError("a defect"), ""),
        (RuntimeError("Caught RuntimeError in DataLoader worker process 0.\nRuntimeError: a defect"), ""),
        (KeyError("a defect"), ""),
    ],
)
def test_an_error_is_explained_or_a_defect(error: Exception, line: str) -> None:
    assert explain(error) == line


@pytest.mark.parametrize(
    "text",
    [
        "Caught RuntimeError in DataLoader worker process 0.\nOriginal Traceback (most recent call last):\n"
        "RuntimeError: unable to allocate shared memory(shm) for file </torch_7_8_0>: No space left on device (28)\n",
        "DataLoader worker (pid 7) is killed by signal: Bus error. It is possible that dataloader's workers are out of "
        "shared memory. Please try to raise your shared memory limit.",
    ],
)
def test_too_little_shared_memory_is_reported_in_one_short_line(text: str) -> None:
    line = explain(RuntimeError(text))
    assert line == (
        "too little shared memory (/dev/shm) for the processes that read pictures: use --workers 0, or give the "
        "machine more, for example with docker's --shm-size=2g; finished work is kept"
    )


def test_what_a_worker_met_is_reported_without_its_traceback() -> None:
    refused = from_worker(OSError(errno.EIO, os.strerror(errno.EIO), "pictures.h5"))
    assert explain(refused) == "[Errno 5] Input/output error: 'pictures.h5'"
    lacking = from_worker(MemoryError("Unable to allocate 8 PiB"))
    assert (
        explain(lacking) == f"not enough memory: Unable to allocate 8 PiB; {LOWER_VALUES}, or use a machine with more"
    )


def denied(path: Path) -> str:
    return explain(PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path)))


def test_missing_permission_names_the_owner_and_what_to_ask_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "model"
    path.touch(0o600)
    owner = pwd.getpwuid(os.getuid()).pw_name
    assert denied(path) == (
        f"Permission denied: {path}: it is yours, with the mode -rw-------; change the mode with chmod u+rwX {path}"
    )
    monkeypatch.setattr(os, "getuid", lambda: 4242)
    assert denied(path) == (
        f"Permission denied: {path}: it belongs to {owner} (-rw-------), and this stage runs as user 4242; nothing is "
        f"wrong with the file: ask {owner} for access (chmod g+rwX for a group, whose members set umask 002)"
    )
    mode = stat.filemode(tmp_path.stat().st_mode)
    missing = tmp_path / "none" / "deeper"
    assert denied(missing).startswith(
        f"Permission denied: {missing}: the folder {tmp_path} belongs to {owner} ({mode}), and"
    )


def test_a_folder_that_may_not_be_searched_is_the_one_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hidden = tmp_path / "hidden" / "model"

    def exists(path: Path) -> bool:
        if path.is_relative_to(tmp_path / "hidden" / "model"):
            raise PermissionError
        return True

    (tmp_path / "hidden").mkdir()
    monkeypatch.setattr(Path, "exists", exists)
    assert f"{hidden}: the folder {tmp_path / 'hidden'} is yours" in denied(hidden)


@pytest.mark.parametrize(
    ("error", "memory", "system"),
    [
        (MemoryError(), True, True),
        (torch.OutOfMemoryError("CUDA out of memory"), True, True),
        (RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried"), True, True),
        (OSError(errno.ENOMEM, "x"), True, True),
        (PermissionError(errno.EACCES, "x"), False, True),
        (OSError(errno.ENOSPC, "x"), False, True),
        (OSError("file signature not found"), False, False),
        (RuntimeError("x"), False, False),
        (ValueError("x"), False, False),
    ],
)
def test_the_systems_refusals_are_told_from_faults_of_a_file(error: Exception, memory: bool, system: bool) -> None:
    assert (lacks_memory(error), refused_by_system(error)) == (memory, system)


def test_owners_without_a_name_are_numbers() -> None:
    assert refusals._name_of(987654) == "user 987654"
