"""Reading a data set's folders: every picture of a kind that is read, and what is left out is told."""

import re
from pathlib import Path

import pytest
from conftest import write_picture

from streid.data.picture_paths import ENDINGS
from streid.data.sources import SourceTree
from streid.errors import InputError


def tree(root: Path, *names: str) -> SourceTree:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    return SourceTree(root, "It is offered nowhere")


def test_every_ending_of_a_picture_is_read(tmp_path: Path) -> None:
    names = [f"{number}{ending}" for number, ending in enumerate((*ENDINGS, ".JPG", ".Jpeg", ".PNG"))]
    read = tree(tmp_path, *[f"query/{name}" for name in names])
    assert read.pictures("query") == sorted(names)
    assert read.remarks() == ()


def test_what_is_no_picture_is_left_out_and_reported(tmp_path: Path) -> None:
    read = tree(tmp_path, "q/a.jpg", "q/b.jpg.bak", "q/notes.txt", "q/deeper/c.jpg", "g/1/a.jpg", "g/readme")
    assert read.pictures("q") == ["a.jpg"]
    assert read.remarks() == ("3 files or folders that are not pictures were left out (first: q/b.jpg.bak)",)
    assert read.folders("g") == ["1"]
    assert read.remarks() == ("4 files or folders that are not pictures were left out (first: q/b.jpg.bak)",)


def test_the_systems_own_files_are_no_news(tmp_path: Path) -> None:
    read = tree(tmp_path, "q/a.jpg", "q/Thumbs.db", "q/.DS_Store", "q/._a.jpg", "q/desktop.ini", "q/@eaDir/a.jpg")
    assert read.pictures("q") == ["a.jpg"]
    assert read.remarks() == ()


@pytest.mark.parametrize("name", ["b.tif", "b.HEIC", "b.avif"])
def test_pictures_that_are_not_read_are_refused_by_name(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match=rf"q/{name}: a kind of picture that is not read \(only \.jpg, "):
        tree(tmp_path, "q/a.jpg", f"q/{name}").pictures("q")


def test_one_picture_with_two_endings_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"q: a\.jpg and a\.png differ only in the ending; keep one"):
        tree(tmp_path, "q/a.jpg", "q/a.png", "q/b.jpg").pictures("q")


def test_links_to_pictures_and_folders_are_followed(tmp_path: Path) -> None:
    write_picture(tmp_path / "elsewhere" / "a.jpg", seed=0)
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "q").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere" / "b.jpg").symlink_to("a.jpg")
    assert SourceTree(tmp_path / "root", "").pictures("q") == ["a.jpg", "b.jpg"]


def test_what_is_missing_says_where_to_get_it(tmp_path: Path) -> None:
    read = tree(tmp_path / "root", "empty/.hidden.jpg", "list.txt")
    for call, message in (
        (lambda: SourceTree(tmp_path / "none", "It is offered nowhere").check("q"), "none: no such data set."),
        (lambda: read.check("q"), "root/q: no such folder."),
        (lambda: read.pictures("empty"), "root/empty: holds no pictures."),
        (lambda: read.folders("empty"), "root/empty: holds no folders."),
        (lambda: read.lines("none.txt"), "root/none.txt: no such file."),
        (lambda: read.lines("list.txt"), "root/list.txt: is empty."),
    ):
        with pytest.raises(InputError, match=re.escape(f"{message} It is offered nowhere")):
            call()
    (tmp_path / "root" / "list.txt").write_bytes(b"\xff\n")
    with pytest.raises(InputError, match="not UTF-8 text"):
        read.lines("list.txt")
    (tmp_path / "root" / "list.txt").write_text(" a \n\n b\n")
    assert read.lines("list.txt") == ["a", "b"]
