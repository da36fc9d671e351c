"""Market-1501's names, its clock, and what its loader refuses."""

import json
from pathlib import Path

import pytest
from conftest import write_picture

from streid.data.market1501 import OFFICIAL_COUNTS, load_market1501, parse_name
from streid.errors import InputError


def test_names_are_parsed() -> None:
    assert parse_name("0002_c1s1_000451_03.jpg") == {"pid": 2, "camid": 1, "sequence": 1, "frame": 451, "box": 3}
    assert parse_name("-1_c6s4_030952_15.jpg.jpg")["pid"] == -1


@pytest.mark.parametrize("name", ["0002_c1s1_000451.jpg", "-2_c1s1_000451_03.jpg", "2_c1s1_000451_03.jpg", "a.jpg", ""])
def test_other_names_are_refused(name: str) -> None:
    with pytest.raises(InputError, match="not a Market-1501 picture name"):
        parse_name(name)


def test_rows_follow_the_tree(market_tree: Path) -> None:
    (market_tree / "query" / "Thumbs.db").touch()
    source = load_market1501(market_tree)
    table = source.table
    assert source.expected == OFFICIAL_COUNTS
    assert (source.own_tracklets, source.unit) == (False, "picture")
    assert table["split"].value_counts().to_dict() == {"train": 3, "gallery": 4, "query": 1}
    times = table.set_index("path")["time"]
    assert times["bounding_box_train/0002_c1s1_000451_03.jpg"] == 451
    # By hand: camera 2's first sequence is 163,691 frames long, camera 3's 161,708.
    assert times["bounding_box_train/0002_c2s2_000776_01.jpg"] == 163_691 + 776
    assert times["bounding_box_test/0001_c3s2_000301_00.jpg"] == 161_708 + 301
    assert set(table["pid"]) == {-1, 0, 1, 2, 7}


def test_a_tree_may_bring_its_own_sequence_lengths(market_tree: Path) -> None:
    (market_tree / "sequences.json").write_text(json.dumps({"1": [1000], "2": [500, 600], "3": [10, 20]}))
    source = load_market1501(market_tree)
    assert source.expected is None
    assert source.table.set_index("path")["time"]["bounding_box_train/0002_c2s2_000776_01.jpg"] == 500 + 776


@pytest.mark.parametrize(
    "content", ['{"a": [1]}', "{}", '{"1": 5}', '{"1": [-1]}', '{"1": [Infinity]}', '{"1": [1e300]}', '{"1": [null]}']
)
def test_unusable_sequence_lengths_are_refused(market_tree: Path, content: str) -> None:
    (market_tree / "sequences.json").write_text(content)
    with pytest.raises(InputError, match="length of each sequence"):
        load_market1501(market_tree)


def test_an_unknown_sequence_is_refused(market_tree: Path) -> None:
    write_picture(market_tree / "query" / "0001_c2s4_000001_00.jpg", seed=0)
    with pytest.raises(InputError, match="sequence 4 of camera 2 is unknown"):
        load_market1501(market_tree)


def test_missing_data_says_where_to_get_it(tmp_path: Path, market_tree: Path) -> None:
    with pytest.raises(InputError, match="no such data set. Market-1501 is offered by its authors"):
        load_market1501(tmp_path / "nothing")
    for picture in (market_tree / "query").iterdir():
        picture.unlink()
    with pytest.raises(InputError, match="query: holds no pictures"):
        load_market1501(market_tree)
