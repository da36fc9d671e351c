"""A folder of pictures as a gallery."""

import os
from pathlib import Path

import pytest
from conftest import write_picture

from streid.data.picture_folder import describe_folder, read_folder
from streid.errors import InputError


def test_its_pictures_are_a_gallery_of_nobody_known(tmp_path: Path) -> None:
    for name in ("b/2.PNG", "b/1.jpg", "a.jpeg", ".hidden/3.jpg", ".4.jpg"):
        write_picture(tmp_path / "shop" / name, seed=1)
    (tmp_path / "shop" / "notes.txt").touch()
    table, summary = read_folder(tmp_path / "shop")
    assert summary == {"dataset": "shop"}
    assert table["path"].tolist() == ["a.jpeg", "b/1.jpg", "b/2.PNG"]
    first = {"path": "a.jpeg", "split": "gallery", "pid": 0, "camid": 0, "session": 0, "time": -1, "tracklet": -1}
    assert table.iloc[0].to_dict() == first


def test_a_changed_picture_is_noticed(tmp_path: Path) -> None:
    write_picture(tmp_path / "a.jpg", seed=1)
    table, _ = read_folder(tmp_path)
    before = describe_folder(tmp_path, table)
    assert describe_folder(tmp_path, table) == before
    os.utime(tmp_path / "a.jpg", ns=(0, 0))
    assert describe_folder(tmp_path, table) != before


def test_a_folder_that_is_none_or_empty_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").touch()
    with pytest.raises(InputError, match=r"none: no such folder"):
        read_folder(tmp_path / "none")
    with pytest.raises(InputError, match=r"holds no pictures \(\.jpg, \.jpeg"):
        read_folder(tmp_path)
    write_picture(tmp_path / "a\nb.jpg", seed=1)
    with pytest.raises(InputError, match="control character"):
        read_folder(tmp_path)
