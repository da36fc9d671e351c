"""Where the part masks of a data set's pictures lie."""

from pathlib import PurePosixPath

MASKS_FOLDER = "masks"


def mask_path(path: str) -> str:
    """Where the part mask of a picture lies, relative to the data set's root."""
    return str(PurePosixPath(MASKS_FOLDER, path).with_suffix(".png"))
