"""The guarded file: HDF5 as always, and a full disk that HDF5 never hears of."""

import errno
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest

from streid.files import full_disk
from streid.files.full_disk import GuardedFile

# A limit on the file's size stands for a full disk: writes beyond it fail alike.
LIMITED = """
import errno, resource, signal, sys
sys.path.insert(0, {pipeline!r})
import h5py, numpy as np
from streid.files.full_disk import GuardedFile
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}))
with GuardedFile({path!r}) as file:
    with h5py.File(file, "w") as handle:
        for name in "abc":
            handle.create_dataset(name, data=np.arange(5000), chunks=(500,), compression="gzip", fletcher32=True)
        handle["flat"] = np.arange(5000)
    try:
        file.check()
    except OSError as error:
        sys.exit(100 + error.errno)
"""


def test_hdf5_writes_to_it_as_to_any_file(tmp_path: Path) -> None:
    path = tmp_path / "file.h5"
    values = np.random.default_rng(0).normal(size=(300, 20))
    with GuardedFile(path) as file:
        with h5py.File(file, "w") as handle:
            handle.create_dataset("values", data=values, chunks=(7, 20), fletcher32=True)
            handle["values"][5] = 0
        file.check()
    values[5] = 0
    with h5py.File(path) as handle:
        np.testing.assert_array_equal(handle["values"][:], values)


@pytest.mark.parametrize("limit", [0, 100, 3000, 9000, 40000])
def test_hdf5_closes_its_file_wherever_the_disk_was_full(tmp_path: Path, limit: int) -> None:
    pipeline = str(Path(full_disk.__file__).parents[2])
    code = LIMITED.format(pipeline=pipeline, limit=limit, path=str(tmp_path / "file.h5"))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (100 + errno.EFBIG, "")


def test_the_first_failure_is_kept_and_nothing_more_is_written() -> None:
    with GuardedFile("/dev/full") as file:
        file.check()
        assert file.write(b"abcdef") == 6
        assert file.write(b"ghi") == 3
        assert file.truncate(20) == 20
        with pytest.raises(OSError, match="No space left on device"):
            file.check()


def test_reading_beyond_the_end_gives_zeros(tmp_path: Path) -> None:
    with GuardedFile(tmp_path / "file") as file:
        file.write(b"abc")
        file.seek(1)
        room = bytearray(b"xxxxx")
        assert file.readinto(room) == 5
        assert room == b"bc\0\0\0"
