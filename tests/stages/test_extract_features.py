"""extract_features.py as a user runs it, and as a cluster kills it."""

import signal
import subprocess
import time
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest
from conftest import RunStage, stage_command


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


def test_features_follow_the_manifest(features: Path, tiny_world: Path) -> None:
    table = pd.read_csv(tiny_world / "manifest.csv")
    with h5py.File(features / "features.h5") as file:
        assert dict(file.attrs) == {"format": "streid-features", "version": 1, "dataset": "tiny", "model": "pcb"}
        assert sorted(file) == ["gallery", "query"]
        for name, group in file.items():
            rows = table[table["split"] == name]
            assert group["path"].asstr()[:].tolist() == rows["path"].tolist()
            assert group["pid"][:].tolist() == rows["pid"].tolist()
            assert group["time"][:].tolist() == rows["time"].tolist()
            assert group["features"].shape == (len(rows), 6 * 512)
            np.testing.assert_allclose(np.linalg.norm(group["features"][:], axis=1), 1, rtol=1e-5)
    assert not (features / "work").exists()


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
    assert "resuming from the shards" in done.stderr
    assert (tmp_path / "features.h5").read_bytes() == (features / "features.h5").read_bytes()


def test_bad_input_is_one_clear_line(run_stage: RunStage, tiny_world: Path, tiny_model: Path, tmp_path: Path) -> None:
    def refused(*more: object) -> str:
        error: str = run_stage(*arguments(tiny_world, tiny_model, tmp_path), *more, status=2).stderr.splitlines()[-1]
        assert not list(tmp_path.glob("*.h5"))
        return error

    assert "no such model; train it first" in refused("--model", tmp_path / "none.safetensors")
    assert "no such picture" in refused("--root", tmp_path)
    assert "no such manifest" in refused("--manifest", tmp_path / "none.csv")
