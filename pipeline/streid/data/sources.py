"""What every data set's loader gives, and listing a data set's folders."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pandas as pd

from streid.errors import InputError

ExpectedCounts = Mapping[str, Mapping[str, int]]
# What to do with MSMT17's own validation pictures.
ValidationList = Literal["train", "val"]
Row = tuple[str, str, int, int, int, int, int]
ROW_FIELDS = ("path", "split", "pid", "camid", "session", "time", "tracklet")


@dataclass(frozen=True, kw_only=True, eq=False)
class SourceDataset:
    """A data set as its files say.

    table: the manifest's rows. expected: its official counts, None where there are none. own_tracklets:
    whether `table` groups the pictures into the data set's own tracklets. unit: what the data set's
    protocol evaluates. remarks: what a user should know, one sentence each.
    """

    table: pd.DataFrame
    expected: ExpectedCounts | None
    own_tracklets: bool = False
    unit: Literal["picture", "tracklet"] = "picture"
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class SourceOptions:
    """What the user may say of a data set beside where it lies.

    manifest: the user's own, for the format `manifest`. validation_list: see MSMT17's module.
    """

    manifest: Path | None = None
    validation_list: ValidationList = "train"


@dataclass(frozen=True, kw_only=True)
class PublishedResult:
    """One method's result as its authors report it; rank-1 and mAP in percent, None where not given."""

    method: str
    rank1: float | None
    mean_ap: float | None
    source: str


@dataclass(frozen=True, kw_only=True)
class SourceFormat:
    """One format of data sets, told by its module.

    load: reads a data set from its root. published: what others report on it; shown beside the measured figures, never
    mixed with them.
    """

    load: Callable[[Path, SourceOptions], SourceDataset]
    published: tuple[PublishedResult, ...] = ()


def make_table(rows: Iterable[Row]) -> pd.DataFrame:
    """Rows of path, split, pid, camid, session, time and tracklet as a manifest's table."""
    return pd.DataFrame(rows, columns=list(ROW_FIELDS))


def list_pictures(root: Path, folder: str, where_to_get: str) -> list[str]:
    """The sorted names of a folder's .jpg files, those that start with a dot left out.

    Raises:
        InputError: the folder is missing or holds none.
    """
    check_folder(root, folder, where_to_get)
    names = sorted(
        entry.name for entry in (root / folder).iterdir() if entry.name.endswith(".jpg") and entry.name[0] != "."
    )
    if not names:
        raise InputError(f"{root / folder}: holds no .jpg pictures. {where_to_get}")
    return names


def list_folders(root: Path, folder: str, where_to_get: str) -> list[str]:
    """The sorted names of a folder's folders, those that start with a dot left out.

    Raises:
        InputError: the folder is missing or holds none.
    """
    check_folder(root, folder, where_to_get)
    names = sorted(entry.name for entry in (root / folder).iterdir() if entry.is_dir() and entry.name[0] != ".")
    if not names:
        raise InputError(f"{root / folder}: holds no folders. {where_to_get}")
    return names


def check_folder(root: Path, folder: str, where_to_get: str) -> None:
    """Refuse a data set without one of its folders.

    Raises:
        InputError: the root or the folder in it is missing.
    """
    if not root.is_dir():
        raise InputError(f"{root}: no such data set. {where_to_get}")
    if not (root / folder).is_dir():
        raise InputError(f"{root / folder}: no such folder. {where_to_get}")


def read_list(path: Path, where_to_get: str) -> list[str]:
    """The lines of a data set's list file, blank ones left out.

    Raises:
        InputError: the file is missing, empty or not UTF-8 text.
    """
    try:
        lines = [line.strip() for line in path.read_text(encoding="utf-8").splitlines()]
    except FileNotFoundError:
        raise InputError(f"{path}: no such file. {where_to_get}") from None
    except UnicodeDecodeError:
        raise InputError(f"{path}: not UTF-8 text. {where_to_get}") from None
    kept = [line for line in lines if line]
    if not kept:
        raise InputError(f"{path}: is empty. {where_to_get}")
    return kept
