"""Reading CSV files as spreadsheets and people write them.

Columns may be separated by commas, semicolons, tabs or bars, and their names may have capitals or spaces (`Cam ID`).
The text may be UTF-8 or, with a byte order mark, UTF-16.
"""

import codecs
import csv
import os
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from streid.errors import InputError

DELIMITERS = (",", ";", "\t", "|")
SHOWN = 10


def read_columns(path: str | os.PathLike[str], columns: Sequence[str]) -> pd.DataFrame:
    """The named columns of a CSV file, as text, in the order of `columns`; other columns are left out.

    Returns:
        A row for each line below the header, so row r is line r + 2; blank lines at the end are left out.

    Raises:
        FileNotFoundError: there is no such file.
        InputError: it is not text in UTF-8 or UTF-16, not a table, or its header lacks a column or has one twice.
    """
    with Path(path).open("rb") as handle:
        marked = handle.read(2) in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
    encoding = "utf-16" if marked else "utf-8-sig"
    try:
        with Path(path).open(encoding=encoding, newline="") as handle:
            first = handle.readline()
        delimiter, places = _find_columns(first, columns, path)
        table = pd.read_csv(path, sep=delimiter, dtype=str, na_filter=False, encoding=encoding, skip_blank_lines=False)
    except UnicodeError as error:
        raise InputError(f"{path}{_line_of(path, error)}: not UTF-8 text; save the file as 'CSV UTF-8'") from None
    except (csv.Error, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise InputError(f"{path}: not a CSV file ({error})") from None
    if not isinstance(table.index, pd.RangeIndex):
        raise InputError(f"{path}, line 2: has more values than the header has columns")
    written = np.flatnonzero((table != "").any(axis=1))
    table = table.iloc[: written.max(initial=-1) + 1, places]
    table.columns = pd.Index(columns)
    return table.copy()


def _find_columns(first: str, columns: Sequence[str], path: str | os.PathLike[str]) -> tuple[str, list[int]]:
    """The delimiter of a header, and the positions of the wanted columns in it."""
    headers = {delimiter: next(csv.reader([first], delimiter=delimiter), []) for delimiter in DELIMITERS}
    found = {delimiter: [_places(header, name) for name in columns] for delimiter, header in headers.items()}
    delimiter = max(DELIMITERS, key=lambda each: sum(map(bool, found[each])))
    missing = [name for name, places in zip(columns, found[delimiter], strict=True) if not places]
    if missing:
        seen = ", ".join(repr(name) for name in headers[delimiter][:SHOWN])
        raise InputError(
            f"{path}: missing columns {', '.join(missing)}; the first line must name {', '.join(columns)}, but it has "
            f"{seen or 'nothing'}"
        )
    twice = [name for name, places in zip(columns, found[delimiter], strict=True) if len(places) > 1]
    if twice:
        raise InputError(f"{path}: has the column {twice[0]} twice; remove one")
    return delimiter, [place for (place,) in found[delimiter]]


def _places(header: Sequence[str], name: str) -> list[int]:
    """The positions of a column in a header: by its exact name, else by the name with capitals, spaces, - or _."""
    exact = [place for place, cell in enumerate(header) if cell == name]
    return exact or [place for place, cell in enumerate(header) if re.sub(r"[\s_-]", "", cell).lower() == name]


def _line_of(path: str | os.PathLike[str], error: UnicodeError) -> str:
    """The first line that is not UTF-8, as `, line 3`; empty for a file in UTF-16."""
    if isinstance(error, UnicodeDecodeError) and error.encoding == "utf-8":
        for number, line in enumerate(Path(path).read_bytes().split(b"\n"), start=1):
            try:
                line.decode()
            except UnicodeDecodeError:
                return f", line {number}"
    return ""
