"""CSV files as spreadsheets and people write them: read where their meaning is clear, else refused with advice."""

from pathlib import Path

import pytest

from streid.data.csv_tables import read_columns
from streid.errors import InputError

COLUMNS = ("path", "camid", "time")
WANTED = [["a.jpg", "1", "5"], ["b, c.jpg", "2", ""]]


def read(path: Path, text: str, encoding: str = "utf-8") -> list[list[str]]:
    path.write_bytes(text.encode(encoding))
    return [list(row) for row in read_columns(path, COLUMNS).itertuples(index=False)]


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_columns_may_be_separated_otherwise(tmp_path: Path, delimiter: str) -> None:
    text = "\n".join(delimiter.join(row) for row in (COLUMNS, *WANTED))
    assert read(tmp_path / "m.csv", text) == WANTED


def test_a_comma_separates_where_both_could(tmp_path: Path) -> None:
    assert read(tmp_path / "m.csv", 'path,camid,time,note;more\na.jpg,1,5,x;y\n"b, c.jpg",2,,') == WANTED


@pytest.mark.parametrize(
    "header",
    ["Path;CamID;TIME", " path ; cam id;Time ", "PATH;Cam_ID;time", "path;cam-id;time", "path;camid;time;Time"],
)
def test_columns_may_be_named_in_capitals_and_with_spaces(tmp_path: Path, header: str) -> None:
    more = ";" * (header.count(";") - 2)
    assert read(tmp_path / "m.csv", f"{header}\na.jpg;1;5{more}\nb, c.jpg;2;{more}") == WANTED


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_texts_with_a_byte_order_mark_are_read(tmp_path: Path, encoding: str, end: str) -> None:
    text = end.join(["path;note;time;camid", "café/a.jpg;x;5;1", "", "名.jpg;;;2", "", ""])
    assert read(tmp_path / "m.csv", text, encoding) == [["café/a.jpg", "1", "5"], ["", "", ""], ["名.jpg", "2", ""]]


def test_other_texts_are_refused_with_their_line(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"m\.csv, line 3: not UTF-8 text; save the file as 'CSV UTF-8'"):
        read(tmp_path / "m.csv", "path,camid,time\na.jpg,1,5\ncafé.jpg,2,\n", "latin-1")
    with pytest.raises(InputError, match=r"m\.csv, line 1: not UTF-8 text"):
        read(tmp_path / "m.csv", "päth,camid,time\n", "cp1252")
    with pytest.raises(InputError, match=r"m\.csv: "):
        read(tmp_path / "m.csv", "path,camid,time\na.jpg,1,5\n", "utf-16-le")
    (tmp_path / "odd.csv").write_bytes("path,camid,time\na.jpg,1,5".encode("utf-16")[:-1])
    with pytest.raises(InputError, match=r"odd\.csv: not UTF-8 text"):
        read_columns(tmp_path / "odd.csv", COLUMNS)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "path,camera\n",
            "missing columns camid, time; the first line must name path, camid, time, but it has 'path', 'ca",
        ),
        ("a.jpg,1,5\n", "missing columns path, camid, time; the first line must name .*, but it has 'a.jpg', '1', '5'"),
        ("", "missing columns path, camid, time; .* but it has nothing"),
        ("Path,path ,camid,time\n", "has the column path twice; remove one"),
        ("path,camid,time\na.jpg,1,5,7\n", "line 2: has more values than the header has columns"),
        ("path,camid,time\na.jpg,1,5\na.jpg,1,5,7,8\n", "not a CSV file .*line 3, saw 5"),
    ],
)
def test_what_is_no_such_table_is_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read(tmp_path / "m.csv", text)
