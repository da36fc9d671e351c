"""Pictures in a folder, of which nothing is known: a gallery to be searched, without a manifest."""

import hashlib
from pathlib import Path
from typing import Any

import pandas as pd

from streid.data.manifest import COLUMNS, Origin, check_manifest
from streid.data.picture_paths import ENDINGS
from streid.errors import InputError
from streid.files.sightings import DISTRACTOR_PID, UNKNOWN_TIME

FOUND = {"split": "gallery", "pid": DISTRACTOR_PID, "camid": 0, "session": 0, "time": UNKNOWN_TIME, "tracklet": -1}


def read_folder(root: Path) -> tuple[pd.DataFrame, dict[str, Any]]:
    """The pictures in a folder and those within, by their endings, sorted; what begins with a dot is left out.

    Returns:
        What `read_prepared` gives for a data set: a table in which each is a gallery picture of a person not known,
        and a summary with the folder's name as that of the data set.

    Raises:
        InputError: there is no such folder, it holds no pictures, or a name cannot be used.
    """
    if not root.is_dir():
        raise InputError(f"{root}: no such folder")
    files = [path.relative_to(root) for path in root.rglob("*") if path.suffix.lower() in ENDINGS and path.is_file()]
    paths = sorted(path.as_posix() for path in files if not any(part.startswith(".") for part in path.parts))
    if not paths:
        raise InputError(f"{root}: holds no pictures ({', '.join(ENDINGS)})")
    table = pd.DataFrame({"path": paths, **FOUND})[list(COLUMNS)]
    check_manifest(table, Origin(path=root, lines=False))
    return table, {"dataset": root.resolve().name or "pictures"}


def describe_folder(root: Path, table: pd.DataFrame) -> str:
    """SHA-256 over the pictures' paths, sizes and times of change: another one where a picture was changed."""
    digest = hashlib.sha256()
    for path in table["path"]:
        status = (root / path).stat()
        digest.update(f"{path}\0{status.st_size}\0{status.st_mtime_ns}\n".encode())
    return digest.hexdigest()
