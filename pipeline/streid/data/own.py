"""A data set of one's own: the pictures below a folder, and a manifest of one's own making that tells of them."""

from pathlib import Path

from streid.data.manifest import read_manifest
from streid.data.sources import SourceDataset, SourceFormat
from streid.errors import InputError


def load_own(root: Path, manifest: Path | None) -> SourceDataset:
    """Read the user's manifest.

    Args:
        root: the folder where the manifest's paths start.
        manifest: the manifest.

    Returns:
        Its rows as they are; there are no official counts.

    Raises:
        InputError: no manifest is given, or it or the folder is missing or cannot be used.
    """
    if manifest is None:
        raise InputError("a data set of format manifest needs its manifest's path (--source-manifest)")
    if not root.is_dir():
        raise InputError(f"{root}: no such folder; it is where the paths of {manifest} start")
    table = read_manifest(manifest)
    return SourceDataset(table=table, expected=None, own_tracklets=bool((table["tracklet"] >= 0).any()))


OWN = SourceFormat(
    load=lambda root, options: load_own(root, options.manifest),
)
