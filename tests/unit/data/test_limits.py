"""What a manifest's rows say against trusting results on them."""

import pandas as pd
import pytest

from streid.data.limits import find_limits, find_unmatched
from streid.data.manifest import COLUMNS, Origin
from streid.errors import InputError

ROWS = [
    ("a", "train", 1, 1, 0, 5, 0),
    ("b", "train", 1, 2, 0, 7, 1),
    ("c", "train", 2, 2, 0, 9, 2),
    ("d", "query", 3, 1, 0, 2, 3),
    ("e", "gallery", 3, 2, 0, 4, 4),
]


def limits(*changes: tuple[int, str, object], more: tuple[tuple[object, ...], ...] = ()) -> list[str]:
    """Of `ROWS` with values changed (row, column, value) and more rows."""
    table = pd.DataFrame([*ROWS, *more], columns=list(COLUMNS))
    for row, column, value in changes:
        table.loc[row, column] = value
    return find_limits(table, own_tracklets=True)


def test_good_rows_have_none() -> None:
    assert limits() == []


def test_people() -> None:
    assert limits((2, "pid", 1)) == ["train has 1 identity, but a model can only be trained with at least 2"]
    held_out = (("f", "val", 2, 1, 0, 3, 5), ("g", "val", 9, 1, 0, 3, 6))
    assert limits(more=held_out) == ["1 of 2 identities of val are trained on, so val says little about other people"]


def test_pictures_without_a_time() -> None:
    assert limits((4, "time", -1), (2, "time", -1)) == [
        "2 of 5 pictures have no time: only appearance counts for them",
        "query and gallery have no times in a common session, so no travel time between them is known",
    ]
    timeless = [(row, "time", -1) for row in range(5)]
    assert limits(*timeless) == ["5 of 5 pictures have no time: only appearance counts for them"]


def test_times_that_are_all_the_same() -> None:
    same = ["all times of a session are the same, so they are useless: leave the column time empty"]
    assert limits(*[(row, "time", 0) for row in range(5)]) == same
    per_session = [(row, column, row // 3) for row in range(5) for column in ("session", "time")]
    assert limits(*per_session) == same
    assert limits(*[(row, "time", 0) for row in range(4)]) == []


def test_nobody_who_travels() -> None:
    assert limits((1, "camid", 1)) == [
        "nobody of train and val is seen by two cameras at known times of one session: no travel time can be "
        "learned, and only appearance counts"
    ]
    assert limits((1, "session", 8), (4, "session", 8)) == [
        "nobody of train and val is seen by two cameras at known times of one session: no travel time can be "
        "learned, and only appearance counts",
        "query and gallery have no times in a common session, so no travel time between them is known",
    ]


def test_cameras_that_training_has_not_seen() -> None:
    assert limits((4, "camid", 9)) == [
        "1 of 2 pictures of query and gallery come from cameras without a picture of train or val (first: camera 9): "
        "their times cannot be used, and only appearance counts"
    ]
    assert not any("camera 9" in one for one in limits((4, "camid", 9), (4, "time", -1)))


def test_pictures_without_a_tracklet() -> None:
    assert limits((0, "tracklet", -1)) == ["1 of 5 pictures have no tracklet: each is a tracklet of its own"]
    table = pd.DataFrame(ROWS, columns=list(COLUMNS)).assign(tracklet=-1)
    assert find_limits(table, own_tracklets=False) == []


def test_queries_without_a_match_are_named_by_their_line() -> None:
    table = pd.DataFrame(ROWS, columns=list(COLUMNS))
    assert find_unmatched(table, Origin(path="m.csv")) == []
    table.loc[4, "camid"] = 1
    with pytest.raises(InputError, match=r"^m\.csv, line 5: none of the 1 queries, the first of pid 3 in camera 1"):
        find_unmatched(table, Origin(path="m.csv"))
