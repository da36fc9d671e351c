"""Passes of one person before one camera, grouped by hand and by the function."""

import pandas as pd

from streid.data.tracklets import group_passes

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
