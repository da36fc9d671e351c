"""The part masks of the pictures trained on: used where every such picture has one."""

from pathlib import Path

import pandas as pd

from streid.data.images import decode_mask
from streid.data.manifest import TRAINED_SPLITS
from streid.data.picture_files import Keep, check_pictures
from streid.data.picture_paths import ENDINGS, MASKS_FOLDER, mask_path, picture_file


def mask_paths(table: pd.DataFrame) -> list[str]:
    """Where the part masks of the pictures trained on lie if there are any."""
    return [mask_path(path) for path in dict.fromkeys(table.loc[table["split"].isin(TRAINED_SPLITS), "path"])]


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
    paths = mask_paths(table)
    if missing := [path for path in paths if not picture_file(root, path).is_file()]:
        first = f"{missing[0]}{_other_ending(root, missing)}"
        return None, [
            f"{len(missing):,} of {len(paths):,} part masks are missing (first: {first}), so none of them is used"
        ]
    if (shared := pd.Series(paths)[lambda path: path.duplicated()]).size:
        return None, [f"several pictures have one part mask ({shared.iloc[0]}), so none is used; rename the pictures"]
    checked = check_pictures(root, paths, threads, decode=decode_mask, keep=keep)
    checked.refuse_unreadable(root, "part masks", f"repair them, or remove the folder {MASKS_FOLDER}")
    return checked.digest, []


def _other_ending(root: Path, missing: list[str]) -> str:
    """What to say where the first of the missing masks is there with another ending."""
    mask = picture_file(root, missing[0])
    named = [mask.with_suffix(written) for ending in ENDINGS for written in (ending, ending.upper())]
    return next((f"; {file.name} is there, but a mask ends with .png" for file in named if file.is_file()), "")
