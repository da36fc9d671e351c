"""manifest.csv: one row per picture, the form every data set is brought into.

Columns: `path` relative to the data set's root (`/` between folders); `split` train, val, query or
gallery; `pid` identity (-1 junk, 0 distractor); `camid` as the data set numbers it; `session`: times
compare only within one session; `time` on that session's clock, empty when unknown; `tracklet`:
pictures of one pass of one person before one camera, empty when there is none. Further columns are left out.
"""

import csv
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from streid.errors import InputError
from streid.files.atomic import atomic_output
from streid.files.checksums import digest_file
from streid.files.json_files import read_json
from streid.files.sightings import DISTRACTOR_PID, JUNK_PID, TIME_BOUND, UNKNOWN_TIME, Sightings

SPLITS = ("train", "val", "query", "gallery")
COLUMNS = ("path", "split", "pid", "camid", "session", "time", "tracklet")
OPTIONAL_VALUES = {"time": UNKNOWN_TIME, "tracklet": -1}
# Control characters, and what stands for bytes that are not UTF-8: neither a CSV file nor a log can hold them safely.
UNSAFE = r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]"
LEADS_OUT = r"^$|^/|(?:^|/)\.\.(?:/|$)"
DIGEST_KEY = "manifest_sha256"
SMALLEST = {"pid": JUNK_PID, "camid": 0, "session": 0, "time": 0, "tracklet": 0}


def read_manifest(path: str | os.PathLike[str], summary: Mapping[str, Any] | None = None) -> pd.DataFrame:
    """Read and check a manifest.

    Args:
        summary: the content of the dataset.json made with it, which may hold the manifest's SHA-256.

    Returns:
        A frame of `COLUMNS`, the numbers as int64, unknown times and missing tracklets as -1, rows in
        the order of the file.

    Raises:
        InputError: the file is missing, not UTF-8 CSV, lacks a column or has one twice, or a row cannot be used;
            the message names the first such line (the header is line 1). Or it is not the one made with `summary`.
    """
    try:
        if summary is not None and summary.get(DIGEST_KEY, digest := digest_file(Path(path))) != digest:
            raise InputError(
                f"{path}: other bytes than were made with its dataset.json (damaged, or edited); run prepare_dataset "
                f"again, or remove {DIGEST_KEY!r} and 'sha256' from dataset.json if the edit is yours"
            )
        _check_header(path)
        table = pd.read_csv(path, dtype=str, na_filter=False, encoding="utf-8-sig", skip_blank_lines=False)
    except FileNotFoundError:
        raise InputError(f"{path}: no such manifest") from None
    except (csv.Error, pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: not a UTF-8 CSV file ({error})") from None
    if not isinstance(table.index, pd.RangeIndex):
        raise InputError(f"{path}, line 2: has more values than the header has columns")
    written = np.flatnonzero((table != "").any(axis=1))  # blank lines at the end do no harm
    table = table.iloc[: written.max(initial=-1) + 1][list(COLUMNS)].copy()
    if table.empty:
        raise InputError(f"{path}: holds no pictures")
    for name, smallest in SMALLEST.items():
        table[name] = _integers(table[name], name, smallest, path)
    check_manifest(table, path)
    return table


def _check_header(path: str | os.PathLike[str]) -> None:
    with open(path, encoding="utf-8-sig", newline="") as handle:  # noqa: PTH123 - a text path may be given
        header = next(csv.reader(handle), [])
    missing = [name for name in COLUMNS if name not in header]
    if missing:
        raise InputError(f"{path}: missing columns {', '.join(missing)}; a manifest has {', '.join(COLUMNS)}")
    twice = [name for name in COLUMNS if header.count(name) > 1]
    if twice:
        raise InputError(f"{path}: has the column {twice[0]} twice; remove one")


def read_prepared(
    manifest: str | os.PathLike[str], summary: str | os.PathLike[str]
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Read a manifest and the dataset.json made with it, and check the one by the other.

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


def check_manifest(table: pd.DataFrame, where: str | os.PathLike[str]) -> None:
    """Refuse rows no stage could use.

    Raises:
        InputError: an unknown split, a number out of range, a path that is empty, absolute, leads out of the
            root or holds a control character or bytes that are not UTF-8, a picture twice in one split, a training
            identity below 1, or identities both trained on and tested.
    """
    _refuse_rows(~table["split"].isin(SPLITS), table["split"], f"split is not one of {', '.join(SPLITS)}", where)
    outside = table["path"].str.contains(LEADS_OUT, regex=True)
    _refuse_rows(outside, table["path"], "path must be relative and stay inside the data set's root", where)
    unsafe = table["path"].str.contains(UNSAFE, regex=True)
    _refuse_rows(unsafe, table["path"], "path holds a control character or is not UTF-8; rename the file", where)
    twice = table.duplicated(["split", "path"])
    _refuse_rows(twice, table["path"], "picture is listed twice in its split", where)
    for name, smallest in SMALLEST.items():
        low = OPTIONAL_VALUES.get(name, smallest)
        bad = (table[name] < low) | (table[name] >= TIME_BOUND)
        _refuse_rows(bad, table[name], f"{name} is not an integer of at least {smallest} and below 2^53", where)
    trained = table["split"].isin(("train", "val"))
    _refuse_rows(trained & (table["pid"] < 1), table["pid"], "identities of train and val start at 1", where)
    leaked = np.intersect1d(table.loc[trained, "pid"], table.loc[~trained, "pid"])
    if len(leaked):
        raise InputError(
            f"{where}: {len(leaked)} identities are both in train/val and in query/gallery (first: {leaked[0]}); "
            "a test identity must not be trained on"
        )


def sightings(table: pd.DataFrame) -> Sightings:
    """The who, where and when of a manifest's rows, in their order."""
    columns = {f"{name}_N": table[name].to_numpy(np.int64) for name in ("pid", "camid", "session", "time")}
    return Sightings(**columns, path_N=table["path"].to_numpy(object))


def evaluated(pid: pd.Series) -> pd.Series:
    """True where a row is a person to be found: neither junk nor a distractor."""
    return pid > DISTRACTOR_PID


def _integers(column: pd.Series, name: str, smallest: int, where: str | os.PathLike[str]) -> pd.Series:
    filled = column.where(column != "", str(OPTIONAL_VALUES[name])) if name in OPTIONAL_VALUES else column
    numbers = pd.to_numeric(filled, errors="coerce")
    given = column != "" if name in OPTIONAL_VALUES else pd.Series(True, index=column.index)
    bad = numbers.isna() | (numbers % 1 != 0) | (given & (numbers < smallest)) | (numbers.abs() >= TIME_BOUND)
    _refuse_rows(bad, column, f"{name} is not an integer of at least {smallest}", where)
    return numbers.astype(np.int64)


def _refuse_rows(bad: pd.Series, values: pd.Series, problem: str, where: str | os.PathLike[str]) -> None:
    if bad.any():
        row = int(np.flatnonzero(bad.to_numpy())[0])
        raise InputError(f"{where}, line {row + 2}: {problem}: {values.iloc[row]!r} ({int(bad.sum())} such rows)")
