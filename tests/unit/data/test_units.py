"""Pictures and tracklets as units, by hand."""

import pandas as pd
import pytest

from streid.data.units import choose_unit, make_units
from streid.errors import InputError

COLUMNS = ["path", "split", "pid", "camid", "session", "time", "tracklet"]


def table(*rows: tuple[str, int, int, int]) -> pd.DataFrame:
    """Rows of path, pid, time and tracklet."""
    return pd.DataFrame(
        [(path, "query", pid, 1, 0, time, tracklet) for path, pid, time, tracklet in rows], columns=COLUMNS
    )


ROWS = table(("a", 5, 30, 7), ("b", 6, 11, -1), ("c", 5, 10, 7), ("d", 6, 12, -1), ("e", 5, -1, 7), ("f", 4, -1, 3))


def test_a_picture_is_a_unit_of_its_own() -> None:
    units = make_units(ROWS, "picture")
    assert units.paths == [("a",), ("b",), ("c",), ("d",), ("e",), ("f",)]
    assert units.sightings.time_N.tolist() == [30, 11, 10, 12, -1, -1]


def test_tracklets_stand_where_their_first_rows_do_in_the_order_of_time() -> None:
    units = make_units(ROWS.set_axis(range(10, 16)), "tracklet")
    assert units.paths == [("e", "c", "a"), ("b",), ("d",), ("f",)]
    assert units.sightings.path_N.tolist() == ["e", "b", "d", "f"]
    assert units.sightings.pid_N.tolist() == [5, 6, 6, 4]
    assert units.sightings.time_N.tolist() == [20, 11, 12, -1]
    assert units.take(slice(1, 3)).paths == [("b",), ("d",)]
    assert len(make_units(ROWS[:0], "tracklet")) == 0


def test_mean_times_are_rounded_half_to_even() -> None:
    assert make_units(table(("a", 1, 4, 0), ("b", 1, 5, 0)), "tracklet").sightings.time_N.tolist() == [4]
    assert make_units(table(("a", 1, 5, 0), ("b", 1, 6, 0)), "tracklet").sightings.time_N.tolist() == [6]


def test_a_tracklet_of_two_people_is_refused() -> None:
    with pytest.raises(InputError, match="tracklet of a: its pictures differ in pid"):
        make_units(table(("a", 1, 4, 0), ("b", 2, 5, 0)), "tracklet")
    with pytest.raises(InputError, match="unknown unit 'clip'"):
        make_units(ROWS, "clip")


def test_auto_takes_tracklets_where_protocol_or_model_ask_for_them() -> None:
    assert choose_unit("auto", "picture", 1) == "picture"
    assert choose_unit("auto", None, 1) == "picture"
    assert choose_unit("auto", "tracklet", 1) == "tracklet"
    assert choose_unit("auto", "picture", 8) == "tracklet"
    assert choose_unit("picture", "tracklet", 8) == "picture"
