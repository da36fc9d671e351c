"""Bringing a data set into the manifest's form: load, check, hold identities out, count."""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from streid.artifacts import DISTRACTOR_PID, JUNK_PID, UNKNOWN_TIME
from streid.data.images import check_pictures
from streid.data.manifest import SPLITS, check_manifest, evaluated, read_manifest
from streid.data.market1501 import load_market1501
from streid.errors import InputError

logger = logging.getLogger(__name__)

FORMATS = ("market1501", "manifest")
ExpectedCounts = Mapping[str, Mapping[str, int]]
SHOWN = 5
RENDERING_MARKER = "rendered.json"


def load_dataset(source_format: str, root: Path, manifest: Path | None) -> tuple[pd.DataFrame, ExpectedCounts | None]:
    """Read a data set of the given format.

    Args:
        source_format: one of `FORMATS`.
        root: the data set's folder.
        manifest: the user's own manifest, for the format `manifest`.

    Returns:
        The manifest's rows and the official counts, None where there are none.

    Raises:
        InputError: the data set is missing or cannot be used.
    """
    if source_format == "market1501":
        return load_market1501(root)
    if source_format == "manifest":
        if manifest is None:
            raise InputError("a data set of format manifest needs its manifest's path (--source-manifest)")
        if not root.is_dir():
            raise InputError(f"{root}: no such folder; it is where the paths of {manifest} start")
        return read_manifest(manifest), None
    raise InputError(f"unknown data set format {source_format!r}; known: {', '.join(FORMATS)}")


def drop_unreadable(
    table: pd.DataFrame, root: Path, *, unreadable: str, threads: int
) -> tuple[pd.DataFrame, dict[str, str], str]:
    """Decode every picture and refuse or skip those that cannot be read.

    Args:
        unreadable: `refuse` or `skip`.

    Returns:
        The rows kept, the skipped pictures with what is wrong with each, and the pictures' digest.

    Raises:
        InputError: pictures are unreadable and `unreadable` is `refuse`.
    """
    problems, digest = check_pictures(root, table["path"].tolist(), threads)
    if problems and unreadable == "refuse":
        listed = "; ".join(f"{path} ({problem})" for path, problem in sorted(problems.items())[:SHOWN])
        more = f" and {len(problems) - SHOWN} more" if len(problems) > SHOWN else ""
        raise InputError(
            f"{root}: {len(problems)} pictures cannot be read: {listed}{more}; "
            "repair or remove them, or set prepare.unreadable to skip"
        )
    for path, problem in sorted(problems.items()):
        logger.warning("skipped %s: %s", path, problem)
    return table[~table["path"].isin(problems)].reset_index(drop=True), problems, digest


def hold_out_identities(table: pd.DataFrame, count: int, seed: int) -> pd.DataFrame:
    """Move `count` training identities, drawn with `seed`, to the split `val`.

    Raises:
        InputError: no training identity would be left.
    """
    identities = np.unique(table.loc[table["split"] == "train", "pid"])
    if count >= len(identities):
        raise InputError(f"cannot hold out {count} of {len(identities)} training identities; lower holdout_identities")
    held_out = np.random.default_rng(seed).choice(identities, size=count, replace=False)
    moved = (table["split"] == "train") & table["pid"].isin(held_out)
    return table.assign(split=table["split"].mask(moved, "val"))


def count_pictures(table: pd.DataFrame) -> dict[str, dict[str, int]]:
    """Pictures, identities and cameras of each split, and the test splits' distractors and junk."""
    counts = {}
    for split in SPLITS:
        rows = table[table["split"] == split]
        if rows.empty:
            continue
        counts[split] = {
            "pictures": len(rows),
            "identities": rows.loc[evaluated(rows["pid"]), "pid"].nunique(),
            "cameras": rows["camid"].nunique(),
        }
        if split == "gallery":
            counts[split]["distractors"] = int((rows["pid"] == DISTRACTOR_PID).sum())
            counts[split]["junk"] = int((rows["pid"] == JUNK_PID).sum())
    return counts


def find_warnings(
    table: pd.DataFrame, counts: ExpectedCounts, expected: ExpectedCounts | None, skipped: Mapping[str, str]
) -> list[str]:
    """What a user should know before trusting results on this data set, one plain sentence each."""
    warnings = [
        f"{split}: {counts.get(split, {}).get(what, 0):,} {what}, officially {number:,}"
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


def prepare_dataset(
    *,
    dataset: str,
    source_format: str,
    root: Path,
    source_manifest: Path | None,
    holdout_identities: int,
    unreadable: str,
    seed: int,
    threads: int,
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Load and check a data set.

    Returns:
        The manifest's rows and the content of dataset.json.

    Raises:
        InputError: the data set cannot be used.
    """
    table, expected = load_dataset(source_format, root, source_manifest)
    table, skipped, digest = drop_unreadable(table, root, unreadable=unreadable, threads=threads)
    missing = [split for split in ("train", "query", "gallery") if not (table["split"] == split).any()]
    if missing:
        raise InputError(f"{root}: no pictures for {', '.join(missing)}; a data set needs train, query and gallery")
    rendered = (root / RENDERING_MARKER).is_file()
    warnings = find_warnings(table, count_pictures(table), expected, skipped)
    if rendered and expected is not None:
        warnings.append("the pictures are rendered: results on them say nothing about the real data set")
    if holdout_identities:
        table = hold_out_identities(table, holdout_identities, seed)
    check_manifest(table, root)
    for warning in warnings:
        logger.warning("%s: %s", dataset, warning)
    summary = {
        "format": "streid-dataset",
        "version": 1,
        "dataset": dataset,
        "source_format": source_format,
        "counts": count_pictures(table),
        "expected": expected,
        "rendered": rendered,
        "warnings": warnings,
        "cameras": sorted(int(camid) for camid in table["camid"].unique()),
        "sessions": int(table["session"].nunique()),
        "pictures_with_time": int((table["time"] != UNKNOWN_TIME).sum()),
        "skipped_files": sorted(skipped),
        "digest": digest,
    }
    return table, summary
