"""manifest.csv: one row per picture, in the same form for all data sets.

Columns: `path` relative to the data set's root (`/` between folders); `split` train, val, query or
gallery; `pid` identity (-1 junk, 0 distractor); `camid` as the data set numbers it; `session`: times
are comparable only within one session; `time` on that session's clock, empty if unknown; `tracklet`: pictures of
one pass of one person at one camera, empty if there is none. Other columns are ignored.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from streid.data.csv_tables import read_columns
from streid.data.picture_paths import LEADS_OUT, MUST_STAY, UNSAFE
from streid.data.protocol import refuse_nobody, refuse_tested
from streid.errors import InputError
from streid.files.atomic import atomic_output
from streid.files.checksums import digest_file
from streid.files.json_files import read_json
from streid.files.sightings import DISTRACTOR_PID, JUNK_PID, TIME_BOUND, UNKNOWN_TIME, Sightings

SPLITS = ("train", "val", "query", "gallery")
TRAINED_SPLITS = ("train", "val")
COLUMNS = ("path", "split", "pid", "camid", "session", "time", "tracklet")
OPTIONAL_VALUES = {"time": UNKNOWN_TIME, "tracklet": -1}
DIGEST_KEY = "manifest_sha256"
SMALLEST = {"pid": JUNK_PID, "camid": 0, "session": 0, "time": 0, "tracklet": 0}
HINTS = {
    "pid": "number the people from 1",
    "camid": "number the cameras",
    "session": "number the sessions, and write 0 if there is only one",
    "time": "count whole seconds, frames or milliseconds from a start that all cameras share, and leave it empty if it "
    "is not known",
    "tracklet": "number the tracklets, and leave it empty if there are none",
}
VALUES_OF_A_PICTURE = ("pid", "camid", "session", "time")


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Where a table's rows come from, for messages: the lines of a manifest, in order, or a data set's root."""

    path: str | os.PathLike[str]
    lines: bool = True

    def place(self, table: pd.DataFrame, *rows: int) -> str:
        """The name of rows in a message; rows are positions in `table`, whose index still numbers all rows read."""
        if self.lines:
            numbers = " and ".join(str(int(table.index[row]) + 2) for row in rows)
            return f"{self.path}, {'line' if len(rows) == 1 else 'lines'} {numbers}"
        names = dict.fromkeys(str(table["path"].iloc[row]) for row in rows)
        return f"{self.path}: {' and '.join(name if name.isprintable() else repr(name) for name in names)}"


def read_manifest(path: str | os.PathLike[str], summary: Mapping[str, Any] | None = None) -> pd.DataFrame:
    """Read and check a manifest.

    Args:
        summary: the content of the dataset.json made with it, which may hold the manifest's SHA-256.

    Returns:
        A frame of `COLUMNS`, the numbers as int64, unknown times and missing tracklets as -1, rows in
        the order of the file.

    Raises:
        InputError: the file is missing, not a CSV, lacks a column or has one twice, or a row cannot be used; the
            message names the first such line (the header is line 1). Or the file was not made with `summary`.
    """
    table = parse_manifest(path)
    if summary is not None and summary.get(DIGEST_KEY, digest := digest_file(Path(path))) != digest:
        raise InputError(
            f"{path}: not the file that was made with its dataset.json (damaged, or edited); run prepare_dataset "
            f"again, or remove {DIGEST_KEY!r} and 'sha256' from dataset.json if the edit is yours"
        )
    check_manifest(table, Origin(path=path))
    return table


def parse_manifest(path: str | os.PathLike[str]) -> pd.DataFrame:
    """A manifest's rows as `read_manifest` returns them, but only their numbers are checked.

    Raises:
        InputError: the file is missing, not a CSV, lacks a column or has one twice, or a cell is not a number.
    """
    try:
        table = read_columns(path, COLUMNS)
    except FileNotFoundError:
        raise InputError(f"{path}: no such manifest") from None
    if table.empty:
        raise InputError(f"{path}: holds no pictures")
    origin = Origin(path=path)
    for name, smallest in SMALLEST.items():
        table[name] = _integers(table, name, smallest, origin)
    otherwise = ~table["split"].isin(SPLITS)
    table.loc[otherwise, "split"] = table.loc[otherwise, "split"].str.strip().str.lower()
    return table


def read_prepared(
    manifest: str | os.PathLike[str], summary: str | os.PathLike[str]
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Read a manifest and the dataset.json made with it, and check that they belong together.

    Raises:
        InputError: as `read_manifest` and `read_json`.
    """
    content = read_json(summary)
    return read_manifest(manifest, content), content


def write_manifest(path: str | os.PathLike[str], table: pd.DataFrame) -> None:
    """Write a manifest atomically, rows sorted by split and path: the same pictures give the same bytes."""
    order = table.assign(split=pd.Categorical(table["split"], SPLITS, ordered=True))
    ordered = order.sort_values(["split", "path"], kind="stable")[list(COLUMNS)].astype({"split": str})
    for name, unknown in OPTIONAL_VALUES.items():
        ordered[name] = ordered[name].astype("Int64").mask(ordered[name] == unknown)
    with atomic_output(path) as partial:
        ordered.to_csv(partial, index=False, lineterminator="\n")


def check_manifest(table: pd.DataFrame, origin: Origin) -> None:
    """Refuse rows no stage could use.

    Raises:
        InputError: an unknown split; a number out of range; a path that is empty, absolute, leads out of the root, or
            holds a control character or bytes that are not UTF-8; a pid below 1 in train, val or query; rows that
            contradict each other; or identities both trained on and tested.
    """
    _refuse_rows(~table["split"].isin(SPLITS), table, "split", f"is not one of {', '.join(SPLITS)}", origin)
    outside = table["path"].str.contains(LEADS_OUT, regex=True)
    _refuse_rows(outside, table, "path", MUST_STAY, origin)
    unsafe = table["path"].str.contains(UNSAFE, regex=True)
    _refuse_rows(unsafe, table, "path", "holds a control character or is not UTF-8; rename the file", origin)
    for name, smallest in SMALLEST.items():
        low = OPTIONAL_VALUES.get(name, smallest)
        bad = (table[name] < low) | (table[name] >= TIME_BOUND)
        _refuse_rows(bad, table, name, f"is not a whole number from {smallest} and below 2^53", origin)
    people = np.flatnonzero(table["split"] != "gallery")
    refuse_nobody(table["pid"].to_numpy()[people], lambda row: origin.place(table, people[row]))
    if contradiction := find_contradiction(table, table["path"], origin):
        raise InputError(contradiction)
    trained = table["split"].isin(TRAINED_SPLITS)
    refuse_tested(table.loc[trained, "pid"].to_numpy(), table.loc[~trained, "pid"].to_numpy(), str(origin.path))


def find_contradiction(
    table: pd.DataFrame,
    file: pd.Series,
    origin: Origin,
    *,
    agreeing: Sequence[str] = (*VALUES_OF_A_PICTURE, "trained", "row"),
    same: str = "the same file as",
) -> str | None:
    """The first row that contradicts an earlier one of the same picture, in one line; None if there is none.

    Rows of one file must agree in their values, may not be both trained on and tested, and may not be repeated in a
    split. A query may also be in the gallery, as in MARS.

    Args:
        file: the file of each row: its path, or a number that all paths of one file share.
        agreeing: what must agree: columns, `trained` (not both trained on and tested), `row` (only once in a split).
        same: how the message says that two paths have one file.
    """
    several = np.flatnonzero(file.duplicated(keep=False))
    rows = table.iloc[several].set_axis(several).assign(row=several, file=file.iloc[several].to_numpy())
    rows["trained"] = rows["split"].isin(TRAINED_SPLITS)
    first = rows.groupby("file")["row"].transform("first")
    first_of_split = rows.groupby(["split", "file"])["row"].transform("first")
    for name in agreeing:
        before = first_of_split if name == "row" else first
        wrong = rows[name].to_numpy() != rows.loc[before, name].to_numpy()
        if wrong.any():
            other = rows.iloc[int(np.argmax(wrong))]
            one = rows.loc[before[other["row"]]]
            twin = "" if one["path"] == other["path"] else f" ({same} {one['path']})"
            return (
                f"{origin.place(table, int(one['row']), int(other['row']))}: {other['path']}{twin} is listed "
                f"{_contradiction(name, one, other)} ({int(wrong.sum())} such rows)"
            )
    return None


def _contradiction(name: str, one: pd.Series, other: pd.Series) -> str:
    if name == "row":
        return f"twice in split {other['split']}; remove a row"
    if name == "trained":
        return f"in {one['split']} and {other['split']}; a picture is either trained on or tested"
    values = ["none" if name == "time" and row[name] == UNKNOWN_TIME else str(row[name]) for row in (one, other)]
    return f"with {name} {values[0]} and {values[1]}; keep the correct row"


def sightings(table: pd.DataFrame) -> Sightings:
    """Identity, camera, session and time of a manifest's rows, in their order."""
    columns = {f"{name}_N": table[name].to_numpy(np.int64) for name in ("pid", "camid", "session", "time")}
    return Sightings(**columns, path_N=table["path"].to_numpy(object))


def evaluated(pid: pd.Series) -> pd.Series:
    """True where a row shows a person who is evaluated: neither junk nor a distractor."""
    return pid > DISTRACTOR_PID


def _integers(table: pd.DataFrame, name: str, smallest: int, origin: Origin) -> pd.Series:
    column = table[name]
    filled = column.where(column != "", str(OPTIONAL_VALUES[name])) if name in OPTIONAL_VALUES else column
    numbers = pd.to_numeric(filled, errors="coerce")
    given = column != "" if name in OPTIONAL_VALUES else pd.Series(True, index=column.index)
    bad = numbers.isna() | (numbers % 1 != 0) | (given & (numbers < smallest)) | (numbers.abs() >= TIME_BOUND)
    _refuse_rows(bad, table, name, f"is not a whole number from {smallest}; {HINTS[name]}", origin)
    return numbers.astype(np.int64)


def _refuse_rows(bad: pd.Series, table: pd.DataFrame, name: str, problem: str, origin: Origin) -> None:
    if bad.any():
        row = int(np.flatnonzero(bad.to_numpy())[0])
        value = table[name].iloc[row]
        shown = repr(value) if isinstance(value, str) else str(value)
        raise InputError(f"{origin.place(table, row)}: {name} {shown} {problem} ({int(bad.sum())} such rows)")
