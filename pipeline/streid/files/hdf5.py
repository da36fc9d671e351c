"""HDF5 files with a format and a version: written atomically, checked when they are opened."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from streid.arrays import IntArray
from streid.errors import InputError, refused_by_system
from streid.files.atomic import atomic_output
from streid.files.checksums import NOTHING, append_checksum, verify_checksum
from streid.files.full_disk import GuardedFile
from streid.files.untrusted import refuse_unconfined

VERSION = 1
HDF5_BEGINNING = b"\x89HDF\r\n\x1a\n"


@contextlib.contextmanager
def open_checked(path: str | os.PathLike[str], file_format: str, version: int = VERSION) -> Iterator[h5py.File]:
    """Open an HDF5 file of `file_format` for reading; every defect of the file becomes an InputError."""
    if not Path(path).is_file():
        raise InputError(f"{path}: no such file")
    verify_checksum(Path(path))
    with named_defects(path, file_format), h5py.File(path, "r") as handle:
        found, written = plain(handle.attrs.get("format")), plain(handle.attrs.get("version"))
        if found != file_format:
            raise InputError(f"{path}: format is {found!r}, expected {file_format!r}; was another file meant?")
        if written != version:
            newer = isinstance(written, int) and written > version
            raise InputError(
                f"{path}: version {written} of {file_format} is not the one this streid reads ({version}); "
                + ("it was made by a newer streid: update this one" if newer else "make it again")
            )
        refuse_unconfined(handle)
        yield handle


@contextlib.contextmanager
def named_defects(path: str | os.PathLike[str], file_format: str) -> Iterator[None]:
    """Turn what is wrong with the HDF5 file at `path` while it is read into an InputError that names it.

    Errors of the system (permission, memory) are not defects of the file and are raised unchanged.
    """
    try:
        yield
    except InputError as error:
        raise InputError(str(error) if str(path) in str(error) else f"{path}: {error}") from None
    except KeyError as error:
        raise InputError(f"{path}: incomplete {file_format} file ({error.args[0]})") from None
    except (TypeError, ValueError, AttributeError) as error:
        raise InputError(f"{path}: not laid out as a {file_format} file ({error})") from None
    except (OSError, RuntimeError) as error:
        if refused_by_system(error):
            if isinstance(error, OSError):
                error.filename = error.filename or str(path)
            raise
        with Path(path).open("rb") as handle:
            begun = handle.read(len(HDF5_BEGINNING)) == HDF5_BEGINNING
        what = "damaged HDF5 file" if begun else "not an HDF5 file"
        advice = "copy it again from an undamaged copy, or make it again" if begun else "was another file meant?"
        raise InputError(f"{path}: {what} ({error}); {advice}") from None


def plain(value: Any) -> Any:
    """An attribute's value as a Python value; numpy's would be printed as np.int64(3) or array([3])."""
    return value.tolist() if isinstance(value, (np.generic, np.ndarray)) else value


def whole_numbers(stored: h5py.Dataset) -> IntArray:
    """A dataset's whole numbers.

    Raises:
        InputError: it holds numbers of another kind.
    """
    values = stored[:]
    if not np.issubdtype(values.dtype, np.integer):
        raise InputError(f"{stored.name} holds {values.dtype}, expected int64")
    return np.asarray(values, np.int64)


def stored_name(name: str) -> str:
    """The name in the file of an array called `name`: without the suffix that gives its shape."""
    return name.rsplit("_", 1)[0]


@contextlib.contextmanager
def create_file(
    path: str | os.PathLike[str],
    file_format: str,
    version: int = VERSION,
    *,
    own_checksums: str | None = None,
    **attributes: str | int | float,
) -> Iterator[h5py.File]:
    """Create an HDF5 file of `file_format` with root attributes, atomically, with a checksum at its end.

    Args:
        own_checksums: a contiguous dataset that the file's checksum leaves out, because its content has its own.
    """
    with atomic_output(path) as partial:
        with GuardedFile(partial) as file:
            with h5py.File(file, "w") as handle:
                handle.attrs["format"] = file_format
                handle.attrs["version"] = version
                handle.attrs.update(attributes)
                yield handle
                skipped = NOTHING
                if own_checksums is not None:
                    stored = handle[own_checksums].id
                    skipped = (stored.get_offset() or 0, stored.get_storage_size())
            file.check()
        append_checksum(partial, skipped)
