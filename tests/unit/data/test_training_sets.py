"""Several data sets in one training: their people and cameras stay apart, their pictures are found."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from conftest import write_picture
from PIL import Image

from streid.data.manifest import write_manifest
from streid.data.picture_paths import mask_path
from streid.data.training_sets import PreparedSet, join_units, pair_up, read_training
from streid.data.units import make_units
from streid.errors import InputError
from streid.files.json_files import write_json

COLUMNS = ["path", "split", "pid", "camid", "session", "time", "tracklet"]
ROWS = [
    ("train/a.png", "train", 5, 1, 0, 10, 3),
    ("train/b.png", "train", 5, 1, 0, 20, 3),
    ("train/c.png", "train", 7, 2, 1, 5, 4),
    ("val/d.png", "val", 9, 1, 0, 1, 5),
    ("query/e.png", "query", 11, 1, 0, 1, -1),
]


def prepared(folder: Path, seed: int, rows: list[tuple[object, ...]] = ROWS, **summary: object) -> PreparedSet:
    """A data set whose pictures and masks tell it from others."""
    for number, (path, *_) in enumerate(rows):
        write_picture(folder / str(path), seed=100 * seed + number, size=(8, 16))
        mask = folder / mask_path(str(path))
        mask.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((16, 8), seed, np.uint8)).save(mask)
    write_manifest(folder / "manifest.csv", pd.DataFrame(rows, columns=COLUMNS))
    write_json(folder / "dataset.json", {"dataset": folder.name, **summary})
    return PreparedSet(manifest=folder / "manifest.csv", summary=folder / "dataset.json", root=folder)


def test_units_of_two_sets_by_hand() -> None:
    part = make_units(pd.DataFrame(ROWS[:3], columns=COLUMNS), "tracklet")
    joined = join_units([part, part])
    assert joined.paths == [
        ("0/train/a.png", "0/train/b.png"),
        ("0/train/c.png",),
        ("1/train/a.png", "1/train/b.png"),
        ("1/train/c.png",),
    ]
    assert joined.sightings.pid_N.tolist() == [10, 14, 11, 15]
    assert joined.sightings.camid_N.tolist() == [2, 4, 3, 5]
    assert joined.sightings.session_N.tolist() == [0, 2, 1, 3]
    assert joined.sightings.time_N.tolist() == [15, 5, 15, 5]
    assert joined.sightings.path_N.tolist() == ["0/train/a.png", "0/train/c.png", "1/train/a.png", "1/train/c.png"]


def test_two_sets_are_read_and_their_pictures_found(tmp_path: Path) -> None:
    sets = [prepared(tmp_path / name, seed, masks=True) for seed, name in enumerate(("one", "two"), 1)]
    pictures = read_training(sets, 1)
    assert pictures.datasets == ("one", "two")
    assert len(pictures.units) == 6
    assert len(set(pictures.units.sightings.pid_N)) == len(set(pictures.units.sightings.camid_N)) == 4
    # A held-out person's camera is that of the training pictures of the same set.
    assert pictures.held_out.paths == [("0/val/d.png",), ("1/val/d.png",)]
    assert pictures.held_out.sightings.camid_N.tolist() == [2, 3]
    for number, one in enumerate(sets):
        for path in ("train/a.png", "val/d.png"):
            own = Image.open(one.root / path).convert("RGB")
            assert np.array_equal(pictures.source.read(f"{number}/{path}"), own)
            assert pictures.source.bytes(f"{number}/{path}") == (one.root / path).read_bytes()
            assert set(np.asarray(pictures.source.read_mask(f"{number}/{path}")).flat) == {number + 1}
    assert pictures.masks
    (sets[1].root / "train/a.png").unlink()
    with pytest.raises(InputError, match=f"{re.escape(str(sets[1].root / 'train/a.png'))}: "):
        pictures.source.read("1/train/a.png")


def test_one_set_keeps_its_numbers_and_paths(tmp_path: Path) -> None:
    pictures = read_training([prepared(tmp_path / "one", 1)], 2)
    assert pictures.units.paths == [("train/a.png", "train/b.png"), ("train/c.png",)]
    assert pictures.units.sightings.pid_N.tolist() == [5, 7]
    assert pictures.held_out.paths == [("val/d.png",)]
    assert pictures.datasets == ("one",)
    assert not pictures.masks


def test_masks_count_only_where_every_set_has_them(tmp_path: Path) -> None:
    sets = [prepared(tmp_path / "one", 1, masks=True), prepared(tmp_path / "two", 2, masks=False)]
    assert not read_training(sets, 1).masks


def test_a_set_without_training_pictures_is_refused_among_several(tmp_path: Path) -> None:
    sets = [prepared(tmp_path / "one", 1), prepared(tmp_path / "two", 2, ROWS[3:])]
    with pytest.raises(InputError, match=r"two/manifest.csv: has no training pictures .split train.; leave the data s"):
        read_training(sets, 1)


def test_flags_are_paired_up() -> None:
    one, two = Path("a"), Path("b")
    assert pair_up([one, two], [two, one], [one, two], []) == [
        PreparedSet(manifest=one, summary=two, root=one),
        PreparedSet(manifest=two, summary=one, root=two),
    ]
    assert pair_up([one], [one], [one], [two]) == [PreparedSet(manifest=one, summary=one, root=one, packed=two)]
    with pytest.raises(InputError, match=r"--manifest names 2 data sets, --root 1; give one for each, in one order"):
        pair_up([one, two], [one, two], [one], [])
    with pytest.raises(InputError, match=r"--manifest names 2 data sets, --packed 1"):
        pair_up([one, two], [one, two], [one, two], [one])
    with pytest.raises(InputError, match="a: is given twice; name each data set once"):
        pair_up([one, one], [one, two], [one, two], [])
