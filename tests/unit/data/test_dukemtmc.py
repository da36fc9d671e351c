"""DukeMTMC-reID's names and what its loader refuses."""

from pathlib import Path

import pytest
from conftest import write_picture
from dataset_trees import write_duke

from streid.data.dukemtmc import OFFICIAL_COUNTS, load_dukemtmc, parse_name
from streid.errors import InputError


def test_names_are_parsed() -> None:
    assert parse_name("0005_c2_f0046985.jpg") == {"pid": 5, "camid": 2, "frame": 46985}


@pytest.mark.parametrize(
    "name", ["0005_c9_f0046985.jpg", "0005_c2_0046985.jpg", "-1_c2_f0046985.jpg", "0005_c2_f046985.jpg", "a.jpg", ""]
)
def test_other_names_are_refused(name: str) -> None:
    with pytest.raises(InputError, match="not a DukeMTMC-reID picture name"):
        parse_name(name)


def test_rows_follow_the_tree(tmp_path: Path) -> None:
    source = load_dukemtmc(write_duke(tmp_path))
    rows = source.table.set_index("path")
    assert rows.loc["query/0005_c2_f0046985.jpg"].to_dict() == {
        "split": "query",
        "pid": 5,
        "camid": 2,
        "session": 0,
        "time": 46985,
        "tracklet": -1,
    }
    assert rows.loc["bounding_box_test/7140_c8_f0000051.jpg", "pid"] == 7140
    assert source.table["split"].value_counts().to_dict() == {"train": 4, "gallery": 2, "query": 1}
    assert (source.expected, source.own_tracklets, source.unit) == (OFFICIAL_COUNTS, False, "picture")


def test_what_cannot_be_used_is_refused_and_nothing_is_offered_for_download(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such data set. DukeMTMC-reID was withdrawn") as refusal:
        load_dukemtmc(tmp_path / "nothing")
    assert "http" not in str(refusal.value)
    write_picture(write_duke(tmp_path) / "query" / "holiday.jpg", seed=0)
    with pytest.raises(InputError, match=r"query: 'holiday\.jpg' is not a DukeMTMC-reID picture name"):
        load_dukemtmc(tmp_path)
