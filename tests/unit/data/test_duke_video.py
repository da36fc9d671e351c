"""DukeMTMC-VideoReID's names, folders and tracklets."""

from pathlib import Path

import pytest
from conftest import write_picture
from dataset_trees import write_duke_video

from streid.data.duke_video import OFFICIAL_COUNTS, load_duke_video, parse_name
from streid.errors import InputError


@pytest.mark.parametrize("name", ["0001_C6_F0099_X30823.jpg", "0001C6F0099X30823.jpg"])
def test_both_forms_of_names_are_parsed(name: str) -> None:
    assert parse_name(name) == {"pid": 1, "camid": 6, "number": 99, "frame": 30823}


@pytest.mark.parametrize("name", ["0001_C6F0099_X30823.jpg", "0001_C9_F0099_X30823.jpg", "0001_C6_F0099.jpg", ""])
def test_other_names_are_refused(name: str) -> None:
    with pytest.raises(InputError, match="not a DukeMTMC-VideoReID picture name"):
        parse_name(name)


@pytest.mark.parametrize("older_names", [False, True])
def test_folders_are_tracklets_and_times_absolute(tmp_path: Path, older_names: bool) -> None:
    source = load_duke_video(write_duke_video(tmp_path, older_names=older_names))
    columns = ["split", "pid", "camid", "session", "time", "tracklet"]
    assert [tuple(row) for row in source.table[columns].itertuples(index=False)] == [
        ("train", 1, 6, 0, 30811, 0),
        ("train", 1, 6, 0, 31987, 0),
        ("train", 1, 2, 0, 442, 1),
        ("query", 5, 1, 0, 91, 2),
        ("gallery", 5, 4, 0, 2091, 3),
        ("gallery", 5, 4, 0, 2103, 3),
        ("gallery", 705, 8, 0, 5, 4),
    ]
    assert source.table["path"][2].startswith("train/0001/0002/0001")
    assert (source.expected, source.own_tracklets, source.unit) == (OFFICIAL_COUNTS, True, "tracklet")


def test_tracklets_that_cannot_be_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such data set. DukeMTMC-VideoReID was withdrawn"):
        load_duke_video(tmp_path / "nothing")
    root = write_duke_video(tmp_path)
    for stray in ("0001_C5_F0002_X30823.jpg", "0002_C6_F0002_X30823.jpg"):
        write_picture(root / "train/0001/0001" / stray, seed=0)
        with pytest.raises(InputError, match="train/0001/0001: its pictures must all show identity 0001 at one"):
            load_duke_video(root)
        (root / "train/0001/0001" / stray).unlink()
    (root / "query/0006").mkdir()
    with pytest.raises(InputError, match="query/0006: holds no folders"):
        load_duke_video(root)
