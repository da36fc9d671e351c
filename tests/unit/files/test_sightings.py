"""Who was seen where and when: columns that agree, taken and put together."""

import numpy as np
import pytest

from streid.errors import InputError
from streid.files.sightings import Sightings, concatenate_sightings


def make_sightings(count: int) -> Sightings:
    rows = np.arange(count, dtype=np.int64)
    paths = np.array([f"{row}.jpg" for row in rows], object)
    return Sightings(pid_N=rows + 1, camid_N=rows % 3, session_N=rows * 0, time_N=rows - 1, path_N=paths)


def test_sightings_columns_must_agree() -> None:
    rows = np.arange(3)
    with pytest.raises(InputError, match="camid_N has shape"):
        Sightings(pid_N=rows, camid_N=rows[:2], session_N=rows, time_N=rows, path_N=np.array(["a"] * 3, object))


def test_concatenate_and_take_keep_the_order() -> None:
    both = concatenate_sightings([make_sightings(2), make_sightings(3)])
    assert both.pid_N.tolist() == [1, 2, 1, 2, 3]
    assert both.take(both.pid_N == 2).time_N.tolist() == [0, 0]
