"""The part masks of the pictures trained on; they are used if every such picture has one."""

from pathlib import Path

import pandas as pd

from streid.data.images import decode_mask
from streid.data.manifest import TRAINED_SPLITS
from streid.data.picture_files import Keep, check_pictures
from streid.data.picture_paths import ENDINGS, MASKS_FOLDER, mask_path, picture_file


def mask_paths(table: pd.DataFrame) -> list[str]:
    """The paths that the part masks of the pictures trained on would have."""
    return [mask_path(path) for path in dict.fromkeys(table.loc[table["split"].isin(TRAINED_SPLITS), "path"])]


def digest_masks(
    table: pd.DataFrame, root: Path, *, threads: int, keep: Keep | None = None
) -> tuple[str | None, list[str]]:
    """Decode the part masks of the pictures trained on.

    Returns:
        The masks' digest, None if there are none or some picture of train and val has none; and a warning in the
        latter case.

    Raises:
        InputError: masks are unreadable.
    """
    if not (root / MASKS_FOLDER).is_dir():
        return None, []
    paths = mask_paths(table)
    if missing := [path for path in paths if not picture_file(root, path).is_file()]:
        first = f"{missing[0]}{_other_ending(root, missing)}"
        return None, [f"{len(missing):,} of {len(paths):,} part masks are missing (first: {first}), so none is used"]
    if (shared := pd.Series(paths)[lambda path: path.duplicated()]).size:
        return None, [f"several pictures have one part mask ({shared.iloc[0]}), so none is used; rename the pictures"]
    checked = check_pictures(root, paths, threads, decode=decode_mask, keep=keep)
    checked.refuse_unreadable(root, "part masks", f"repair them, or remove the folder {MASKS_FOLDER}")
    return checked.digest, []


def _other_ending(root: Path, missing: list[str]) -> str:
    """A remark if the first of the missing masks exists with another ending; else empty."""
    mask = picture_file(root, missing[0])
    named = [mask.with_suffix(written) for ending in ENDINGS for written in (ending, ending.upper())]
    return next((f"; {file.name} exists, but masks must end with .png" for file in named if file.is_file()), "")
