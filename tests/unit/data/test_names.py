"""Properties of the file-name parsers and of the manifest's reader: any text is read or refused, names come back."""

import contextlib
import csv
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as some

from streid.data import duke_video, dukemtmc, market1501, mars, msmt17
from streid.data.manifest import COLUMNS, SPLITS, Origin, check_manifest, read_manifest, write_manifest
from streid.errors import InputError
from streid.files.sightings import TIME_BOUND

quick = settings(max_examples=100, deadline=None, database=None)
few = settings(max_examples=30, deadline=None, database=None)  # each writes and reads files
PARSERS: dict[str, Callable[[str], Any]] = {
    "market1501": market1501.parse_name,
    "dukemtmc": dukemtmc.parse_name,
    "msmt17": msmt17.parse_name,
    "msmt17 copy": lambda name: msmt17._copy_row(name, "query", "query", 1),
    "msmt17 list": lambda line: msmt17._list_row(line, "train", "train", 1),
    "mars": mars.parse_name,
    "duke_video": duke_video.parse_name,
}
VALID = {
    "market1501": "0002_c1s1_000451_03.jpg",
    "dukemtmc": "0005_c2_f0046985.jpg",
    "msmt17": "0000_000_01_0303morning_0015_0.jpg",
    "msmt17 copy": "0000_c1_0002.jpg",
    "msmt17 list": "0000/0000_000_01_0303morning_0015_0_ex.jpg 0",
    "mars": "0001C1T0001F001.jpg",
    "duke_video": "0001_C6_F0099_X30823.jpg",
}


def numbers_in(value: Any) -> list[int]:
    if isinstance(value, dict):
        value = list(value.values())
    return [one for one in value if isinstance(one, int)]


def read_or_refused(parse: Callable[[str], Any], text: str) -> Any:
    """What a parser makes of a text; its numbers fit everywhere; None where it refuses it in one plain line."""
    try:
        found = parse(text)
    except InputError as error:
        assert str(error).isprintable()
        return None
    assert all(-1 <= number < TIME_BOUND for number in numbers_in(found))
    return found


@pytest.mark.parametrize("kind", sorted(PARSERS))
@quick
@given(data=some.data())
def test_any_name_is_read_or_refused(kind: str, data: some.DataObject) -> None:
    """Any text, names with a piece replaced or repeated, and long runs of digits."""
    assert read_or_refused(PARSERS[kind], VALID[kind]) is not None
    text = data.draw(some.text())
    start, stop = sorted(data.draw(some.tuples(*[some.integers(0, len(VALID[kind]))] * 2)))
    piece = data.draw(
        some.one_of(
            some.just(text),
            some.sampled_from(["\n", "\0", "../", "$(id)", "'", '"', "<script>", "\ud800", "٣", "-", "9" * 5000]),
            some.text("0123456789_cCsfFTX-.", max_size=12),
        )
    )
    read_or_refused(PARSERS[kind], text)
    read_or_refused(PARSERS[kind], VALID[kind][:start] + piece + VALID[kind][stop:])
    assert read_or_refused(PARSERS[kind], VALID[kind] + "\n") is None


pids, cameras = some.integers(0, 9999), some.integers(1, 8)


@quick
@given(
    pid=some.integers(-1, 9999), camid=pids, sequence=pids, frame=some.integers(0, 999_999), box=some.integers(0, 99)
)
def test_market_names_come_back(pid: int, camid: int, sequence: int, frame: int, box: int) -> None:
    name = f"{'-1' if pid < 0 else f'{pid:04d}'}_c{camid}s{sequence}_{frame:06d}_{box:02d}.jpg"
    found = {"pid": pid, "camid": camid, "sequence": sequence, "frame": frame, "box": box}
    assert market1501.parse_name(name) == found


@quick
@given(pid=pids, camid=cameras, frame=some.integers(0, 9_999_999), number=some.integers(0, 9999))
def test_duke_names_come_back(pid: int, camid: int, frame: int, number: int) -> None:
    assert dukemtmc.parse_name(f"{pid:04d}_c{camid}_f{frame:07d}.jpg") == {"pid": pid, "camid": camid, "frame": frame}
    expected = {"pid": pid, "camid": camid, "number": number, "frame": frame}
    assert duke_video.parse_name(f"{pid:04d}_C{camid}_F{number:04d}_X{frame}.jpg") == expected
    assert duke_video.parse_name(f"{pid:04d}C{camid}F{number:04d}X{frame}.jpg") == expected


@quick
@given(
    pid=pids,
    camid=some.integers(1, 15),
    slot=some.sampled_from(sorted(msmt17.SESSIONS)),
    time=some.integers(0, 1985),
    more=some.sampled_from(["", "_ex"]),
)
def test_msmt17_names_come_back(pid: int, camid: int, slot: str, time: int, more: str) -> None:
    name = f"{pid:04d}_000_{camid:02d}_{slot}_{time:04d}_0{more}.jpg"
    session = msmt17.SESSIONS[slot]
    assert msmt17.parse_name(name) == {"camid": camid, "session": session, "time": time}
    row = (f"train/{pid:04d}/{name}", "train", pid + 1, camid, session, time, -1)
    assert msmt17._list_row(f"{pid:04d}/{name} {pid}", "train", "train", 1) == row
    assert msmt17._copy_row(name, "query", "query", 1)[2:6] == (pid + 1, camid, session, time)
    assert msmt17._copy_row(f"{pid:04d}_c{camid}_{time:04d}.jpg", "query", "query", 1)[2:6] == (pid + 1, camid, 0, -1)


@quick
@given(pid=some.integers(-1, 9999), camid=some.integers(0, 9), number=pids, frame=some.integers(1, 99999))
def test_mars_names_come_back(pid: int, camid: int, number: int, frame: int) -> None:
    name = f"{'00-1' if pid < 0 else f'{pid:04d}'}C{camid}T{number:04d}F{frame:03d}.jpg"
    assert mars.parse_name(name) == (pid, camid)


def as_csv(header: tuple[str, ...], rows: list[tuple[Any, ...]], end: str = "\n") -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator=end)
    writer.writerows([header, *rows])
    return text.getvalue()


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("manifest") / "m.csv"


cells = some.one_of(
    some.text(max_size=8),
    some.integers(-(2**70), 2**70).map(str),
    some.floats().map(str),
    some.sampled_from([*SPLITS, "", "a.jpg", "1", "-1", "../a", "1e5", "5.0", "0x1", "True", "nan", "\0", '"', "\r"]),
)


@few
@given(rows=some.lists(some.lists(cells, max_size=9), max_size=5), noise=some.binary(max_size=20))
@example(rows=[["a.jpg", "train", "1", "1", "0", "5", "", "one more"]], noise=b"")
@example(rows=[["a.jpg", "train", "1"]], noise=b"")
def test_any_manifest_is_read_or_refused(target: Path, rows: list[list[str]], noise: bytes) -> None:
    text = as_csv(COLUMNS, [tuple(row) for row in rows]).encode("utf-8", "surrogatepass")
    for content in (text, text + noise, noise + text):
        target.write_bytes(content)
        with contextlib.suppress(InputError):
            table = read_manifest(target)
            check_manifest(table, Origin(path=target))
            assert list(table.columns) == list(COLUMNS)


plain = some.text(some.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp"]), min_size=1, max_size=20)
entries = some.tuples(
    plain.filter(lambda path: not path.startswith("/") and ".." not in path.split("/")),
    some.sampled_from(SPLITS),
    some.integers(0, 2**40),
    some.integers(0, TIME_BOUND - 1),
    some.integers(0, TIME_BOUND - 1),
    some.one_of(some.none(), some.integers(0, TIME_BOUND - 1)),
    some.one_of(some.none(), some.integers(0, TIME_BOUND - 1)),
)


@few
@given(
    rows=some.lists(entries, min_size=1, max_size=6, unique_by=lambda row: row[0]),
    end=some.sampled_from(["\n", "\r\n"]),
    mark=some.sampled_from([b"", b"\xef\xbb\xbf"]),
    blank=some.integers(0, 2),
)
def test_manifests_come_back(target: Path, rows: list[tuple[Any, ...]], end: str, mark: bytes, blank: int) -> None:
    """With CRLF, a byte order mark, a column of their own and blank lines at the end; written again, the same bytes."""
    trained = [
        (path, split, 2 * pid + (1 if split in ("train", "val") else 2), *rest) for path, split, pid, *rest in rows
    ]
    text = as_csv(("mine", *COLUMNS), [("x", *row) for row in trained], end) + blank * end
    target.write_bytes(mark + text.encode())
    table = read_manifest(target)
    expected = [tuple(-1 if value is None else value for value in row) for row in trained]
    assert [tuple(row) for row in table.itertuples(index=False)] == expected
    write_manifest(target, table)
    first = target.read_bytes()
    again = read_manifest(target)
    assert sorted(again.itertuples(index=False)) == sorted(table.itertuples(index=False))
    write_manifest(target, again)
    assert target.read_bytes() == first
    assert isinstance(again, pd.DataFrame)
