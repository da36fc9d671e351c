"""Part masks: all or none, PNG files of 8-bit labels, one for each picture trained on."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from streid.data.masks import digest_masks, mask_paths
from streid.errors import InputError

TABLE = pd.DataFrame(
    {"path": ["t/a.jpg", "t/b.jpg", "v/c.JPEG", "q/d.jpg"], "split": ["train", "train", "val", "query"]}
)


def write_masks(root: Path, *names: str) -> None:
    for seed, name in enumerate(names):
        (root / "masks" / name).parent.mkdir(parents=True, exist_ok=True)
        labels_HW = np.random.default_rng(seed).integers(0, 4, (8, 4), np.uint8)
        Image.fromarray(labels_HW).save(root / "masks" / name)


def test_masks_are_those_of_train_and_val() -> None:
    assert mask_paths(TABLE) == ["masks/t/a.png", "masks/t/b.png", "masks/v/c.png"]


def test_masks_are_used_where_every_picture_has_one(tmp_path: Path) -> None:
    assert digest_masks(TABLE, tmp_path, threads=1) == (None, [])
    write_masks(tmp_path, "t/a.png", "v/c.png")
    assert digest_masks(TABLE, tmp_path, threads=1) == (
        None,
        ["1 of 3 part masks are missing (first: masks/t/b.png), so none is used"],
    )
    write_masks(tmp_path, "t/b.png")
    kept: list[str] = []
    digest, warnings = digest_masks(TABLE, tmp_path, threads=1, keep=lambda path, _: kept.append(path))
    assert warnings == [] and digest is not None and kept == mask_paths(TABLE)
    write_masks(tmp_path, "x.png", "t/b.png")
    assert digest_masks(TABLE, tmp_path, threads=1)[0] != digest


@pytest.mark.parametrize("name", ["b.PNG", "b.bmp", "b.gif"])
def test_a_mask_with_another_ending_is_named(tmp_path: Path, name: str) -> None:
    write_masks(tmp_path, "t/a.png", "v/c.png", f"t/{name}")
    assert digest_masks(TABLE, tmp_path, threads=1)[1] == [
        f"1 of 3 part masks are missing (first: masks/t/b.png; {name} exists, but masks must end with .png), so none "
        "is used"
    ]


def test_pictures_with_one_name_but_for_the_ending_share_no_mask(tmp_path: Path) -> None:
    write_masks(tmp_path, "t/a.png")
    table = pd.DataFrame({"path": ["t/a.jpg", "t/a.bmp"], "split": ["train", "train"]})
    assert digest_masks(table, tmp_path, threads=1) == (
        None,
        ["several pictures have one part mask (masks/t/a.png), so none is used; rename the pictures"],
    )


def test_unreadable_masks_are_refused(tmp_path: Path) -> None:
    write_masks(tmp_path, "t/a.png", "t/b.png", "v/c.png")
    Image.new("RGB", (4, 8)).save(tmp_path / "masks" / "t" / "b.png")
    with pytest.raises(InputError, match=r"1 part masks cannot be read: masks/t/b\.png \(mode RGB, .* remove the fold"):
        digest_masks(TABLE, tmp_path, threads=2)
