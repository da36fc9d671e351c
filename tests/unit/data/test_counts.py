"""Counts of a data set by hand, and where they differ from the official ones."""

import pandas as pd

from streid.data.counts import compare_counts, count_pictures
from streid.data.manifest import COLUMNS

ROWS = [
    ("a", "train", 1, 1, 0, 5, 0),
    ("b", "train", 1, 2, 0, 5, 1),
    ("c", "train", 2, 2, 0, 5, 1),
    ("d", "query", 3, 1, 0, 5, -1),
    ("e", "gallery", 3, 2, 0, 5, 7),
    ("f", "gallery", -1, 2, 0, 5, 8),
    ("g", "gallery", -1, 3, 0, 5, 8),
    ("h", "gallery", 0, 3, 0, 5, -1),
    ("i", "gallery", 0, 3, 0, 5, -1),
]


def test_pictures_people_cameras_and_tracklets_are_counted() -> None:
    counts = count_pictures(pd.DataFrame(ROWS, columns=list(COLUMNS)))
    assert counts["train"] == {"pictures": 3, "identities": 2, "cameras": 2, "tracklets": 2}
    # A picture without a number is a tracklet of its own.
    assert counts["query"] == {"pictures": 1, "identities": 1, "cameras": 1, "tracklets": 1}
    assert counts["gallery"] == {
        "pictures": 5,
        "identities": 1,
        "cameras": 2,
        "tracklets": 4,
        "distractors": 2,
        "distractor_tracklets": 2,
        "junk": 2,
        "junk_tracklets": 1,
    }
    assert list(counts) == ["train", "query", "gallery"]


def test_differences_from_the_official_counts_are_reported() -> None:
    counts = {"train": {"pictures": 3, "identities": 2}}
    assert compare_counts(counts, None) == []
    assert compare_counts(counts, {"train": {"pictures": 3}}) == []
    assert compare_counts(counts, {"train": {"pictures": 12936}, "gallery": {"junk_tracklets": 870}}) == [
        "train: 3 pictures, officially 12,936",
        "gallery: 0 junk tracklets, officially 870",
    ]
