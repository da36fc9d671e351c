"""HDF5 files that would read others, or declare what they do not hold."""

from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

from streid.errors import InputError
from streid.files import untrusted
from streid.files.untrusted import refuse_unconfined


def store_virtually(file: h5py.File) -> None:
    layout = h5py.VirtualLayout((4,), np.float32)
    layout[:] = h5py.VirtualSource("other.h5", "values", (4,))
    file.create_virtual_dataset("group/virtual", layout)


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (
            lambda file: file.__setitem__("group/link", h5py.ExternalLink("other.h5", "/values")),
            "group/link is a link into another file; copy its target into this one",
        ),
        (store_virtually, "group/virtual is stored in another file; copy its values into this one"),
        (
            lambda file: file.create_dataset("outside", (5,), np.int64, external=[("/etc/passwd", 0, 40)]),
            "outside is stored in another file; copy its values into this one",
        ),
        (
            lambda file: file.create_dataset("huge", (10**9, 2048), np.float32, chunks=(1024, 2048)),
            r"huge declares shape \(1000000000, 2048\), but only 0 bytes are stored; make it again",
        ),
        (
            lambda file: [file.create_group(f"many/{number}") for number in range(6)],
            "holds more than 5 groups and datasets; it was not made by streid",
        ),
    ],
)
def test_what_reaches_beyond_the_file_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make: Callable[[h5py.File], object], problem: str
) -> None:
    monkeypatch.setattr(untrusted, "MOST_OBJECTS", 5)
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["values"] = np.arange(4)
        make(file)
    with h5py.File(tmp_path / "x.h5") as file, pytest.raises(InputError, match=f"^{problem}$"):
        refuse_unconfined(file)


def test_links_within_the_file_and_values_that_pack_well_are_accepted(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file.create_dataset("zeros", data=np.zeros(10**7, np.int8), compression="gzip", compression_opts=9)
        file["group/hard"] = file["zeros"]
        file["group/soft"] = h5py.SoftLink("/zeros")
        file["empty"] = np.empty((0, 5))
        file.create_dataset("scalar", data=3)
    with h5py.File(tmp_path / "x.h5") as file:
        assert file["zeros"].id.get_storage_size() < 10**7 / 600
        refuse_unconfined(file)
