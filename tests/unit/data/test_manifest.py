"""The manifest: the same rows give the same bytes, and what cannot be used is named by its line."""

from pathlib import Path

import pandas as pd
import pytest

from streid.data.manifest import (
    COLUMNS,
    DIGEST_KEY,
    check_manifest,
    read_manifest,
    read_prepared,
    sightings,
    write_manifest,
)
from streid.errors import InputError
from streid.files.checksums import digest_file
from streid.files.json_files import write_json

HEADER = ",".join(COLUMNS)
ROWS = ["t/a.jpg,train,1,1,0,5,", "q/a.jpg,query,2,1,0,,3", "g/a.jpg,gallery,2,2,1,0,", "g/b.jpg,gallery,-1,2,1,9,"]


def write(path: Path, *rows: str, header: str = HEADER) -> Path:
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


def test_unknown_times_and_tracklets_become_minus_one(tmp_path: Path) -> None:
    table = read_manifest(write(tmp_path / "m.csv", *ROWS))
    assert table["time"].tolist() == [5, -1, 0, 9]
    assert table["tracklet"].tolist() == [-1, 3, -1, -1]
    seen = sightings(table)
    assert seen.pid_N.tolist() == [1, 2, 2, -1]
    assert seen.path_N.tolist() == ["t/a.jpg", "q/a.jpg", "g/a.jpg", "g/b.jpg"]


def test_row_and_column_order_do_not_change_the_bytes(tmp_path: Path) -> None:
    table = read_manifest(write(tmp_path / "m.csv", *ROWS))
    write_manifest(tmp_path / "a.csv", table)
    write_manifest(tmp_path / "b.csv", table.sample(frac=1, random_state=1)[list(reversed(COLUMNS))])
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()
    pd.testing.assert_frame_equal(read_manifest(tmp_path / "a.csv"), table)
    assert (tmp_path / "a.csv").read_text().splitlines() == [HEADER, *ROWS]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("x.jpg,test,1,1,0,5,", "line 6: split is not one of"),
        ("x.jpg,train,one,1,0,5,", "line 6: pid is not an integer"),
        ("x.jpg,train,1.5,1,0,5,", "line 6: pid is not an integer"),
        ("x.jpg,train,,1,0,5,", "line 6: pid is not an integer"),
        ("x.jpg,query,-2,1,0,5,", "line 6: pid is not an integer of at least -1"),
        ("x.jpg,train,1,1,0,-1,", "line 6: time is not an integer of at least 0"),
        ("x.jpg,train,1,1,0,1e300,", "line 6: time is not an integer"),
        ("x.jpg,train,0,1,0,5,", "identities of train and val start at 1"),
        ("x.jpg,train,2,1,0,5,", "must not be trained on"),
        ("t/a.jpg,train,1,1,0,5,", "listed twice"),
        ("../x.jpg,train,1,1,0,5,", "inside the data set's root"),
        ("/x.jpg,train,1,1,0,5,", "inside the data set's root"),
        (",train,1,1,0,5,", "inside the data set's root"),
        ("a/../x.jpg,train,1,1,0,5,", "inside the data set's root"),
        ('"x\n.jpg",train,1,1,0,5,', "path holds a control character or is not UTF-8; rename the file: 'x"),
        ("x\x1b[2J.jpg,train,1,1,0,5,", r"path holds a control character .*: 'x\\x1b\[2J.jpg'"),
        ("x.jpg,train,1,-1,0,5,", "line 6: camid is not an integer of at least 0"),
        ("x.jpg,train,9007199254740992,1,0,5,", "line 6: pid is not an integer"),
        (f"x.jpg,train,1,1,0,{10**400},", "line 6: time is not an integer"),
        ("x.jpg,train,0x10,1,0,5,", "line 6: pid is not an integer"),
        ("x.jpg,train,True,1,0,5,", "line 6: pid is not an integer"),
        ("x.jpg,train,1", "line 6: camid is not an integer of at least 0: ''"),
        ("x.jpg,train,1,1,0,5,,8", "not a UTF-8 CSV file .*line 6, saw 8"),
        ("", "line 6: pid is not an integer"),
    ],
)
def test_unusable_rows_are_refused(tmp_path: Path, row: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_manifest(write(tmp_path / "m.csv", *ROWS, row, "z.jpg,gallery,2,1,0,,"))


def test_unusable_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such manifest"):
        read_manifest(tmp_path / "none.csv")
    with pytest.raises(InputError, match="missing columns session, time"):
        read_manifest(write(tmp_path / "m.csv", "a,train,1,1,2", header="path,split,pid,camid,tracklet"))
    with pytest.raises(InputError, match="holds no pictures"):
        read_manifest(write(tmp_path / "m.csv"))
    (tmp_path / "m.csv").write_bytes(b"path,split\n\xff\xfe")
    with pytest.raises(InputError, match="not a UTF-8 CSV"):
        read_manifest(tmp_path / "m.csv")


def test_a_header_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="has the column pid twice"):
        read_manifest(write(tmp_path / "m.csv", "a.jpg,train,1,1,0,5,,2", header=f"{HEADER},pid"))
    with pytest.raises(InputError, match="line 2: has more values than the header has columns"):
        read_manifest(write(tmp_path / "m.csv", *[f"{row},9" for row in ROWS]))
    (tmp_path / "m.csv").write_text("\n".join([HEADER, *ROWS]), encoding="utf-16")
    with pytest.raises(InputError, match="not a UTF-8 CSV file"):
        read_manifest(tmp_path / "m.csv")
    (tmp_path / "m.csv").write_bytes(b"")
    with pytest.raises(InputError, match="missing columns path"):
        read_manifest(tmp_path / "m.csv")


def test_what_spreadsheets_write_is_read(tmp_path: Path) -> None:
    """A byte order mark, CRLF, further columns, blank lines at the end, whole numbers with a point, spaces around."""
    rows = ["x,t/a.jpg,train,1.0, 1,0,5.0,", "y,q/a.jpg,query,2,1,0,,3", "z,g/a.jpg,gallery,2,2,1,0,"]
    content = "\r\n".join([f"note,{HEADER}", *rows, "", "", ""])
    (tmp_path / "m.csv").write_bytes(b"\xef\xbb\xbf" + content.encode())
    table = read_manifest(tmp_path / "m.csv")
    pd.testing.assert_frame_equal(table, read_manifest(write(tmp_path / "n.csv", *ROWS[:3])))


def test_rows_of_a_loader_are_checked_as_those_of_a_file(tmp_path: Path) -> None:
    table = read_manifest(write(tmp_path / "m.csv", *ROWS))
    for column, value in (("camid", -3), ("pid", -2), ("time", -2), ("session", 2**60), ("path", "train/\udcff/a.jpg")):
        bad = table.astype({"path": object})
        bad.loc[3, column] = value
        with pytest.raises(InputError, match=f"line 5: {column} "):
            check_manifest(bad, "root")


def test_a_manifest_is_checked_by_the_summary_made_with_it(tmp_path: Path) -> None:
    manifest, summary = write(tmp_path / "m.csv", *ROWS), tmp_path / "dataset.json"
    write_json(summary, {"dataset": "tiny"})
    assert read_prepared(manifest, summary)[1] == {"dataset": "tiny"}
    write_json(summary, {DIGEST_KEY: digest_file(manifest)})
    assert len(read_prepared(manifest, summary)[0]) == len(ROWS)
    edited = write(manifest, *ROWS[:-1])
    with pytest.raises(InputError, match=r"m\.csv: other bytes than were made with its dataset\.json"):
        read_prepared(edited, summary)
    assert len(read_manifest(edited)) == len(ROWS) - 1
