"""Preparing a data set: load, check, group into tracklets, hold out identities, count, pack."""

import contextlib
import hashlib
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from streid.data.counts import compare_counts, count_pictures
from streid.data.layouts import find_format
from streid.data.limits import find_limits, find_unmatched
from streid.data.manifest import Origin, check_manifest, find_contradiction
from streid.data.masks import digest_masks, mask_paths
from streid.data.picture_files import CheckedPictures, Keep, PictureFiles, check_pictures, find_files
from streid.data.prepare_settings import PrepareSettings
from streid.data.sources import SourceDataset, SourceOptions
from streid.data.tracklets import group_passes, number_own_tracklets
from streid.errors import InputError
from streid.files.picture_pack import create_pack
from streid.files.sightings import UNKNOWN_TIME

logger = logging.getLogger(__name__)

RENDERING_MARKER = "rendered.json"


def drop_unreadable(
    table: pd.DataFrame, root: Path, *, unreadable: str, threads: int, keep: Keep | None = None
) -> tuple[pd.DataFrame, CheckedPictures]:
    """Decode every picture and refuse or skip those that cannot be read.

    Args:
        unreadable: `refuse` or `skip`.
        keep: called with the path and bytes of every readable picture.

    Returns:
        The rows kept, in their order and with their index, and what decoding found.

    Raises:
        InputError: pictures are unreadable and `unreadable` is `refuse`.
    """
    checked = check_pictures(root, _distinct(table["path"]), threads, keep=keep)
    if unreadable == "refuse":
        checked.refuse_unreadable(root, "pictures", "repair or remove them, or set prepare.unreadable to skip")
    for path, problem in sorted(checked.problems.items()):
        logger.warning("skipped %s: %s", path, problem)
    return table[~table["path"].isin(checked.problems)], checked


def check_test(table: pd.DataFrame, origin: Origin, settings: PrepareSettings) -> list[str]:
    """Refuse rows that do not allow a training and a test.

    Returns:
        Warnings about what limits the test.

    Raises:
        InputError: a split has no pictures, no query has a right match, or no identity would be left to train on.
    """
    missing = [split for split in ("train", "query", "gallery") if not (table["split"] == split).any()]
    if missing:
        raise InputError(
            f"{origin.path}: no pictures for {', '.join(missing)}; a data set needs train, query and gallery"
        )
    if settings.holdout_identities:
        if (table["split"] == "val").any():
            raise InputError(f"{origin.path}: already has a split val; set prepare.holdout_identities to 0")
        hold_out_identities(table, settings.holdout_identities, settings.seed)
    return find_unmatched(table, origin)


def refuse_shared_files(table: pd.DataFrame, files: PictureFiles, origin: Origin) -> None:
    """Refuse rows whose paths lead to one file, for example by links, and that contradict or repeat each other.

    Raises:
        InputError: there are such rows.
    """
    file = pd.Series(files.files_P[pd.factorize(table["path"])[0]])
    if contradiction := find_contradiction(table, file, origin):
        raise InputError(contradiction)


def find_copies(table: pd.DataFrame, checked: CheckedPictures, origin: Origin) -> list[str]:
    """A warning if files with the same bytes are listed with different people or cameras, or are both trained on and
    tested."""
    file = table["path"].map(dict(zip(checked.paths, checked.contents, strict=True)))
    contradiction = find_contradiction(table, file, origin, agreeing=("pid", "camid", "trained"), same="a copy of")
    return [contradiction] if contradiction else []


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


def prepare_dataset(
    *,
    dataset: str,
    source_format: str,
    root: Path,
    source_manifest: Path | None,
    settings: PrepareSettings,
    threads: int,
    pack: Path | None = None,
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Load and check a data set.

    Args:
        pack: a file to copy all pictures and the used part masks into; None for no pack.

    Returns:
        The manifest's rows and the content of dataset.json.

    Raises:
        InputError: the data set cannot be used; then no pack is written.
    """
    options = SourceOptions(manifest=source_manifest, validation_list=settings.validation_list)
    source = find_format(source_format).load(root, options)
    origin = Origin(path=source.manifest or root, lines=source.manifest is not None)
    check_manifest(source.table, origin)
    table = source.table
    if source.own_tracklets:
        table = table.assign(tracklet=number_own_tracklets(table, origin))
    warnings = check_test(table, origin, settings)
    paths = _distinct(table["path"])
    files = find_files(root, paths, threads)
    refuse_shared_files(table, files, origin)
    with _packing(pack, files, table, root, threads) as keep:
        table, checked = drop_unreadable(table, root, unreadable=settings.unreadable, threads=threads, keep=keep)
        if checked.problems:
            warnings = [
                *check_test(table, origin, settings),
                f"{len(checked.problems)} unreadable pictures were skipped",
            ]
        warnings += find_copies(table, checked, origin)
        table = table.reset_index(drop=True)
        masks_digest, mask_warnings = digest_masks(table, root, threads=threads, keep=keep)
        if not source.own_tracklets:
            table = table.assign(tracklet=group_passes(table, settings.pass_gap))
        official = compare_counts(count_pictures(table), source.expected)
        if settings.holdout_identities:
            table = hold_out_identities(table, settings.holdout_identities, settings.seed)
    rendered = (root / RENDERING_MARKER).is_file()
    if rendered and source.expected is not None:
        official.append("the pictures are rendered: results on them tell nothing about the real data set")
    limits = find_limits(table, own_tracklets=source.own_tracklets)
    warnings = [*official, *warnings, *limits, *mask_warnings, *source.remarks]
    for warning in warnings:
        logger.warning("%s: %s", dataset, warning)
    summary = {
        "format": "streid-dataset",
        "version": 1,
        "dataset": dataset,
        "source_format": source_format,
        **_describe(table, source),
        "rendered": rendered,
        "masks": masks_digest is not None,
        "warnings": warnings,
        "skipped_files": sorted(checked.problems),
        "digest": _joined_digest(checked.digest, masks_digest),
    }
    return table, summary


def _joined_digest(pictures: str, masks: str | None) -> str:
    return hashlib.sha256(f"{pictures}{masks}".encode()).hexdigest() if masks else pictures


def _describe(table: pd.DataFrame, source: SourceDataset) -> dict[str, Any]:
    return {
        "counts": count_pictures(table),
        "expected": source.expected,
        "cameras": sorted(int(camid) for camid in table["camid"].unique()),
        "sessions": int(table["session"].nunique()),
        "pictures_with_time": int((table["time"] != UNKNOWN_TIME).sum()),
        "unit": source.unit,
        "tracklets": "own" if source.own_tracklets else "oracle",
    }


@contextlib.contextmanager
def _packing(
    pack: Path | None, files: PictureFiles, table: pd.DataFrame, root: Path, threads: int
) -> Iterator[Keep | None]:
    """Yield a function that puts files into the pack, or None without a pack; an error in the block leaves no pack."""
    if pack is None:
        yield None
        return
    # Masks are packed if all pictures that are not skipped have one. This is known only later, so allocate for all.
    masks = find_files(root, mask_paths(table), threads)
    with create_pack(pack, int(files.sizes_P.sum() + masks.sizes_P.sum())) as writer:
        yield writer.add


def _distinct(paths: pd.Series) -> list[str]:
    """Each path once; a query may also be in the gallery."""
    return list(dict.fromkeys(paths))
