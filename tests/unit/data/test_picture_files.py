"""Looking up and decoding a data set's pictures."""

import hashlib
import os
from pathlib import Path

import pytest
from conftest import write_picture

from streid.data.picture_files import check_pictures, find_files
from streid.errors import InputError


def test_paths_of_one_file_get_one_number(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"12345")
    (tmp_path / "b.jpg").write_bytes(b"12345")
    os.link(tmp_path / "a.jpg", tmp_path / "hard.jpg")
    (tmp_path / "soft.jpg").symlink_to("a.jpg")
    (tmp_path / "again").symlink_to(tmp_path)
    paths = ["a.jpg", "b.jpg", "none.jpg", "hard.jpg", "soft.jpg", "again/a.jpg", "missing.jpg", "./a.jpg"]
    for threads in (1, 3):
        files = find_files(tmp_path, paths, threads)
        assert files.files_P.tolist() == [0, 1, 2, 0, 0, 0, 3, 0]
        assert files.sizes_P.tolist() == [5, 5, 0, 5, 5, 5, 0, 5]
    assert len(find_files(tmp_path, [], 2).files_P) == 0
    with pytest.raises(InputError, match="inside the data set's root"):
        find_files(tmp_path, ["../a.jpg"], 1)


def test_every_picture_is_decoded_once_and_kept_in_order(tmp_path: Path) -> None:
    names = [f"{number}.jpg" for number in range(5)]
    for number, name in enumerate(names):
        write_picture(tmp_path / name, seed=number // 2)
    (tmp_path / "broken.jpg").write_bytes(b"no picture")
    kept: dict[str, bytes] = {}
    paths = [*names[:2], "broken.jpg", *names[2:], "../out.jpg"]
    checked = check_pictures(tmp_path, paths, 3, keep=kept.__setitem__)
    assert list(kept) == names
    assert checked.problems["broken.jpg"] == "no picture of a known format"
    assert "inside the data set's root" in checked.problems["../out.jpg"]
    assert checked.paths == paths
    assert checked.contents[0] == checked.contents[1] == hashlib.sha256(kept["0.jpg"]).digest() != checked.contents[3]
    assert checked.contents[2] == checked.contents[-1] == b""
    # By hand: SHA-256 over every path and its picture's SHA-256 in hexadecimal, each with a zero byte behind it.
    by_hand = "".join(f"{path}\0{content.hex()}\0" for path, content in zip(paths, checked.contents, strict=True))
    assert checked.digest == hashlib.sha256(by_hand.encode()).hexdigest()


def test_unreadable_pictures_are_refused_in_one_line(tmp_path: Path) -> None:
    check_pictures(tmp_path, [], 1).refuse_unreadable(tmp_path, "pictures", "repair them")
    checked = check_pictures(tmp_path, [f"{number}.jpg" for number in range(7)], 2)
    with pytest.raises(
        InputError, match=r"7 pictures cannot be read: 0\.jpg \(no such picture\); .* and 2 more, all .*; repair them$"
    ):
        checked.refuse_unreadable(tmp_path, "pictures", "repair them")
