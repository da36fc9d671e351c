"""Counting a data set, and what its counts say against trusting it."""

from collections.abc import Mapping

import pandas as pd

from streid.data.manifest import SPLITS, evaluated
from streid.data.sources import ExpectedCounts
from streid.files.sightings import DISTRACTOR_PID, JUNK_PID, UNKNOWN_TIME


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


def find_warnings(
    table: pd.DataFrame, counts: ExpectedCounts, expected: ExpectedCounts | None, skipped: Mapping[str, str]
) -> list[str]:
    """What a user should know before trusting results on this data set, one plain sentence each."""
    warnings = [
        f"{split}: {counts.get(split, {}).get(what, 0):,} {what.replace('_', ' ')}, officially {number:,}"
        for split, numbers in (expected or {}).items()
        for what, number in numbers.items()
        if counts.get(split, {}).get(what, 0) != number
    ]
    if skipped:
        warnings.append(f"{len(skipped)} unreadable pictures were skipped")
    untimed = int((table["time"] == UNKNOWN_TIME).sum())
    if untimed:
        warnings.append(f"{untimed:,} of {len(table):,} pictures have no time: appearance alone decides for them")
    if len(table["camid"].unique()) == 1:
        warnings.append("all pictures are from one camera: no query can have a right match in another")
    return warnings


def _count_tracklets(rows: pd.DataFrame) -> int:
    return int(rows.loc[rows["tracklet"] >= 0, "tracklet"].nunique())
