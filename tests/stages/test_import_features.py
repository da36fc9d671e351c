"""import_features.py: features made elsewhere, taken over when they are of the manifest's pictures."""

from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest
from conftest import RunStage

from streid.files.features import read_features

COLUMNS = ("pid", "camid", "session", "time")
MANIFEST = """path,split,pid,camid,session,time,tracklet
a.jpg,train,1,1,0,10,1
b.jpg,val,2,1,0,20,2
c.jpg,query,3,1,0,30,3
d.jpg,query,4,2,0,,4
e.jpg,gallery,3,2,0,50,5
f.jpg,gallery,3,2,0,70,5
g.jpg,gallery,-1,2,0,80,6
"""
Change = Callable[[h5py.File], None]


def write_file(
    path: Path, table: pd.DataFrame, splits: tuple[str, ...] = ("query", "gallery")
) -> dict[str, np.ndarray]:
    """A features.h5 with each split's rows backwards and random features, returned in the manifest's order."""
    made = {}
    with h5py.File(path, "w") as file:
        file.attrs.update({"format": "streid-features", "version": 1, "dataset": "theirs", "model": "net"})
        for seed, split in enumerate(splits):
            rows = table[table["split"] == split]
            made[split] = np.random.default_rng(seed).normal(size=(len(rows), 5)).astype(np.float32)
            group = file.create_group(split)
            group["features"] = made[split][::-1]
            for name in COLUMNS:
                group[name] = rows[name].fillna(-1).to_numpy(np.int64)[::-1]
            group.create_dataset("path", data=rows["path"].tolist()[::-1], dtype=h5py.string_dtype())
    return made


def arguments(folder: Path) -> list[object]:
    return [
        *("import_features", "--features", folder / "F.h5", "--manifest", folder / "manifest.csv"),
        *("--dataset", "own", "--name", "osnet", "--output", folder / "features.h5", "--threads", 1),
    ]


@pytest.fixture
def table(tmp_path: Path) -> pd.DataFrame:
    (tmp_path / "manifest.csv").write_text(MANIFEST)
    return pd.read_csv(tmp_path / "manifest.csv")


def test_features_are_taken_over_under_the_data_sets_name(
    tmp_path: Path, table: pd.DataFrame, run_stage: RunStage
) -> None:
    made = write_file(tmp_path / "F.h5", table, ("query", "gallery", "val", "more"))
    done = run_stage(*arguments(tmp_path))
    assert "2 of query, 3 of gallery, 1 of val rows, 5 values each" in done.stderr
    taken = read_features(tmp_path / "features.h5", ("query", "gallery", "val"))
    assert (taken.dataset, taken.model, taken.unit) == ("own", "osnet", "picture")
    for split, group in taken.groups.items():
        np.testing.assert_array_equal(group.features_ND, made[split][::-1])
        assert group.sightings.path_N.tolist() == table.loc[table["split"] == split, "path"].tolist()[::-1]
    assert taken.groups["query"].sightings.time_N.tolist() == [-1, 30]


def test_a_row_may_be_a_tracklet(tmp_path: Path, table: pd.DataFrame, run_stage: RunStage) -> None:
    tracklets = table[table["path"] != "f.jpg"].assign(time=lambda rows: rows["time"].replace(50, 60))
    write_file(tmp_path / "F.h5", tracklets)
    with h5py.File(tmp_path / "F.h5", "a") as file:
        file.attrs["unit"] = "tracklet"
    assert "2 of query, 2 of gallery rows" in run_stage(*arguments(tmp_path)).stderr


def rename(file: h5py.File) -> None:
    file["query"]["path"][0] = "z.jpg"


def repeat(file: h5py.File) -> None:
    file["gallery"]["path"][0] = file["gallery"]["path"][1]


def move(file: h5py.File) -> None:
    file["gallery"]["camid"][0] = 7


def shorten(file: h5py.File) -> None:
    group = file["query"]
    for name in (*COLUMNS, "path", "features"):
        values = group[name][1:]
        del group[name]
        group[name] = values


def clear(file: h5py.File) -> None:
    file["gallery"]["features"][1] = 0


def drop(file: h5py.File) -> None:
    del file["gallery"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (rename, r"group query: 1 rows are not in this split of the manifest (first: z.jpg)"),
        (repeat, r"group gallery: 1 rows repeat another row's path"),
        (move, r"group gallery: camid of g.jpg is 7, in the manifest 2; take everything but the features"),
        (shorten, r"group query: 1 of the manifest's 2 rows have no features (first: d.jpg)"),
        (clear, r"group gallery: features of row 1 are all zero"),
        (drop, r"incomplete streid-features file"),
    ],
)
def test_what_does_not_fit_the_manifest_is_refused(
    tmp_path: Path, table: pd.DataFrame, run_stage: RunStage, change: Change, message: str
) -> None:
    write_file(tmp_path / "F.h5", table)
    with h5py.File(tmp_path / "F.h5", "a") as file:
        change(file)
    refusal = run_stage(*arguments(tmp_path), status=2).stderr
    assert f"error: {tmp_path}/F.h5: {message}" in refusal
    assert not (tmp_path / "features.h5").exists()


def test_queries_without_a_right_match_are_reported_and_a_test_without_any_is_refused(
    tmp_path: Path, table: pd.DataFrame, run_stage: RunStage
) -> None:
    write_file(tmp_path / "F.h5", table)
    assert "1 of 2 queries have no right match in the gallery (first: d.jpg)" in run_stage(*arguments(tmp_path)).stderr
    for changes, message in (
        ({"camid": 1}, "line 4: none of the 2 queries, the first of pid 3 in camera 1, has a right match"),
        ({"pid": 9}, "query and gallery have no pid in common"),
    ):
        table.assign(**{k: table[k].mask(table["split"] == "gallery", v) for k, v in changes.items()}).to_csv(
            tmp_path / "manifest.csv", index=False
        )
        assert message in run_stage(*arguments(tmp_path), status=2).stderr
