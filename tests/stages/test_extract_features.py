"""extract_features.py as a user runs it, and as a cluster kills it."""

import hashlib
import signal
import subprocess
import time
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest
from conftest import RunStage, edit_manifest, error_line, stage_command


def arguments(world: Path, model: Path, out: Path) -> list[object]:
    return [
        *("extract_features", "--manifest", world / "manifest.csv", "--summary", world / "dataset.json"),
        *("--root", world / "data", "--model", model / "model.safetensors", "--name", "pcb"),
        *("--output", out / "features.h5", "--work", out / "work", "--device", "cpu", "--threads", 1),
        *("--batch-size", 8),
    ]


@pytest.fixture(scope="module")
def features(tmp_path_factory: pytest.TempPathFactory, run_stage: RunStage, tiny_world: Path, tiny_model: Path) -> Path:
    folder = tmp_path_factory.mktemp("features")
    run_stage(*arguments(tiny_world, tiny_model, folder))
    return folder


def test_features_follow_the_manifest(features: Path, tiny_world: Path, tiny_model: Path) -> None:
    table = pd.read_csv(tiny_world / "manifest.csv")
    with h5py.File(features / "features.h5") as file:
        assert dict(file.attrs) == {"format": "streid-features", "version": 1} | {
            "dataset": "tiny",
            "model": "pcb",
            "unit": "picture",
            "weights_sha256": hashlib.sha256((tiny_model / "model.safetensors").read_bytes()).hexdigest(),
        }
        assert sorted(file) == ["gallery", "query"]
        for name, group in file.items():
            rows = table[table["split"] == name]
            assert group["path"].asstr()[:].tolist() == rows["path"].tolist()
            assert group["pid"][:].tolist() == rows["pid"].tolist()
            assert group["time"][:].tolist() == rows["time"].tolist()
            assert group["features"].shape == (len(rows), 6 * 512)
            np.testing.assert_allclose(np.linalg.norm(group["features"][:], axis=1), 1, rtol=1e-5)
    assert not (features / "work").exists()


@pytest.mark.faults
def test_killed_extraction_ends_with_the_same_bytes(
    features: Path, tiny_world: Path, tiny_model: Path, run_stage: RunStage, tmp_path: Path
) -> None:
    command = stage_command(*arguments(tiny_world, tiny_model, tmp_path))  # type: ignore[arg-type]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    while process.poll() is None and not list(tmp_path.glob("work/*.npy")):
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not (tmp_path / "features.h5").exists()
    done = run_stage(*arguments(tiny_world, tiny_model, tmp_path))
    assert "resuming from the chunks" in done.stderr
    assert (tmp_path / "features.h5").read_bytes() == (features / "features.h5").read_bytes()
    assert "features.h5 made by process " in run_stage(*arguments(tiny_world, tiny_model, tmp_path)).stderr


def test_merged_shards_are_the_same_bytes(
    features: Path, tiny_world: Path, tiny_model: Path, run_stage: RunStage, tmp_path: Path
) -> None:
    shards = [tmp_path / f"{shard}.h5" for shard in (1, 2)]
    for shard, path in enumerate(shards, start=1):
        out = ("--output", path, "--work", tmp_path / f"work{shard}", "--shard", shard, "--shards", 2)
        run_stage(*arguments(tiny_world, tiny_model, tmp_path), *out)
    run_stage("merge_features", "--shards", *reversed(shards), "--output", tmp_path / "features.h5")
    assert (tmp_path / "features.h5").read_bytes() == (features / "features.h5").read_bytes()
    refused = run_stage("merge_features", "--shards", shards[0], "--output", tmp_path / "half.h5", status=2)
    assert "the shards are numbers 1 of 2; every one is needed" in refused.stderr.splitlines()[-1]
    assert not (tmp_path / "half.h5").exists()


def test_tracklets_get_a_feature_each(
    tiny_world: Path, tiny_model: Path, features: Path, run_stage: RunStage, tmp_path: Path
) -> None:
    table = pd.read_csv(tiny_world / "manifest.csv")
    gallery = table[table["split"] == "gallery"]
    first, second = gallery[gallery["pid"] == gallery["pid"].max()].iloc[:2].index
    table["camid"] = table["camid"].mask(table.index == second, table.loc[first, "camid"])
    table["session"] = 0
    table["tracklet"] = pd.Series(5, index=[first, second]).reindex(table.index).astype("Int64")
    edit_manifest(table, tiny_world, tmp_path)
    more = ("--manifest", tmp_path / "manifest.csv", "--summary", tmp_path / "dataset.json", "--unit", "tracklet")
    run_stage(*arguments(tiny_world, tiny_model, tmp_path), *more)
    with h5py.File(tmp_path / "features.h5") as file, h5py.File(features / "features.h5") as single:
        assert file.attrs["unit"] == "tracklet"
        assert len(file["gallery"]["pid"]) == len(gallery) - 1
        (row,) = np.flatnonzero(file["gallery"]["path"].asstr()[:] == gallery.loc[first, "path"])
        paths = single["gallery"]["path"].asstr()[:].tolist()
        pair = [single["gallery"]["features"][paths.index(gallery.loc[index, "path"])] for index in (first, second)]
        mean = sum(pair) / np.linalg.norm(sum(pair))
        np.testing.assert_allclose(file["gallery"]["features"][row], mean, atol=1e-6)


def test_bad_input_is_one_clear_line(run_stage: RunStage, tiny_world: Path, tiny_model: Path, tmp_path: Path) -> None:
    def refused(*more: object) -> str:
        error = error_line(run_stage(*arguments(tiny_world, tiny_model, tmp_path), *more, status=2).stderr)
        assert not list(tmp_path.glob("*.h5"))
        return error

    assert "no such model; train it first" in refused("--model", tmp_path / "none.safetensors")
    assert "no such picture" in refused("--root", tmp_path)
    assert "no such manifest" in refused("--manifest", tmp_path / "none.csv")
    assert "--shard 3 is more than --shards 2" in refused("--shard", 3, "--shards", 2)
