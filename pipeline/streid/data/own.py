"""The user's own data set: pictures in a folder, and a manifest that lists them."""

import logging
import os
import unicodedata
from pathlib import Path

import pandas as pd

from streid.data.manifest import parse_manifest
from streid.data.sources import SourceDataset, SourceFormat
from streid.errors import InputError

logger = logging.getLogger(__name__)

# A path that may be spelled differently on the disk: \ for /, letters of two characters, spaces around, ./ or //.
DOUBTFUL = r"[^\x00-\x7f]|\\|^\s|\s$|^\./|//|/\./"


def load_own(root: Path, manifest: Path | None) -> SourceDataset:
    """Read the user's manifest.

    Args:
        root: the folder where the manifest's paths start.
        manifest: the manifest.

    Returns:
        Its rows, with the paths as they are on the disk; there are no official counts.

    Raises:
        InputError: no manifest is given, or it or the folder is missing or cannot be used.
    """
    if manifest is None:
        raise InputError("a data set of format manifest needs its manifest's path (--source-manifest)")
    if not root.is_dir():
        raise InputError(f"{root}: no such folder; it is where the paths of {manifest} start")
    table = parse_manifest(manifest)
    table["path"] = _as_on_disk(table["path"], root)
    own_tracklets = bool((table["tracklet"] >= 0).any())
    return SourceDataset(table=table, expected=None, manifest=manifest, own_tracklets=own_tracklets)


def _as_on_disk(paths: pd.Series, root: Path) -> pd.Series:
    """The paths; a path that names a file only in another spelling gets the spelling on the disk.

    Windows writes \\ for /, and macOS writes an accented letter as two characters where others use one.
    """
    doubtful = paths[paths.str.contains(DOUBTFUL, regex=True)]
    found = doubtful.map(lambda path: _spelled_on_disk(path, root))
    changed = found[found != doubtful]
    if len(changed):
        first = changed.index[0]
        logger.info(
            "%d paths are spelled differently on the disk, and that spelling is used (first: %r is %r)",
            *(len(changed), paths[first], changed[first]),
        )
    return paths.mask(paths.index.isin(changed.index), changed.reindex(paths.index))


def _spelled_on_disk(path: str, root: Path) -> str:
    for spelled in dict.fromkeys((path, path.replace("\\", "/"), path.replace("\\", "/").strip())):
        if not spelled.startswith("/") and (names := _find_names(spelled.split("/"), root)):
            return "/".join(names)
    return path


def _find_names(parts: list[str], root: Path) -> list[str] | None:
    """A path as its folders and file are spelled on the disk; None if one does not exist, or one is `..`."""
    names: list[str] = []
    for part in parts:
        if part in ("", "."):
            continue
        forms = dict.fromkeys((part, unicodedata.normalize("NFC", part), unicodedata.normalize("NFD", part)))
        existing = [form for form in forms if part != ".." and os.path.lexists(root.joinpath(*names, form))]
        if not existing:
            return None
        names.append(existing[0])
    return names


OWN = SourceFormat(
    load=lambda root, options: load_own(root, options.manifest),
)
