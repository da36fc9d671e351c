"""The result of every data set's loader, and reading a data set's folders."""

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal

import pandas as pd

from streid.data.picture_paths import ENDINGS, OTHER_ENDINGS
from streid.errors import InputError

ExpectedCounts = Mapping[str, Mapping[str, int]]
# What to do with MSMT17's own validation pictures.
ValidationList = Literal["train", "val"]
Row = tuple[str, str, int, int, int, int, int]
ROW_FIELDS = ("path", "split", "pid", "camid", "session", "time", "tracklet")
# Files that Windows, macOS and network drives put into folders; names that start with a dot are ignored too.
OF_THE_SYSTEM = ("thumbs.db", "ehthumbs.db", "desktop.ini", "@eadir", "__macosx")


@dataclass(frozen=True, kw_only=True, eq=False)
class SourceDataset:
    """A data set as read from its files.

    table: the manifest's rows. expected: its official counts, None if there are none. manifest: the user's own, if
    the rows are its lines, in order. own_tracklets: whether `table` groups the pictures into the data set's own
    tracklets. unit: what the data set's protocol evaluates. remarks: sentences for the user.
    """

    table: pd.DataFrame
    expected: ExpectedCounts | None
    manifest: Path | None = None
    own_tracklets: bool = False
    unit: Literal["picture", "tracklet"] = "picture"
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class SourceOptions:
    """The user's settings for a data set, besides its root.

    manifest: the user's own, for the format `manifest`. validation_list: see MSMT17's module.
    """

    manifest: Path | None = None
    validation_list: ValidationList = "train"


@dataclass(frozen=True, kw_only=True)
class SourceFormat:
    """The reader of a format: `load` reads a data set from its root."""

    load: Callable[[Path, SourceOptions], SourceDataset]


def make_table(rows: Iterable[Row]) -> pd.DataFrame:
    """Rows of path, split, pid, camid, session, time and tracklet as a manifest's table."""
    return pd.DataFrame(rows, columns=list(ROW_FIELDS))


@contextlib.contextmanager
def misnamed_in(folder: Path) -> Iterator[None]:
    """Add the folder, and what to do, to the error about a picture's name."""
    try:
        yield
    except InputError as error:
        raise InputError(f"{folder}: {error}; rename or remove the file") from None


class SourceTree:
    """A data set's folders and lists; counts the entries of the folders read that are not pictures.

    Args:
        root: the data set's root.
        where_to_get: where to get the data set, or its layout, for messages about missing files.
    """

    def __init__(self, root: Path, where_to_get: str) -> None:
        self.root, self._where_to_get = root, where_to_get
        self._left_out: list[str] = []

    def check(self, folder: str) -> None:
        """Refuse a data set without one of its folders.

        Raises:
            InputError: the root or the folder in it is missing.
        """
        if not self.root.is_dir():
            raise InputError(f"{self.root}: no such data set. {self._where_to_get}")
        if not (self.root / folder).is_dir():
            raise InputError(f"{self.root / folder}: no such folder. {self._where_to_get}")

    def pictures(self, folder: str) -> list[str]:
        """The sorted names of a folder's pictures: files with one of `ENDINGS`, in capitals or not.

        Raises:
            InputError: the folder is missing or has no pictures, a picture of a kind that is not read, or two files
                that differ only in the ending.
        """
        names = self._sort(folder, lambda entry: entry.name.lower().endswith(ENDINGS) and not entry.is_dir())
        if not names:
            raise InputError(f"{self.root / folder}: holds no pictures. {self._where_to_get}")
        stems: dict[str, str] = {}
        for name in names:
            twin = stems.setdefault(PurePosixPath(name).stem, name)
            if twin != name:
                raise InputError(
                    f"{self.root / folder}: {twin} and {name} differ only in the ending; keep one of them there"
                )
        return names

    def folders(self, folder: str) -> list[str]:
        """The sorted names of a folder's folders.

        Raises:
            InputError: the folder is missing or holds none.
        """
        names = self._sort(folder, os.DirEntry.is_dir)
        if not names:
            raise InputError(f"{self.root / folder}: holds no folders. {self._where_to_get}")
        return names

    def lines(self, name: str) -> list[str]:
        """The lines of one of the data set's list files, blank ones left out.

        Raises:
            InputError: the file is missing, empty or not UTF-8 text.
        """
        path = self.root / name
        try:
            lines = [line.strip() for line in path.read_text(encoding="utf-8").splitlines()]
        except FileNotFoundError:
            raise InputError(f"{path}: no such file. {self._where_to_get}") from None
        except UnicodeDecodeError:
            raise InputError(f"{path}: not UTF-8 text. {self._where_to_get}") from None
        kept = [line for line in lines if line]
        if not kept:
            raise InputError(f"{path}: is empty. {self._where_to_get}")
        return kept

    def remarks(self) -> tuple[str, ...]:
        """A sentence about the files in the folders that were left out, if there are any."""
        if not self._left_out:
            return ()
        return (
            f"{len(self._left_out):,} files or folders that are not pictures were left out (first: "
            f"{self._left_out[0]})",
        )

    def _sort(self, folder: str, wanted: Callable[[os.DirEntry[str]], bool]) -> list[str]:
        """The names of the entries that are wanted; the others are counted, except files of the system."""
        self.check(folder)
        names = []
        with os.scandir(self.root / folder) as found:
            entries = sorted(found, key=lambda entry: entry.name)
        for entry in entries:
            if entry.name.startswith(".") or entry.name.lower() in OF_THE_SYSTEM:
                continue
            if wanted(entry):
                names.append(entry.name)
            elif entry.name.lower().endswith(OTHER_ENDINGS):
                raise InputError(
                    f"{entry.path}: a kind of picture that is not read (only {', '.join(ENDINGS)} are); convert it, "
                    "or move it out of the data set"
                )
            else:
                self._left_out.append(f"{folder}/{entry.name}")
        return names
