"""Who was seen where and when: one entry per picture, in memory and as an HDF5 group.

Shape suffixes: N pictures.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt

from streid.arrays import IntArray
from streid.errors import InputError

UNKNOWN_TIME = -1
TIME_BOUND = 2**53  # from here on, float64 does not hold every integer
JUNK_PID = -1
DISTRACTOR_PID = 0
SIGHTING_FIELDS = ("pid", "camid", "session", "time")
LOWEST = {"pid": JUNK_PID, "camid": 0, "session": 0, "time": UNKNOWN_TIME}


@dataclass(frozen=True, kw_only=True, eq=False)
class Sightings:
    """Who was seen where and when: one entry per picture.

    pid_N: identity; -1 junk, 0 distractor. camid_N: camera, numbered as in the data set.
    session_N: times are compared only within one session. time_N: on the session's clock, in the data set's
    own unit; -1 unknown. path_N: picture path relative to the data set's root.
    """

    pid_N: IntArray
    camid_N: IntArray
    session_N: IntArray
    time_N: IntArray
    path_N: npt.NDArray[np.object_]

    def __post_init__(self) -> None:
        count = len(self.pid_N)
        for field in fields(self):
            column = getattr(self, field.name)
            if column.shape != (count,):
                raise InputError(f"{field.name} has shape {column.shape}, expected ({count},)")
        if count and int(self.time_N.min()) < UNKNOWN_TIME:
            raise InputError("a time is negative; unknown times are written as -1")

    def __len__(self) -> int:
        return len(self.pid_N)

    def take(self, rows: npt.NDArray[Any] | slice) -> "Sightings":
        """The entries at `rows` (indices, a boolean mask or a slice), in that order."""
        return Sightings(**{field.name: getattr(self, field.name)[rows] for field in fields(self)})


def concatenate_sightings(parts: Sequence[Sightings]) -> Sightings:
    """One `Sightings` after the other, in the order given."""
    return Sightings(**{f.name: np.concatenate([getattr(part, f.name) for part in parts]) for f in fields(Sightings)})


def write_sightings(group: h5py.Group, sightings: Sightings) -> None:
    """Store pid, camid, session, time (int64) and path (UTF-8) in an HDF5 group."""
    for field in SIGHTING_FIELDS:
        group.create_dataset(field, data=getattr(sightings, f"{field}_N").astype(np.int64))
    group.create_dataset("path", data=sightings.path_N, dtype=h5py.string_dtype("utf-8"))


def load_sightings(group: h5py.Group) -> Sightings:
    """What `write_sightings` stored in an HDF5 group.

    Raises:
        InputError: a column's values are not integers, one is too small, or a time is 2^53 or more.
    """
    columns = {
        f"{field}_N": checked_column(group[field][:], field, f"group {group.name[1:]}: {field}")
        for field in SIGHTING_FIELDS
    }
    return Sightings(**columns, path_N=group["path"].asstr()[:].astype(object))


def checked_column(values_N: npt.NDArray[Any], field: str, where: str) -> IntArray:
    """One of SIGHTING_FIELDS as int64.

    Args:
        where: the column's name in a message.

    Raises:
        InputError: its values are not integers, one is too small, or a time is 2^53 or more.
    """
    if not np.issubdtype(values_N.dtype, np.integer):
        raise InputError(f"{where} holds {values_N.dtype}, expected int64")
    column_N = values_N.astype(np.int64)
    wrong_N = (column_N < LOWEST[field]) | (values_N > np.iinfo(np.int64).max)
    if wrong_N.any():
        row = int(np.argmax(wrong_N))
        raise InputError(
            f"{where} of row {row} is {values_N[row]}; a number of at least {LOWEST[field]} that fits int64 is needed"
        )
    if field == "time" and column_N.max(initial=0) >= TIME_BOUND:
        row = int(np.argmax(column_N >= TIME_BOUND))
        raise InputError(
            f"{where} of row {row} is {values_N[row]}, which is not below 2^53; count times from the start "
            "of their session or in a coarser unit"
        )
    return column_N
