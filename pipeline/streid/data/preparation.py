"""Bringing a data set into the manifest's form: load, check, group, hold identities out, count, pack."""

import contextlib
import hashlib
import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from streid.data.counts import count_pictures, find_warnings
from streid.data.images import check_pictures, decode_mask
from streid.data.layouts import find_format
from streid.data.manifest import check_manifest
from streid.data.masks import MASKS_FOLDER, mask_path
from streid.data.sources import SourceDataset, SourceOptions, ValidationList
from streid.data.tracklets import group_passes
from streid.errors import InputError
from streid.files.picture_pack import create_pack
from streid.files.sightings import UNKNOWN_TIME

logger = logging.getLogger(__name__)

SHOWN = 5
RENDERING_MARKER = "rendered.json"
TRAINED_SPLITS = ("train", "val")
Keep = Callable[[str, bytes], None]


@dataclass(frozen=True, kw_only=True)
class PreparationConfig:
    """How a data set is prepared.

    holdout_identities: training identities to hold out as split val, drawn with `seed`. unreadable:
    `refuse` or `skip` pictures that cannot be read. pass_gap: times further apart end a tracklet, in the
    data set's time unit; 0: one tracklet per identity, camera and session. validation_list: what to do
    with MSMT17's own validation pictures, `train` on them or keep them as `val`.
    """

    holdout_identities: int = 0
    unreadable: str = "refuse"
    pass_gap: int = 500
    validation_list: ValidationList = "train"
    seed: int = 0


def drop_unreadable(
    table: pd.DataFrame, root: Path, *, unreadable: str, threads: int, keep: Keep | None = None
) -> tuple[pd.DataFrame, dict[str, str], str]:
    """Decode every picture and refuse or skip those that cannot be read.

    Args:
        unreadable: `refuse` or `skip`.
        keep: given the path and bytes of every readable picture.

    Returns:
        The rows kept, the skipped pictures with what is wrong with each, and the pictures' digest.

    Raises:
        InputError: pictures are unreadable and `unreadable` is `refuse`.
    """
    problems, digest = check_pictures(root, _distinct(table["path"]), threads, keep=keep)
    if unreadable == "refuse":
        _refuse_unreadable(root, problems, "pictures", "repair or remove them, or set prepare.unreadable to skip")
    for path, problem in sorted(problems.items()):
        logger.warning("skipped %s: %s", path, problem)
    return table[~table["path"].isin(problems)].reset_index(drop=True), problems, digest


def digest_masks(
    table: pd.DataFrame, root: Path, *, threads: int, keep: Keep | None = None
) -> tuple[str | None, list[str]]:
    """Decode the part masks of the pictures trained on.

    Returns:
        The masks' digest, None where there are none or not every picture of train and val has one; and a
        warning in the latter case.

    Raises:
        InputError: masks are unreadable.
    """
    if not (root / MASKS_FOLDER).is_dir():
        return None, []
    paths = _mask_paths(table)
    if missing := [path for path in paths if not (root / path).is_file()]:
        return None, [
            f"{len(missing):,} of {len(paths):,} part masks are missing (first: {missing[0]}), so none of them is used"
        ]
    problems, digest = check_pictures(root, paths, threads, decode=decode_mask, keep=keep)
    _refuse_unreadable(root, problems, "part masks", f"repair them, or remove the folder {MASKS_FOLDER}")
    return digest, []


def _mask_paths(table: pd.DataFrame) -> list[str]:
    """Where the part masks of the pictures trained on lie if there are any."""
    return [mask_path(path) for path in _distinct(table.loc[table["split"].isin(TRAINED_SPLITS), "path"])]


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
    config: PreparationConfig,
    threads: int,
    pack: Path | None = None,
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Load and check a data set.

    Args:
        pack: where to put all pictures, and the part masks trained with, into one file.

    Returns:
        The manifest's rows and the content of dataset.json.

    Raises:
        InputError: the data set cannot be used; no pack is written then.
    """
    options = SourceOptions(manifest=source_manifest, validation_list=config.validation_list)
    source = find_format(source_format).load(root, options)
    check_manifest(source.table, root)
    if config.holdout_identities and (source.table["split"] == "val").any():
        raise InputError(f"{root}: has a split val of its own; set prepare.holdout_identities to 0")
    with _packing(pack, source.table, root) as keep:
        table, skipped, digest = drop_unreadable(
            source.table, root, unreadable=config.unreadable, threads=threads, keep=keep
        )
        missing = [split for split in ("train", "query", "gallery") if not (table["split"] == split).any()]
        if missing:
            raise InputError(f"{root}: no pictures for {', '.join(missing)}; a data set needs train, query and gallery")
        masks_digest, mask_warnings = digest_masks(table, root, threads=threads, keep=keep)
        if not source.own_tracklets:
            table = table.assign(tracklet=group_passes(table, config.pass_gap))
        rendered = (root / RENDERING_MARKER).is_file()
        warnings = [
            *find_warnings(table, count_pictures(table), source.expected, skipped),
            *mask_warnings,
            *source.remarks,
        ]
        if rendered and source.expected is not None:
            warnings.append("the pictures are rendered: results on them say nothing about the real data set")
        if config.holdout_identities:
            table = hold_out_identities(table, config.holdout_identities, config.seed)
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
        "skipped_files": sorted(skipped),
        "digest": hashlib.sha256(f"{digest}{masks_digest}".encode()).hexdigest() if masks_digest else digest,
    }
    return table, summary


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
def _packing(pack: Path | None, table: pd.DataFrame, root: Path) -> Iterator[Keep | None]:
    """What keeps the files' bytes: a pack that is written once the block ends without an error, or nothing."""
    if pack is None:
        yield None
        return
    # Masks are packed when those of all pictures that are not skipped are there, which shows only later.
    paths = [*_distinct(table["path"]), *_mask_paths(table)]
    with create_pack(pack, sum(_size(root / path) for path in paths)) as writer:
        yield writer.add


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _distinct(paths: pd.Series) -> list[str]:
    """Each path once: a query may stay in the gallery."""
    return list(dict.fromkeys(paths))


def _refuse_unreadable(root: Path, problems: Mapping[str, str], what: str, advice: str) -> None:
    if not problems:
        return
    for path, problem in sorted(problems.items()):
        logger.error("unreadable: %s: %s", path, problem)
    listed = "; ".join(f"{path} ({problem})" for path, problem in sorted(problems.items())[:SHOWN])
    more = f" and {len(problems) - SHOWN} more, all listed above" if len(problems) > SHOWN else ""
    raise InputError(f"{root}: {len(problems)} {what} cannot be read: {listed}{more}; {advice}")
