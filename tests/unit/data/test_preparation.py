"""Preparing a data set: counts, warnings, held-out identities, unreadable pictures."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from conftest import write_picture

from streid.data import preparation
from streid.data.images import check_pictures, open_picture
from streid.errors import InputError


def prepare(root: Path, **changes: Any) -> tuple[pd.DataFrame, dict[str, Any]]:
    arguments: dict[str, Any] = {
        "dataset": "tiny",
        "source_format": "market1501",
        "root": root,
        "source_manifest": None,
        "holdout_identities": 0,
        "unreadable": "refuse",
        "seed": 0,
        "threads": 2,
    }
    return preparation.prepare_dataset(**arguments | changes)


def test_counts_and_official_numbers(market_tree: Path) -> None:
    _, summary = prepare(market_tree)
    assert summary["counts"]["train"] == {"pictures": 3, "identities": 2, "cameras": 2}
    assert summary["counts"]["gallery"] == {
        "pictures": 4,
        "identities": 1,
        "cameras": 3,
        "distractors": 1,
        "junk": 1,
    }
    assert "train: 3 pictures, officially 12,936" in summary["warnings"]
    assert len(summary["warnings"]) == 8
    assert (summary["cameras"], summary["sessions"], summary["pictures_with_time"]) == ([1, 2, 3], 1, 8)


def test_a_rendered_tree_of_official_names_is_no_real_data_set(market_tree: Path) -> None:
    assert prepare(market_tree)[1]["rendered"] is False
    (market_tree / "rendered.json").write_text("{}")
    summary = prepare(market_tree)[1]
    assert summary["rendered"] is True
    assert any("the pictures are rendered" in warning for warning in summary["warnings"])


def test_a_changed_picture_changes_the_digest(market_tree: Path) -> None:
    before = prepare(market_tree)[1]["digest"]
    assert prepare(market_tree)[1]["digest"] == before
    write_picture(market_tree / "query" / "0001_c1s1_001051_00.jpg", seed=99)
    assert prepare(market_tree)[1]["digest"] != before


def test_held_out_identities_become_val(market_tree: Path) -> None:
    table, summary = prepare(market_tree, holdout_identities=1)
    assert summary["counts"]["val"]["identities"] == 1
    assert summary["counts"]["train"]["identities"] == 1
    assert not set(table.loc[table["split"] == "val", "pid"]) & set(table.loc[table["split"] == "train", "pid"])
    again, _ = prepare(market_tree, holdout_identities=1)
    pd.testing.assert_frame_equal(table, again)
    with pytest.raises(InputError, match="cannot hold out 2 of 2"):
        prepare(market_tree, holdout_identities=2)


def test_unreadable_pictures_are_refused_or_skipped(market_tree: Path) -> None:
    broken = market_tree / "bounding_box_train" / "0007_c1s1_000501_01.jpg"
    broken.write_bytes(broken.read_bytes()[:200])
    (market_tree / "query" / "0001_c2s1_000001_00.jpg").touch()
    with pytest.raises(InputError, match=r"2 pictures cannot be read: bounding_box_train/0007_c1s1_000501_01.jpg"):
        prepare(market_tree)
    table, summary = prepare(market_tree, unreadable="skip")
    assert summary["skipped_files"] == [
        "bounding_box_train/0007_c1s1_000501_01.jpg",
        "query/0001_c2s1_000001_00.jpg",
    ]
    assert len(table) == 7
    assert "2 unreadable pictures were skipped" in summary["warnings"]


def test_missing_pictures_of_a_manifest_are_named(tmp_path: Path) -> None:
    problems, _ = check_pictures(tmp_path, ["a.jpg"], threads=1)
    assert problems == {"a.jpg": "no such file"}
    with pytest.raises(InputError, match=r"a\.jpg: no such picture"):
        open_picture(tmp_path, "a.jpg")


def test_a_manifest_of_ones_own(tmp_path: Path) -> None:
    rows = ["path,split,pid,camid,session,time,tracklet"]
    for number, split in enumerate(("train", "query", "gallery")):
        write_picture(tmp_path / f"my pictures/{split}.jpg", seed=number)
        rows.append(f"my pictures/{split}.jpg,{split},{1 if split == 'train' else 2},4,0,,")
    (tmp_path / "mine.csv").write_text("\n".join(rows))
    _, summary = prepare(tmp_path, source_format="manifest", source_manifest=tmp_path / "mine.csv")
    assert summary["expected"] is None
    assert summary["warnings"] == [
        "3 of 3 pictures have no time: appearance alone decides for them",
        "all pictures are from one camera: no query can have a right match in another",
    ]
    (tmp_path / "mine.csv").write_text("\n".join(rows[:-1]))
    with pytest.raises(InputError, match="no pictures for gallery"):
        prepare(tmp_path, source_format="manifest", source_manifest=tmp_path / "mine.csv")
