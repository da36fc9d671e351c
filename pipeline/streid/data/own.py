"""A data set of one's own: the pictures below a folder, and a manifest of one's own making that tells of them."""

import logging
import os
import unicodedata
from pathlib import Path

import pandas as pd

from streid.data.manifest import parse_manifest
from streid.data.sources import SourceDataset, SourceFormat
from streid.errors import InputError

logger = logging.getLogger(__name__)

# A path that may be called otherwise on the disk: \ for /, letters made of two characters, spaces around, ./ or //.
DOUBTFUL = r"[^\x00-\x7f]|\\|^\s|\s$|^\./|//|/\./"


def load_own(root: Path, manifest: Path | None) -> SourceDataset:
    """Read the user's manifest.

    Args:
        root: the folder where the manifest's paths start.
        manifest: the manifest.

    Returns:
        Its rows, with the paths as the files are called; there are no official counts.

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
    """The paths, those that name a file only when spelled otherwise as the file is called.

    Windows writes \\ for /, macOS an accented letter as two characters where others write one.
    """
    doubtful = paths[paths.str.contains(DOUBTFUL, regex=True)]
    found = doubtful.map(lambda path: _find(path, root))
    changed = found[found != doubtful]
    if len(changed):
        first = changed.index[0]
        logger.info(
            "%d paths are called otherwise on the disk and written so (first: %r is %r)",
            *(len(changed), paths[first], changed[first]),
        )
    return paths.mask(paths.index.isin(changed.index), changed.reindex(paths.index))


def _find(path: str, root: Path) -> str:
    for spelled in dict.fromkeys((path, path.replace("\\", "/"), path.replace("\\", "/").strip())):
        if not spelled.startswith("/") and (names := _find_names(spelled.split("/"), root)):
            return "/".join(names)
    return path


def _find_names(parts: list[str], root: Path) -> list[str] | None:
    """What the folders and the file of a path are called; None where one is not there, or `..` is among them."""
    names: list[str] = []
    for part in parts:
        if part in ("", "."):
            continue
        forms = dict.fromkeys((part, unicodedata.normalize("NFC", part), unicodedata.normalize("NFD", part)))
        there = [form for form in forms if part != ".." and os.path.lexists(root.joinpath(*names, form))]
        if not there:
            return None
        names.append(there[0])
    return names


OWN = SourceFormat(
    load=lambda root, options: load_own(root, options.manifest),
)
