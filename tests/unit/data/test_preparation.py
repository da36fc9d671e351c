"""Preparing a data set: counts, warnings, held-out identities, unreadable pictures."""

from collections.abc import Callable
from itertools import cycle
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from conftest import write_picture
from dataset_trees import write_duke, write_duke_video, write_mars, write_msmt17, write_msmt17_copy
from PIL import Image

from streid.data import preparation
from streid.data.manifest import read_manifest, write_manifest
from streid.data.picture_source import PictureSource
from streid.data.prepare_settings import PrepareSettings
from streid.errors import InputError

FORMAT_OF = {
    write_duke: "dukemtmc",
    write_msmt17: "msmt17",
    write_msmt17_copy: "msmt17",
    write_mars: "mars",
    write_duke_video: "duke_video",
}
SETTINGS = PrepareSettings.model_fields.keys() - {"pack"}


def prepare(root: Path, **changes: Any) -> tuple[pd.DataFrame, dict[str, Any]]:
    arguments: dict[str, Any] = {
        "dataset": "tiny",
        "source_format": "market1501",
        "root": root,
        "source_manifest": None,
        "threads": 2,
    }
    settings = {key: changes.pop(key) for key in SETTINGS & changes.keys()}
    given = PrepareSettings(**settings)
    return preparation.prepare_dataset(**arguments | changes | {"settings": given})


def test_counts_and_official_numbers(market_tree: Path) -> None:
    _, summary = prepare(market_tree)
    assert summary["counts"]["train"] == {
        "pictures": 3,
        "identities": 2,
        "cameras": 2,
        "tracklets": 3,
    }
    assert summary["counts"]["gallery"] == {
        "pictures": 4,
        "identities": 1,
        "cameras": 3,
        "tracklets": 4,
        "distractors": 1,
        "distractor_tracklets": 1,
        "junk": 1,
        "junk_tracklets": 1,
    }
    assert "train: 3 pictures, officially 12,936" in summary["warnings"]
    assert summary["warnings"][8:] == [
        "1 of 5 pictures of query and gallery come from cameras without a picture of train or val (first: camera 3): "
        "their times cannot be used, and only appearance counts"
    ]
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


def test_every_unreadable_picture_is_listed_and_others_are_read_alike_everywhere(
    market_tree: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = market_tree / "bounding_box_test"
    whole = (folder / "0001_c1s1_001051_03.jpg").read_bytes()
    contents = (b"", b"<html>", whole[:-50], b"%!PS-Adobe-3.0 EPSF-3.0\n", b"II*\0", b"GIF89a", b"BM", b"\xff\xd8")
    bad = [f"0001_c1s1_{frame:06d}_00.jpg" for frame in range(len(contents))]
    for name, content in zip(bad, contents, strict=True):
        (folder / name).write_bytes(content)
    turned = "0001_c2s1_000077_00.jpg"
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("CMYK", (20, 10), (255, 0, 0, 0)).save(folder / turned, exif=exif)
    (folder / f"._{turned}").write_bytes(b"what another system keeps beside a file")
    with pytest.raises(InputError, match=r"8 pictures cannot be read: .* and 3 more, all listed above; repair or"):
        prepare(market_tree)
    assert [f"unreadable: bounding_box_test/{name}: " in caplog.text for name in bad] == [True] * 8
    _, summary = prepare(market_tree, unreadable="skip", pack=tmp_path / "pictures.h5")
    assert summary["skipped_files"] == [f"bounding_box_test/{name}" for name in bad]
    for source in (PictureSource(market_tree), PictureSource(market_tree, tmp_path / "pictures.h5")):
        pixels_HWC = np.asarray(source.read(f"bounding_box_test/{turned}"), np.int64)
        assert pixels_HWC.shape == (20, 10, 3)
        assert np.abs(pixels_HWC - (0, 255, 255)).max() < 20


def test_missing_pictures_of_a_manifest_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"a\.jpg: no such picture"):
        PictureSource(tmp_path).read("a.jpg")


HEADER = "path,split,pid,camid,session,time,tracklet"
OWN_ROWS = (
    "cam1/a.jpg,train,1,1,0,5,",
    "cam2/b.jpg,train,1,2,0,9,",
    "cam1/c.jpg,train,2,1,0,6,",
    "cam1/d.jpg,query,3,1,0,7,",
    "cam2/e.jpg,gallery,3,2,0,8,",
)


def prepare_own(root: Path, *rows: str, **changes: Any) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Prepare a manifest of these rows, its pictures made where they are not there; the first row is line 2."""
    for number, row in enumerate(rows):
        path = root / row.partition(",")[0]
        if not path.exists():
            write_picture(path, seed=number, size=(16, 32))
    (root / "mine.csv").write_text("\n".join([HEADER, *rows]))
    return prepare(root, source_format="manifest", source_manifest=root / "mine.csv", **changes)


def test_a_manifest_of_ones_own(tmp_path: Path) -> None:
    table, summary = prepare_own(tmp_path, *OWN_ROWS)
    assert table["path"].tolist() == ["cam1/a.jpg", "cam2/b.jpg", "cam1/c.jpg", "cam1/d.jpg", "cam2/e.jpg"]
    assert (summary["expected"], summary["warnings"]) == (None, [])
    for rows, missing in ((OWN_ROWS[:4], "gallery"), (OWN_ROWS[3:], "train")):
        with pytest.raises(InputError, match=rf"mine\.csv: no pictures for {missing}; a data set needs train, query"):
            prepare_own(tmp_path, *rows)


def test_paths_of_one_file_may_not_contradict_each_other(tmp_path: Path) -> None:
    """The file is the same by a link of either kind, and whether the rows are of two splits or of one."""
    prepare_own(tmp_path, *OWN_ROWS)
    (tmp_path / "cam3").symlink_to("cam1")
    (tmp_path / "hard.jpg").hardlink_to(tmp_path / "cam2" / "e.jpg")
    for row, message in (
        (
            "cam3/d.jpg,gallery,3,4,0,7,",
            r"lines 5 and 7: cam3/d\.jpg \(the same file as cam1/d\.jpg\) is listed with camid",
        ),
        (
            "cam3/a.jpg,gallery,9,1,0,5,",
            r"lines 2 and 7: cam3/a\.jpg \(the same file as cam1/a\.jpg\) is listed with pid 1",
        ),
        (
            "hard.jpg,gallery,3,2,0,8,",
            r"lines 6 and 7: hard\.jpg \(the same file as cam2/e\.jpg\) is listed twice in spl",
        ),
    ):
        with pytest.raises(InputError, match=message):
            prepare_own(tmp_path, *OWN_ROWS, row)
    assert len(prepare_own(tmp_path, *OWN_ROWS, "cam3/d.jpg,gallery,3,1,0,7,")[0]) == 6


def test_copies_that_contradict_each_other_are_reported(tmp_path: Path) -> None:
    prepare_own(tmp_path, *OWN_ROWS)
    (tmp_path / "copy.jpg").write_bytes((tmp_path / "cam1" / "d.jpg").read_bytes())
    _, summary = prepare_own(tmp_path, *OWN_ROWS, "copy.jpg,gallery,3,2,0,9,")
    assert summary["warnings"] == [
        f"{tmp_path / 'mine.csv'}, lines 5 and 7: copy.jpg (a copy of cam1/d.jpg) is listed with camid 1 and 2; keep "
        "the correct row (1 such rows)"
    ]
    assert prepare_own(tmp_path, *OWN_ROWS, "copy.jpg,gallery,3,1,0,9,")[1]["warnings"] == []


def test_a_test_without_right_matches_is_refused_before_a_picture_is_read(tmp_path: Path) -> None:
    rows = [*OWN_ROWS[:3], "none.jpg,query,3,1,0,7,", "gone.jpg,gallery,3,1,0,8,"]
    (tmp_path / "mine.csv").write_text("\n".join([HEADER, *rows]))
    with pytest.raises(InputError, match=r"mine\.csv, line 5: none of the 1 queries, the first of pid 3 in camera 1"):
        prepare(tmp_path, source_format="manifest", source_manifest=tmp_path / "mine.csv")


def test_queries_without_a_right_match_are_reported(tmp_path: Path) -> None:
    row = "f.jpg,query,3,2,0,9,"
    assert prepare_own(tmp_path, *OWN_ROWS, row)[1]["warnings"] == [
        "1 of 2 queries have no right match in the gallery (first: f.jpg): they are left out of the figures"
    ]
    # Line numbers and counts stay those of the manifest where unreadable pictures are skipped.
    (tmp_path / "cam2" / "e.jpg").write_bytes(b"")
    with pytest.raises(InputError, match=r"mine\.csv: no pictures for gallery"):
        prepare_own(tmp_path, *OWN_ROWS, unreadable="skip")
    (tmp_path / "cam1" / "a.jpg").write_bytes(b"")
    with pytest.raises(InputError, match=r"mine\.csv, line 5: none of the 1 queries"):
        prepare_own(tmp_path, *OWN_ROWS, "g.jpg,gallery,4,2,0,9,", unreadable="skip")


def test_numbers_of_nobody_are_refused_in_names(market_tree: Path) -> None:
    for number in ("0000", "-1"):
        name = f"{number}_c1s1_001051_00.jpg"
        write_picture(market_tree / "query" / name, seed=90)
        with pytest.raises(InputError, match=rf"market: query/{name}: pid is {int(number)} .* numbered from 1"):
            prepare(market_tree)
        (market_tree / "query" / name).unlink()


def test_trackers_numbers_that_start_anew_are_made_unique(tmp_path: Path) -> None:
    rows = [
        *("a1.jpg,train,1,1,0,1,0", "a2.jpg,train,1,1,0,2,0", "b.jpg,train,1,2,0,5,0", "c.jpg,train,2,1,0,9,1"),
        *("d.jpg,query,3,1,0,1,0", "e.jpg,gallery,3,2,0,4,0", "f.jpg,gallery,4,1,0,5,0", "g.jpg,gallery,4,1,1,5,0"),
    ]
    table, summary = prepare_own(tmp_path, *rows)
    # By camera, session and number, train before test: 1/0/0, 1/0/1, 2/0/0; test 1/0/0, 1/1/0, 2/0/0.
    assert table["tracklet"].tolist() == [3, 3, 5, 4, 0, 2, 0, 1]
    counts = {split: count["tracklets"] for split, count in summary["counts"].items()}
    assert counts == {"train": 3, "query": 1, "gallery": 3}
    with pytest.raises(
        InputError,
        match=r"mine\.csv, lines 2 and 10: tracklet 0 of camera 1, session 0 shows pid 1 and 7 \(1 such rows\)",
    ):
        prepare_own(tmp_path, *rows, "h.jpg,train,7,1,0,3,0")


def test_spellings_of_paths_become_those_of_the_files(tmp_path: Path) -> None:
    prepare_own(tmp_path, *OWN_ROWS)
    rows = [row.replace("/", "\\") for row in OWN_ROWS]
    (tmp_path / "mine.csv").write_text("\n".join([HEADER, *rows]))
    table, _ = prepare(tmp_path, source_format="manifest", source_manifest=tmp_path / "mine.csv")
    assert table["path"].tolist() == ["cam1/a.jpg", "cam2/b.jpg", "cam1/c.jpg", "cam1/d.jpg", "cam2/e.jpg"]


@pytest.mark.parametrize("write", FORMAT_OF)
def test_pictures_with_other_endings_are_read_in_every_format(tmp_path: Path, write: Callable[[Path], Path]) -> None:
    """Every second picture is called otherwise, in the lists as well; the manifest holds all, as it did before."""
    root = write(tmp_path)
    before, _ = prepare(root, source_format=FORMAT_OF[write])
    endings = cycle([".jpeg", ".JPG", ".png", ".webp"])
    renamed = {path: path.with_suffix(next(endings)) for path in sorted(root.rglob("*.jpg"))[::2]}
    for path, other in renamed.items():
        Image.open(path).save(other)
        path.unlink()
    for listing in root.rglob("*.txt"):
        text = listing.read_text()
        for path, other in renamed.items():
            text = text.replace(path.name, other.name)
        listing.write_text(text)
    table, summary = prepare(root, source_format=FORMAT_OF[write])
    names = {path.relative_to(root).as_posix(): other.relative_to(root).as_posix() for path, other in renamed.items()}
    assert sorted(table["path"]) == sorted(names.get(path, path) for path in before["path"])
    assert not any("left out" in warning for warning in summary["warnings"])


@pytest.mark.parametrize("write", [write_duke, write_msmt17_copy, write_duke_video])
def test_what_is_left_out_of_a_tree_is_reported(tmp_path: Path, write: Callable[[Path], Path]) -> None:
    root = write(tmp_path)
    (next(root.rglob("*.jpg")).parent / "notes.txt").touch()
    warnings = prepare(root, source_format=FORMAT_OF[write])[1]["warnings"]
    assert any(warning.startswith("1 files or folders that are not pictures were left out (f") for warning in warnings)


@pytest.mark.parametrize(
    ("write", "grouped", "first_warning"),
    [
        (write_duke, ("oracle", "picture"), "train: 4 pictures, officially 16,522"),
        (write_msmt17, ("oracle", "picture"), "train: 3 pictures, officially 32,621"),
        (write_msmt17_copy, ("oracle", "picture"), "train: 2 pictures, officially 32,621"),
        (write_mars, ("own", "tracklet"), "train: 3 tracklets, officially 8,298"),
        (write_duke_video, ("own", "tracklet"), "train: 2 tracklets, officially 2,196"),
    ],
)
def test_every_format_is_prepared(
    tmp_path: Path, write: Callable[[Path], Path], grouped: tuple[str, str], first_warning: str
) -> None:
    table, summary = prepare(write(tmp_path), source_format=FORMAT_OF[write])
    assert (summary["tracklets"], summary["unit"], summary["masks"]) == (*grouped, False)
    assert summary["warnings"][0] == first_warning
    assert (table["tracklet"] >= 0).all()
    write_manifest(tmp_path / "manifest.csv", table)
    again = read_manifest(tmp_path / "manifest.csv")
    assert len(again) == len(table)


def test_queries_in_the_gallery_are_counted_in_both(tmp_path: Path) -> None:
    _, summary = prepare(write_mars(tmp_path), source_format="mars")
    assert summary["counts"]["query"] == {"pictures": 5, "identities": 1, "cameras": 2, "tracklets": 2}
    assert summary["counts"]["gallery"] == {
        "pictures": 9,
        "identities": 2,
        "cameras": 4,
        "tracklets": 5,
        "distractors": 1,
        "distractor_tracklets": 1,
        "junk": 2,
        "junk_tracklets": 1,
    }
    assert "gallery: 5 tracklets, officially 12,180" in summary["warnings"]
    assert "gallery: 1 junk tracklets, officially 870" in summary["warnings"]
    assert any("no spatial-temporal stream" in warning for warning in summary["warnings"])
    assert summary["pictures_with_time"] == 0


def test_a_validation_list_is_no_place_for_held_out_identities(tmp_path: Path) -> None:
    write_msmt17(tmp_path)
    _, summary = prepare(tmp_path, source_format="msmt17", validation_list="val")
    assert summary["counts"]["val"]["pictures"] == 1
    with pytest.raises(InputError, match=r"already has a split val; set prepare\.holdout_identities to 0"):
        prepare(tmp_path, source_format="msmt17", validation_list="val", holdout_identities=1)


def test_passes_become_tracklets(tmp_path: Path) -> None:
    write_duke(tmp_path)
    by_pass, _ = prepare(tmp_path, source_format="dukemtmc", pass_gap=120)
    assert by_pass["tracklet"].tolist()[:4] == [0, 0, 1, 2]
    by_camera, _ = prepare(tmp_path, source_format="dukemtmc", pass_gap=0)
    assert by_camera["tracklet"].tolist()[:4] == [0, 0, 0, 1]


def test_tracklets_of_ones_own_manifest_are_respected(tmp_path: Path) -> None:
    for name in ("a", "b", "c", "d"):
        write_picture(tmp_path / f"{name}.jpg", seed=ord(name))
    rows = ["a.jpg,train,1,1,0,5,{}", "b.jpg,train,1,1,0,6,", "c.jpg,query,2,1,0,5,", "d.jpg,gallery,2,2,0,9,"]
    for own, expected, kind in (("7", [7, -1, -1, -1], "own"), ("", [0, 0, 1, 2], "oracle")):
        content = "\n".join(["path,split,pid,camid,session,time,tracklet", *rows]).format(own)
        (tmp_path / "mine.csv").write_text(content)
        table, summary = prepare(tmp_path, source_format="manifest", source_manifest=tmp_path / "mine.csv")
        assert (table["tracklet"].tolist(), summary["tracklets"]) == (expected, kind)


def test_masks_are_noted_when_every_training_picture_has_one(market_tree: Path, tmp_path: Path) -> None:
    pictures = sorted((market_tree / "bounding_box_train").iterdir())
    plain = prepare(market_tree)[1]
    for number, picture in enumerate(pictures):
        summary = prepare(market_tree)[1]
        assert summary["masks"] is False
        said = [warning for warning in summary["warnings"] if "part masks" in warning]
        expected = f"{3 - number} of 3 part masks are missing (first: masks/bounding_box_train/{picture.stem}.png), "
        assert said == ([f"{expected}so none is used"] if number else [])
        mask = market_tree / "masks" / "bounding_box_train" / f"{picture.stem}.png"
        mask.parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (64, 128), 3).save(mask)
    summary = prepare(market_tree, pack=tmp_path / "pictures.h5")[1]
    assert summary["masks"] is True
    assert not any("part mask" in warning for warning in summary["warnings"])
    assert summary["digest"] != plain["digest"]
    source = PictureSource(market_tree, tmp_path / "pictures.h5")
    assert set(source.read_mask(f"bounding_box_train/{pictures[0].name}").tobytes()) == {3}
    mask.write_bytes(b"no mask")
    with pytest.raises(InputError, match=r"1 part masks cannot be read: masks/bounding_box_train/0007.*repair them"):
        prepare(market_tree)


def test_masks_are_packed_where_only_skipped_pictures_have_none(market_tree: Path, tmp_path: Path) -> None:
    pictures = sorted((market_tree / "bounding_box_train").iterdir())
    (market_tree / "masks" / "bounding_box_train").mkdir(parents=True)
    # Noise: masks that take more room than an index would leave.
    labels = np.random.default_rng(0).integers(0, 9, (len(pictures), 128, 64), np.uint8)
    for picture, own in zip(pictures[:-1], labels, strict=False):
        Image.fromarray(own).save(market_tree / "masks" / "bounding_box_train" / f"{picture.stem}.png")
    pictures[-1].write_bytes(pictures[-1].read_bytes()[:200])
    _, summary = prepare(market_tree, unreadable="skip", pack=tmp_path / "pictures.h5")
    assert summary["masks"] is True
    source = PictureSource(market_tree, tmp_path / "pictures.h5")
    for picture, own in zip(pictures[:-1], labels, strict=False):
        assert np.array_equal(source.read_mask(f"bounding_box_train/{picture.name}"), own)


@pytest.mark.parametrize("write", [write_mars, write_duke_video])
def test_a_pack_holds_every_picture_once(tmp_path: Path, write: Callable[[Path], Path]) -> None:
    root = write(tmp_path / "tree")
    source_format = FORMAT_OF[write]
    table, summary = prepare(root, source_format=source_format, pack=tmp_path / "pictures.h5")
    assert summary == prepare(root, source_format=source_format)[1]
    source = PictureSource(tmp_path, tmp_path / "pictures.h5")
    for path in table["path"]:
        assert source.bytes(path) == (root / path).read_bytes()
    assert (tmp_path / "pictures.h5").stat().st_size < 20_000 + sum(p.stat().st_size for p in root.rglob("*.jpg"))


def test_skipped_pictures_are_not_packed_and_refused_ones_leave_no_pack(market_tree: Path, tmp_path: Path) -> None:
    broken = market_tree / "bounding_box_train" / "0007_c1s1_000501_01.jpg"
    broken.write_bytes(broken.read_bytes()[:200])
    with pytest.raises(InputError, match="1 pictures cannot be read"):
        prepare(market_tree, pack=tmp_path / "out" / "pictures.h5")
    assert list((tmp_path / "out").iterdir()) == []
    table, _ = prepare(market_tree, unreadable="skip", pack=tmp_path / "out" / "pictures.h5")
    source = PictureSource(market_tree, tmp_path / "out" / "pictures.h5")
    assert all(source.read(path) for path in table["path"])
    with pytest.raises(InputError, match="does not hold bounding_box_train/0007"):
        source.read("bounding_box_train/0007_c1s1_000501_01.jpg")
