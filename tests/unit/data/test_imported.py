"""Features made elsewhere: taken when their rows are the manifest's, refused before scoring where scoring would."""

from pathlib import Path

import numpy as np
import pytest

from streid.data.imported import read_imported
from streid.data.manifest import COLUMNS, read_manifest
from streid.data.units import make_units
from streid.errors import InputError
from streid.files.features import write_features

ROWS = ("a.jpg,val,9,1,0,1,", "b.jpg,query,1,1,0,3,", "c.jpg,gallery,1,2,0,5,", "d.jpg,gallery,-1,2,0,,")


def manifest(folder: Path, *rows: str) -> Path:
    (folder / "m.csv").write_text("\n".join([",".join(COLUMNS), *(rows or ROWS)]))
    return folder / "m.csv"


def features(folder: Path, splits: tuple[str, ...] = ("query", "gallery"), zero_row: int | None = None) -> Path:
    """Features of the manifest's splits, a row of the gallery all zeros if asked for."""
    table = read_manifest(manifest(folder))
    groups = {}
    for split in splits:
        pictures = make_units(table[table["split"] == split], "picture").sightings
        values_ND = np.arange(1, 3 * len(pictures) + 1, dtype=np.float32).reshape(-1, 3)
        if split == "gallery" and zero_row is not None:
            values_ND[zero_row] = 0
        groups[split] = (pictures, [values_ND])
    write_features(folder / "F.h5", dataset="theirs", model="net", dimension=3, groups=groups)
    return folder / "F.h5"


def test_the_manifests_rows_are_taken(tmp_path: Path) -> None:
    taken = read_imported(features(tmp_path), tmp_path / "m.csv")
    assert {name: len(group.sightings) for name, group in taken.groups.items()} == {"query": 1, "gallery": 2}
    assert taken.groups["gallery"].features_ND.tolist() == [[1, 2, 3], [4, 5, 6]]
    assert set(read_imported(features(tmp_path, ("query", "gallery", "val")), tmp_path / "m.csv").groups) == {
        *("query", "gallery", "val")
    }


def test_features_without_a_direction_are_refused_here_already(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"F\.h5: group gallery: features of row 1 are all zero"):
        read_imported(features(tmp_path, zero_row=1), tmp_path / "m.csv")


def test_a_test_without_right_matches_is_refused_here_already(tmp_path: Path) -> None:
    path = features(tmp_path)
    other_person = manifest(tmp_path, *ROWS[:2], "c.jpg,gallery,5,2,0,5,")
    with pytest.raises(InputError, match=r"m\.csv, line 3: none of the 1 queries, the first of pid 1 in camera 1"):
        read_imported(path, other_person)


def test_single_queries_without_a_match_are_reported(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = features(tmp_path)
    with pytest.raises(InputError, match="1 of the manifest's 2 rows have no features"):
        read_imported(path, manifest(tmp_path, *ROWS, "e.jpg,query,7,1,0,3,"))
    assert "1 of 2 queries have no right match in the gallery (first: e.jpg)" in caplog.text


def test_what_differs_from_the_manifest_is_named(tmp_path: Path) -> None:
    path = features(tmp_path)
    with pytest.raises(InputError, match=r"camid of c\.jpg is 2, in the manifest 3; take everything but the features"):
        read_imported(path, manifest(tmp_path, *ROWS[:2], "c.jpg,gallery,1,3,0,5,", ROWS[3]))
