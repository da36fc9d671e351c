"""Counting a data set, and comparing its counts with the official ones."""

import pandas as pd

from streid.data.manifest import SPLITS, evaluated
from streid.data.sources import ExpectedCounts
from streid.files.sightings import DISTRACTOR_PID, JUNK_PID


def count_pictures(table: pd.DataFrame) -> dict[str, dict[str, int]]:
    """Pictures, identities, cameras and tracklets of each split, and the gallery's distractors and junk."""
    counts = {}
    for split in SPLITS:
        rows = table[table["split"] == split]
        if rows.empty:
            continue
        counts[split] = {
            "pictures": len(rows),
            "identities": rows.loc[evaluated(rows["pid"]), "pid"].nunique(),
            "cameras": rows["camid"].nunique(),
            "tracklets": _count_tracklets(rows),
        }
        if split == "gallery":
            for name, pid in (("distractor", DISTRACTOR_PID), ("junk", JUNK_PID)):
                counts[split]["junk" if name == "junk" else "distractors"] = int((rows["pid"] == pid).sum())
                counts[split][f"{name}_tracklets"] = _count_tracklets(rows[rows["pid"] == pid])
    return counts


def compare_counts(counts: ExpectedCounts, expected: ExpectedCounts | None) -> list[str]:
    """Where counts differ from the official ones, one sentence each."""
    return [
        f"{split}: {counts.get(split, {}).get(what, 0):,} {what.replace('_', ' ')}, officially {number:,}"
        for split, numbers in (expected or {}).items()
        for what, number in numbers.items()
        if counts.get(split, {}).get(what, 0) != number
    ]


def _count_tracklets(rows: pd.DataFrame) -> int:
    """Number of tracklets of one split; a picture without a number is its own tracklet."""
    numbered = rows["tracklet"] >= 0
    return int(rows.loc[numbered, "tracklet"].nunique() + (~numbered).sum())
