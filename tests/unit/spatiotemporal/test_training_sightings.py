"""Whose times are counted and who is held out."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from streid.errors import InputError
from streid.files.features import write_features
from streid.files.sightings import Sightings
from streid.spatiotemporal.training_sightings import training_of_features, training_of_manifest


def features_file(folder: Path, groups: Mapping[str, list[int]]) -> Path:
    """A features.h5 with one picture per identity named."""
    stored = {}
    for name, pids in groups.items():
        rows = np.arange(len(pids))
        paths = np.array([f"{name}/{row}.jpg" for row in rows], object)
        sightings = Sightings(pid_N=np.array(pids), camid_N=rows % 2, session_N=rows * 0, time_N=rows, path_N=paths)
        stored[name] = (sightings, [np.ones((len(pids), 2), np.float32)])
    write_features(folder / "f.h5", dataset="d", model="m", dimension=2, groups=stored)
    return folder / "f.h5"


def test_manifest_holds_out_the_identities_of_val_alone(tmp_path: Path) -> None:
    rows = (
        "a,train,3,1,0,0,",
        "b,train,5,1,0,0,",
        "c,val,5,1,0,0,",
        "d,val,9,1,0,0,",
        "e,val,7,1,0,0,",
        "f,query,1,1,0,0,",
    )
    (tmp_path / "m.csv").write_text("path,split,pid,camid,session,time,tracklet\n" + "\n".join(rows) + "\n")
    training = training_of_manifest(tmp_path / "m.csv")
    assert training.sightings.pid_N.tolist() == [3, 5, 5, 9, 7]
    assert training.held_out_H.tolist() == [7, 9]


def test_features_with_train_and_val(tmp_path: Path) -> None:
    path = features_file(tmp_path, {"train": [1, 2, 2], "val": [2, 8, 4, 8, 0], "query": [5], "gallery": [5]})
    training = training_of_features(path, seed=0)
    assert training.sightings.pid_N.tolist() == [1, 2, 2, 2, 8, 4, 8, 0]
    assert training.held_out_H.tolist() == [4, 8]


def test_every_second_identity_of_val_alone_is_held_out(tmp_path: Path) -> None:
    path = features_file(tmp_path, {"val": [*range(1, 12), 0, -1], "query": [50], "gallery": [50]})
    halves = [training_of_features(path, seed=seed).held_out_H for seed in (0, 0, 1)]
    assert [len(half) for half in halves] == [6, 6, 6]
    assert (np.diff(halves[0]) > 0).all()
    assert set(halves[0].tolist()) <= set(range(1, 12))
    np.testing.assert_array_equal(halves[0], halves[1])
    assert not np.array_equal(halves[0], halves[2])


def test_train_alone_holds_nobody_out(tmp_path: Path) -> None:
    path = features_file(tmp_path, {"train": [1, 2], "query": [5], "gallery": [5]})
    assert training_of_features(path, seed=0).held_out_H.tolist() == []


def test_features_of_the_test_side_alone_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="neither a group train nor a group val"):
        training_of_features(features_file(tmp_path, {"query": [5], "gallery": [5]}), seed=0)


@pytest.mark.parametrize("group", ["query", "gallery"])
@pytest.mark.parametrize("learned", ["train", "val"])
def test_tested_identities_are_not_counted(tmp_path: Path, learned: str, group: str) -> None:
    path = features_file(tmp_path, {learned: [1, 2, 0, -1], group: [2, 0, -1]})
    with pytest.raises(InputError, match=r"1 identities are trained on \(train, val\) and tested .*first: 2"):
        training_of_features(path, seed=0)
