"""A manifest of one's own: paths as Windows, macOS and people write them name the files that are there."""

import unicodedata
from pathlib import Path

import pytest

from streid.data.manifest import COLUMNS
from streid.data.own import load_own
from streid.errors import InputError

COMPOSED = "café"
DECOMPOSED = unicodedata.normalize("NFD", COMPOSED)


def load_paths(tmp_path: Path, *written: str, there: tuple[str, ...]) -> list[str]:
    for name in there:
        (tmp_path / "root" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "root" / name).touch()
    lines = [f'"{path}",train,{pid},1,0,5,' for pid, path in enumerate(written, start=1)]
    (tmp_path / "m.csv").write_text("\n".join([",".join(COLUMNS), *lines]), encoding="utf-8")
    return load_own(tmp_path / "root", tmp_path / "m.csv").table["path"].tolist()


@pytest.mark.parametrize(
    ("written", "there"),
    [
        ("cam1\\a.jpg", "cam1/a.jpg"),
        (".\\cam1\\a.jpg", "cam1/a.jpg"),
        ("./cam1//a.jpg", "cam1/a.jpg"),
        ("cam1/./a.jpg", "cam1/a.jpg"),
        (" cam1/a.jpg ", "cam1/a.jpg"),
        (f"{DECOMPOSED}/a.jpg", f"{COMPOSED}/a.jpg"),
        (f"{COMPOSED}/a.jpg", f"{DECOMPOSED}/a.jpg"),
        (f"{COMPOSED}\\{COMPOSED}.jpg", f"{DECOMPOSED}/{COMPOSED}.jpg"),
        (f"{COMPOSED}/a.jpg", f"{COMPOSED}/a.jpg"),
        ("a\\b.jpg", "a\\b.jpg"),
        (" a .jpg", " a .jpg"),
    ],
)
def test_paths_are_those_of_the_files(tmp_path: Path, written: str, there: str) -> None:
    assert load_paths(tmp_path, written, "plain.jpg", there=(there, "plain.jpg")) == [there, "plain.jpg"]


@pytest.mark.parametrize("written", ["cam1\\none.jpg", "..\\a.jpg", "..//a.jpg", "//a.jpg", "\\a.jpg", "é.jpg"])
def test_other_paths_stay_as_they_are_written(tmp_path: Path, written: str) -> None:
    (tmp_path / "a.jpg").touch()
    assert load_paths(tmp_path, written, there=("cam1/a.jpg", "a.jpg")) == [written]


def test_what_is_called_otherwise_is_reported_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    load_paths(tmp_path, "c\\a.jpg", "c\\b.jpg", "c/d.jpg", there=("c/a.jpg", "c/b.jpg", "c/d.jpg"))
    assert [record.getMessage() for record in caplog.records] == [
        "2 paths are spelled differently on the disk, and that spelling is used (first: 'c\\\\a.jpg' is 'c/a.jpg')"
    ]


def test_links_are_followed_where_the_user_made_them(tmp_path: Path) -> None:
    (tmp_path / "nas").mkdir()
    (tmp_path / "nas" / "a.jpg").touch()
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "cam1").symlink_to(tmp_path / "nas")
    assert load_paths(tmp_path, "cam1\\a.jpg", there=()) == ["cam1/a.jpg"]


def test_rows_and_tracklets_are_reported(tmp_path: Path) -> None:
    (tmp_path / "m.csv").write_text(f"{','.join(COLUMNS)}\na.jpg,train,1,1,0,12.0,\nb.jpg,query,2,1,0,,7\n")
    source = load_own(tmp_path, tmp_path / "m.csv")
    assert (source.manifest, source.own_tracklets, source.expected) == (tmp_path / "m.csv", True, None)
    assert source.table["time"].tolist() == [12, -1]


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="needs its manifest's path"):
        load_own(tmp_path, None)
    with pytest.raises(InputError, match="none: no such folder; it is where the paths of"):
        load_own(tmp_path / "none", tmp_path / "m.csv")
    with pytest.raises(InputError, match=r"m\.csv: no such manifest"):
        load_own(tmp_path, tmp_path / "m.csv")
