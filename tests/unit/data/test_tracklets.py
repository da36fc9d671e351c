"""Passes of one person at one camera, grouped by hand and by the function."""

import pandas as pd
import pytest

from streid.data import manifest
from streid.data.manifest import Origin
from streid.data.tracklets import group_passes, number_own_tracklets
from streid.errors import InputError

# path, split, pid, camid, session, time -> tracklet with a gap of 100, with no gap
SEEN = [
    ("a", "train", 5, 1, 0, 100, 0, 0),
    ("b", "train", 5, 1, 0, 200, 0, 0),  # exactly the gap later: the same pass
    ("c", "train", 5, 1, 0, 301, 1, 0),  # a step more: a new one
    ("d", "train", 5, 2, 0, 301, 2, 1),  # another camera
    ("e", "train", 5, 2, 1, 301, 3, 2),  # another session
    ("f", "train", 7, 2, 1, 300, 4, 3),  # another person
    ("g", "query", 9, 1, 0, 50, 5, 4),
    ("h", "gallery", -1, 1, 0, 10, 6, 5),  # junk: nobody's
    ("i", "gallery", -1, 1, 0, 10, 7, 6),
    ("j", "gallery", 0, 1, 0, 10, 8, 7),  # distractors: nobody's in particular
    ("k", "gallery", 0, 1, 0, 11, 9, 8),
    ("l", "gallery", 9, 1, 0, -1, 10, 9),  # no time: one tracklet together
    ("m", "gallery", 9, 1, 0, -1, 10, 9),
    ("n", "gallery", 9, 1, 0, 20, 11, 9),
    ("o", "gallery", 9, 1, 0, 60, 11, 9),
]
COLUMNS = ["path", "split", "pid", "camid", "session", "time", "with_gap", "without"]


def test_passes_end_where_the_gap_is_longer() -> None:
    table = pd.DataFrame(SEEN, columns=COLUMNS)
    assert group_passes(table, 100).tolist() == table["with_gap"].tolist()
    assert group_passes(table, 0).tolist() == table["without"].tolist()


def test_the_order_of_rows_does_not_matter() -> None:
    table = pd.DataFrame(SEEN, columns=COLUMNS).sample(frac=1, random_state=3)
    assert group_passes(table, 100).tolist() == table["with_gap"].tolist()


def own(*rows: tuple[str, int, int, int, int]) -> pd.DataFrame:
    """Rows of split, pid, camera, session and tracklet."""
    full = [(f"{number}.jpg", *row[:4], -1, row[4]) for number, row in enumerate(rows)]
    return pd.DataFrame(full, columns=list(manifest.COLUMNS))


def test_unique_numbers_stay_as_they_are() -> None:
    table = own(("train", 1, 1, 0, 9), ("train", 1, 1, 0, 9), ("train", 2, 1, 0, 4), ("train", 2, 2, 0, -1))
    assert number_own_tracklets(table, Origin(path="m.csv")).tolist() == [9, 9, 4, -1]
    # A number counts within its split: a query that stays in the gallery, and another person's tracklet.
    table = own(("query", 1, 1, 0, 3), ("gallery", 1, 1, 0, 3), ("gallery", 1, 2, 0, 4), ("train", 8, 2, 0, 3))
    assert number_own_tracklets(table, Origin(path="m.csv")).tolist() == [3, 3, 4, 3]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([("train", 1, 1, 0, 0), ("train", 1, 2, 0, 0), ("train", 2, 1, 0, 1)], [0, 2, 1]),
        ([("train", 1, 1, 0, 0), ("train", 2, 1, 1, 0), ("train", 2, 1, 1, -1)], [0, 1, -1]),
        ([("query", 1, 1, 0, 0), ("gallery", 1, 1, 0, 0), ("gallery", 1, 2, 0, 0)], [0, 0, 1]),
        # Train and test never share a number, train and val may: they are read one by one.
        ([("train", 1, 1, 0, 0), ("train", 1, 2, 0, 0), ("val", 2, 1, 0, 0), ("query", 3, 1, 0, 0)], [1, 2, 1, 0]),
    ],
)
def test_numbers_that_start_anew_are_made_unique(
    rows: list[tuple[str, int, int, int, int]], expected: list[int]
) -> None:
    assert number_own_tracklets(own(*rows), Origin(path="m.csv")).tolist() == expected


def test_a_tracklet_of_several_people_is_refused_with_its_lines() -> None:
    table = own(("train", 1, 1, 0, 0), ("train", 1, 2, 0, 0), ("train", 3, 1, 0, 0), ("train", 4, 1, 0, 0))
    with pytest.raises(
        InputError,
        match=r"^m\.csv, lines 2 and 4: tracklet 0 of camera 1, session 0 shows pid 1 and 3 \(2 such rows\); a tra",
    ):
        number_own_tracklets(table, Origin(path="m.csv"))
