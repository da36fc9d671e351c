"""The manifest: the same rows give the same bytes, and what cannot be used is named by its line."""

from pathlib import Path

import pandas as pd
import pytest

from streid.data.manifest import (
    COLUMNS,
    DIGEST_KEY,
    Origin,
    check_manifest,
    find_contradiction,
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
        ("x.jpg,test,1,1,0,5,", "line 6: split 'test' is not one of train, val, query, gallery"),
        ("x.jpg,train,one,1,0,5,", "line 6: pid 'one' is not a whole number from -1; number the people from 1"),
        ("x.jpg,train,1.5,1,0,5,", "line 6: pid '1.5' is not a whole number"),
        ("x.jpg,train,,1,0,5,", "line 6: pid '' is not a whole number"),
        ("x.jpg,query,-2,1,0,5,", "line 6: pid '-2' is not a whole number from -1"),
        ("x.jpg,train,1,1,0,-1,", "line 6: time '-1' is not a whole number from 0; .* leave it empty if"),
        ("x.jpg,train,1,1,0,12.5,", "line 6: time '12.5' is not a whole number from 0; count whole seconds, frames"),
        ("x.jpg,train,1,1,0,10:30:05,", "line 6: time '10:30:05' is not a whole number from 0; count whole seconds"),
        ("x.jpg,train,1,cam1,0,5,", "line 6: camid 'cam1' is not a whole number from 0; number the cameras"),
        ("x.jpg,train,1,1,0,1e300,", "line 6: time '1e300' is not a whole number"),
        (
            "x.jpg,train,2,1,0,5,",
            "1 identities are trained on .* and tested .* as well .first: 2.; remove them from one",
        ),
        ("../x.jpg,train,1,1,0,5,", "inside the data set's root"),
        ("/x.jpg,train,1,1,0,5,", "inside the data set's root"),
        (",train,1,1,0,5,", "inside the data set's root"),
        ("a/../x.jpg,train,1,1,0,5,", "inside the data set's root"),
        ('"x\n.jpg",train,1,1,0,5,', "path 'x.n.jpg' holds a control character or is not UTF-8; rename"),
        ("x\x1b[2J.jpg,train,1,1,0,5,", r"path 'x\\x1b\[2J.jpg' holds a control character"),
        ("x.jpg,train,1,-1,0,5,", "line 6: camid '-1' is not a whole number from 0"),
        ("x.jpg,train,9007199254740992,1,0,5,", "line 6: pid '9007199254740992' is not a whole number"),
        (f"x.jpg,train,1,1,0,{10**400},", "line 6: time '1000.*' is not a whole number"),
        ("x.jpg,train,0x10,1,0,5,", "line 6: pid '0x10' is not a whole number"),
        ("x.jpg,train,True,1,0,5,", "line 6: pid 'True' is not a whole number"),
        ("x.jpg,train,1", "line 6: camid '' is not a whole number from 0"),
        ("x.jpg,train,1,1,0,5,,8", "not a CSV file .*line 6, saw 8"),
        ("", "line 6: pid '' is not a whole number"),
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


def test_what_spreadsheets_write_is_read(tmp_path: Path) -> None:
    """A byte order mark, CRLF, further columns, blank lines at the end, whole numbers with a point, spaces around."""
    rows = ["x,t/a.jpg,train,1.0, 1,0,5.0,", "y,q/a.jpg,query,2,1,0,,3", "z,g/a.jpg,gallery,2,2,1,0,"]
    content = "\r\n".join([f"note,{HEADER}", *rows, "", "", ""])
    (tmp_path / "m.csv").write_bytes(b"\xef\xbb\xbf" + content.encode())
    table = read_manifest(tmp_path / "m.csv")
    pd.testing.assert_frame_equal(table, read_manifest(write(tmp_path / "n.csv", *ROWS[:3])))


def test_rows_of_a_loader_are_checked_as_those_of_a_file_and_named_by_their_paths(tmp_path: Path) -> None:
    table = read_manifest(write(tmp_path / "m.csv", *ROWS))
    for column, value in (("camid", -3), ("pid", -2), ("time", -2), ("session", 2**60)):
        bad = table.copy()
        bad.loc[3, column] = value
        with pytest.raises(InputError, match=f"root: g/b.jpg: {column} {value} is not a whole number"):
            check_manifest(bad, Origin(path="root", lines=False))
    bad = table.astype({"path": object})
    bad.loc[3, "path"] = "train/\udcff/a.jpg"
    with pytest.raises(InputError, match="holds a control character or is not UTF-8") as refusal:
        check_manifest(bad, Origin(path="root", lines=False))
    assert str(refusal.value).isprintable()


@pytest.mark.parametrize("split", ["train", "val", "query"])
@pytest.mark.parametrize("pid", [0, -1])
def test_nobody_is_learned_from_or_searched_for(tmp_path: Path, split: str, pid: int) -> None:
    message = (
        rf"m\.csv, line 6: pid is {pid} \(1 such rows .*numbered from 1; if the numbers start at 0, as in torchreid"
    )
    with pytest.raises(InputError, match=message):
        read_manifest(write(tmp_path / "m.csv", *ROWS, f"x.jpg,{split},{pid},1,0,5,"))
    assert len(read_manifest(write(tmp_path / "m.csv", *ROWS, f"x.jpg,gallery,{pid},1,0,5,"))) == 5


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("q/a.jpg,gallery,3,1,0,,3", r"lines 3 and 6: q/a\.jpg is listed with pid 2 and 3; keep the correct row"),
        ("q/a.jpg,gallery,2,4,0,,3", r"lines 3 and 6: q/a\.jpg is listed with camid 1 and 4; keep"),
        ("q/a.jpg,gallery,2,1,7,,3", r"lines 3 and 6: q/a\.jpg is listed with session 0 and 7; keep"),
        ("q/a.jpg,gallery,2,1,0,9,3", r"lines 3 and 6: q/a\.jpg is listed with time none and 9; keep"),
        ("t/a.jpg,gallery,9,1,0,5,", r"lines 2 and 6: t/a\.jpg is listed with pid 1 and 9; keep"),
        ("t/a.jpg,query,1,1,0,5,", r"lines 2 and 6: t/a\.jpg is listed in train and query; a picture is either"),
        ("t/a.jpg,train,1,1,0,5,", r"lines 2 and 6: t/a\.jpg is listed twice in split train; remove a row"),
        ("t/a.jpg,train,1,2,0,5,", r"lines 2 and 6: t/a\.jpg is listed with camid 1 and 2; keep"),
    ],
)
def test_rows_that_contradict_each_other_are_refused_with_both_lines(tmp_path: Path, row: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_manifest(write(tmp_path / "m.csv", *ROWS, row))


def test_a_query_may_stay_in_the_gallery(tmp_path: Path) -> None:
    assert len(read_manifest(write(tmp_path / "m.csv", *ROWS, "q/a.jpg,gallery,2,1,0,,8"))) == 5
    with pytest.raises(InputError, match=r"lines 6 and 7: q/a\.jpg is listed twice in split gallery"):
        read_manifest(write(tmp_path / "m.csv", *ROWS, *["q/a.jpg,gallery,2,1,0,,8"] * 2))


def test_paths_of_one_file_are_compared_like_one_path(tmp_path: Path) -> None:
    table = read_manifest(write(tmp_path / "m.csv", *ROWS))
    origin = Origin(path="m.csv")
    assert find_contradiction(table, pd.Series([0, 1, 2, 3]), origin) is None
    said = find_contradiction(table, pd.Series([0, 1, 1, 1]), origin)
    assert said == (
        "m.csv, lines 3 and 5: g/b.jpg (the same file as q/a.jpg) is listed with pid 2 and -1; keep the correct row"
        " (1 such rows)"
    )
    said = find_contradiction(table, pd.Series([0, 1, 2, 2]), origin, agreeing=("time",), same="a copy of")
    assert said is not None and "lines 4 and 5: g/b.jpg (a copy of g/a.jpg) is listed with time 0 and 9" in said


def test_splits_are_read_in_capitals_and_with_spaces(tmp_path: Path) -> None:
    rows = [row.replace("train", " Train").replace("gallery", "GALLERY ") for row in ROWS]
    assert read_manifest(write(tmp_path / "m.csv", *rows))["split"].tolist() == ["train", "query", "gallery", "gallery"]


def test_a_manifest_is_checked_by_the_summary_made_with_it(tmp_path: Path) -> None:
    manifest, summary = write(tmp_path / "m.csv", *ROWS), tmp_path / "dataset.json"
    write_json(summary, {"dataset": "tiny"})
    assert read_prepared(manifest, summary)[1] == {"dataset": "tiny"}
    write_json(summary, {DIGEST_KEY: digest_file(manifest)})
    assert len(read_prepared(manifest, summary)[0]) == len(ROWS)
    edited = write(manifest, *ROWS[:-1])
    with pytest.raises(InputError, match=r"m\.csv: not the file that was made with its dataset\.json"):
        read_prepared(edited, summary)
    assert len(read_manifest(edited)) == len(ROWS) - 1
