"""Pictures of people at known times, with identities, cameras and sessions numbered from 0; pairs of one person.

Shape suffixes: N pictures, C cameras, E pairs of pictures.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from streid.arrays import FloatArray, IntArray
from streid.files.sightings import DISTRACTOR_PID, UNKNOWN_TIME, Sightings

PAIR_BATCH = 1 << 20


class CodedPictures(NamedTuple):
    """Pictures of people at known times, sorted by identity, then camera; all numbers start at 0.

    cameras_C: the camids, ascending. clock_N: time since the session's first picture. share_N: 1 / the number of the
    identity's pictures in that camera.
    """

    cameras_C: IntArray
    person_N: IntArray
    camera_N: IntArray
    session_N: IntArray
    clock_N: IntArray
    share_N: FloatArray

    @property
    def people(self) -> int:
        """The number of identities."""
        return int(self.person_N.max(initial=-1)) + 1

    @property
    def span(self) -> int:
        """The longest session's length, in the time unit."""
        return int(self.clock_N.max(initial=0))

    @property
    def camera_pairs(self) -> int:
        """The number of unordered pairs of cameras."""
        return len(self.cameras_C) * (len(self.cameras_C) - 1) // 2


def code_pictures(sightings: Sightings) -> CodedPictures:
    """Number identities, cameras and sessions from 0; junk, distractors and pictures of unknown time are left out."""
    timed = sightings.take((sightings.pid_N > DISTRACTOR_PID) & (sightings.time_N != UNKNOWN_TIME))
    timed = timed.take(np.lexsort((timed.camid_N, timed.pid_N)))
    cameras_C, camera_N = np.unique(timed.camid_N, return_inverse=True)
    person_N = np.unique(timed.pid_N, return_inverse=True)[1].reshape(-1)
    session_N = np.unique(timed.session_N, return_inverse=True)[1].reshape(-1)
    begins = np.full(session_N.max(initial=-1) + 1, np.iinfo(np.int64).max)
    np.minimum.at(begins, session_N, timed.time_N)
    cell_N = person_N * len(cameras_C) + camera_N.reshape(-1)
    _, place_N, count = np.unique(cell_N, return_inverse=True, return_counts=True)
    return CodedPictures(
        cameras_C=cameras_C,
        person_N=person_N,
        camera_N=camera_N.reshape(-1),
        session_N=session_N,
        clock_N=timed.time_N - begins[session_N],
        share_N=1 / count[place_N],
    )


def same_person_pairs(pictures: CodedPictures) -> Iterator[tuple[IntArray, IntArray]]:
    """All pairs of one identity's pictures in two cameras, lower camera first, in batches of about PAIR_BATCH rows."""
    people_N = pictures.person_N
    last_N = np.searchsorted(people_N, people_N, side="right")
    rows = np.arange(len(people_N))
    for one, other in row_pairs(rows + 1, last_N):
        apart = pictures.camera_N[one] != pictures.camera_N[other]
        yield one[apart], other[apart]


def row_pairs(first_N: IntArray, stop_N: IntArray) -> Iterator[tuple[IntArray, IntArray]]:
    """Pair every row with the rows from its `first` up to its `stop`, in batches of about PAIR_BATCH pairs."""
    count_N = stop_N - first_N
    batch_N = np.cumsum(count_N) // PAIR_BATCH
    edges = np.flatnonzero(np.diff(batch_N)) + 1
    for start, stop in zip((0, *edges), (*edges, len(count_N)), strict=True):
        count = count_N[start:stop]
        one = np.repeat(np.arange(start, stop), count)
        place = np.arange(len(one)) - np.repeat(np.cumsum(count) - count, count)
        yield one, np.repeat(first_N[start:stop], count) + place
