"""MSMT17's versions, lists, slots and copies."""

import re
from pathlib import Path

import pytest
from conftest import write_picture
from dataset_trees import write_msmt17, write_msmt17_copy

from streid.data.msmt17 import OFFICIAL_COUNTS, SESSIONS, load_msmt17, parse_name
from streid.errors import InputError


def test_names_are_parsed() -> None:
    # Day 0303 is the fourth, so its morning is the tenth slot.
    assert parse_name("0000_000_01_0303morning_0015_0.jpg") == {"camid": 1, "session": 9, "time": 15}
    assert parse_name("1040_021_15_0113afternoon_1985_12_ex.jpg") == {"camid": 15, "session": 2, "time": 1985}
    assert sorted(SESSIONS.values()) == list(range(12))


@pytest.mark.parametrize(
    "name",
    ["0000_000_01_0304morning_0015_0.jpg", "0000_000_01_0303night_0015_0.jpg", "0000_c1_0000.jpg", "a.jpg", ""],
)
def test_other_names_are_refused(name: str) -> None:
    with pytest.raises(InputError, match="not an MSMT17 picture name"):
        parse_name(name)


@pytest.mark.parametrize("folders", [("train", "test"), ("mask_train_v2", "mask_test_v2")])
def test_rows_follow_the_lists(tmp_path: Path, folders: tuple[str, str]) -> None:
    source = load_msmt17(write_msmt17(tmp_path, folders), "train")
    train, test = folders
    assert [tuple(row) for row in source.table.itertuples(index=False)] == [
        (f"{train}/0000/0000_000_01_0303morning_0015_0.jpg", "train", 1, 1, 9, 15, -1),
        (f"{train}/0001/0001_000_14_0114afternoon_1985_3_ex.jpg", "train", 2, 14, 5, 1985, -1),
        (f"{train}/0000/0000_001_03_0303morning_0027_1.jpg", "train", 1, 3, 9, 27, -1),
        (f"{test}/0000/0000_002_06_0113noon_0000_0.jpg", "query", 3, 6, 1, 0, -1),
        (f"{test}/0001/0001_000_15_0302morning_0007_0.jpg", "query", 4, 15, 6, 7, -1),
        (f"{test}/0000/0000_003_07_0113noon_0301_0_ex.jpg", "gallery", 3, 7, 1, 301, -1),
        (f"{test}/0001/0001_004_02_0302morning_0107_2.jpg", "gallery", 4, 2, 6, 107, -1),
    ]
    assert source.expected == OFFICIAL_COUNTS["train"]
    assert "trained on" in source.remarks[0]


def test_the_validation_list_may_stay_a_split(tmp_path: Path) -> None:
    source = load_msmt17(write_msmt17(tmp_path), "val")
    assert source.table["split"].tolist() == ["train", "train", "val", "query", "query", "gallery", "gallery"]
    assert source.expected is not None
    assert source.expected["train"]["pictures"] + source.expected["val"]["pictures"] == 32621
    assert "identities that are trained on" in source.remarks[0]


def test_copies_laid_out_like_market_have_no_time(tmp_path: Path) -> None:
    root = write_msmt17_copy(tmp_path)
    source = load_msmt17(root, "train")
    columns = ["split", "pid", "camid", "session", "time"]
    assert [tuple(row) for row in source.table[columns].itertuples(index=False)] == [
        ("train", 1, 1, 0, -1),
        ("train", 2, 14, 0, -1),
        ("query", 3, 6, 0, -1),
        ("gallery", -1, 7, 0, -1),
        ("gallery", 3, 7, 0, -1),
    ]
    assert "neither slot nor time" in source.remarks[0]
    with pytest.raises(InputError, match=r"has no list_val\.txt; set prepare\.validation_list to train"):
        load_msmt17(root, "val")
    write_picture(root / "query" / "me.jpg", seed=0)
    with pytest.raises(InputError, match=r"query: 'me\.jpg' is not a picture name of an MSMT17 copy"):
        load_msmt17(root, "train")


@pytest.mark.parametrize("name", ["0007_03_0011.jpg", "0007_c03s1_000011_00.jpg", "7_c3_f0000011.jpg"])
def test_copies_have_several_forms_of_names(tmp_path: Path, name: str) -> None:
    root = write_msmt17_copy(tmp_path)
    write_picture(root / "bounding_box_test" / name, seed=0)
    (row,) = load_msmt17(root, "train").table.query("path.str.endswith(@name)").itertuples()
    assert (row.pid, row.camid, row.time) == (7 + 3, 3, -1)


def test_copies_that_kept_their_names_keep_their_times(tmp_path: Path) -> None:
    root = write_msmt17_copy(tmp_path)
    name = "0002_000_05_0113morning_0044_0.jpg"
    write_picture(root / "bounding_box_train" / name, seed=0)
    (row,) = load_msmt17(root, "train").table.query("path.str.endswith(@name)").itertuples()
    assert (row.pid, row.camid, row.session, row.time) == (3, 5, 0, 44)


def test_what_cannot_be_used_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such data set. MSMT17 is offered by its authors"):
        load_msmt17(tmp_path / "nothing", "train")
    root = write_msmt17(tmp_path)
    listing = root / "list_query.txt"
    for line, message in (
        ("0000/0000_002_06_0113noon_0000_0.jpg", "is not a path and an identity's number"),
        ("0000/0000_002_06_0113noon_0000_0.jpg x", "is not a path and an identity's number"),
        ("0000/holiday.jpg 0", "is not an MSMT17 picture name"),
    ):
        listing.write_text(line)
        with pytest.raises(InputError, match=rf"list_query\.txt, entry 1: .*{re.escape(message)}"):
            load_msmt17(root, "train")
    listing.write_text("\n")
    with pytest.raises(InputError, match=r"list_query\.txt: is empty"):
        load_msmt17(root, "train")
    listing.unlink()
    with pytest.raises(InputError, match=r"list_query\.txt: no such file. MSMT17 is offered"):
        load_msmt17(root, "train")
