"""train_appearance.py as a user runs it, and as a cluster kills it."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import h5py
import pandas as pd
import pytest
import torch
from conftest import ROOT, RunStage, error_line, stage_command

from streid.appearance.appearance_model import retrieval_features
from streid.appearance.models import load_model
from streid.data.loading import EvaluationSet
from streid.data.picture_source import PictureSource
from streid.data.transforms import NetworkInput
from streid.stage.termination import STATUS, STOPPED

Arguments = Callable[[Path], list[object]]


def test_training_writes_model_and_history(tiny_model: Path) -> None:
    history = pd.read_csv(tiny_model / "training.csv")
    columns = ["epoch", "loss", "accuracy", "learning_rate", "pictures_per_second", "val_rank1", "val_mAP"]
    assert history.columns.tolist() == columns
    assert history["epoch"].tolist() == [1, 2, 3]
    assert history["loss"].gt(0).all()
    assert history[["val_rank1", "val_mAP"]].isna().all(axis=None)  # nobody is held out
    assert list((tiny_model / "work" / "tensorboard").iterdir())


@pytest.mark.parametrize("sent", [pytest.param(signal.SIGKILL, marks=pytest.mark.faults), signal.SIGTERM])
def test_a_stopped_training_ends_with_the_same_bytes(
    sent: signal.Signals, tiny_model: Path, train_arguments: Arguments, run_stage: RunStage, tmp_path: Path
) -> None:
    """SIGTERM, which a scheduler sends to the processes that read pictures as well, writes a checkpoint first."""
    often = 0 if sent == signal.SIGKILL else 3600
    command = stage_command(*train_arguments(tmp_path), "--checkpoint-seconds", often, "--workers", 1)  # type: ignore[arg-type]
    begun = tmp_path / "work" / ("checkpoint.pt" if sent == signal.SIGKILL else "tensorboard")
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True) as process:
        while process.poll() is None and not begun.exists():
            time.sleep(0.05)
        os.killpg(process.pid, sent)
        _, said = process.communicate(timeout=240)
    if sent == signal.SIGTERM:
        assert process.returncode == STATUS, said
        assert "SIGTERM: checkpoint written after step" in said
        assert said.splitlines()[-1] == STOPPED
    assert not (tmp_path / "model.safetensors").exists()
    done = run_stage(*train_arguments(tmp_path))
    assert "resumed after step" in done.stderr
    assert (tmp_path / "model.safetensors").read_bytes() == (tiny_model / "model.safetensors").read_bytes()
    columns = ["epoch", "loss", "accuracy", "learning_rate"]
    pd.testing.assert_frame_equal(
        pd.read_csv(tmp_path / "training.csv")[columns], pd.read_csv(tiny_model / "training.csv")[columns]
    )


def test_a_training_is_resumed_after_edits_that_it_does_not_run_and_with_other_threads(
    tiny_model: Path, train_arguments: Arguments, tmp_path: Path
) -> None:
    pipeline = shutil.copytree(ROOT / "pipeline", tmp_path / "pipeline", ignore=shutil.ignore_patterns("__pycache__"))
    for path in pipeline.rglob("*.py"):
        text = path.read_text(encoding="utf-8").replace('"""', '"""Another docstring. ', 1)
        path.write_text(f"# A comment.\n{text}", encoding="utf-8")
    for name in ("stgcn", "baseline"):
        with (pipeline / "streid" / "appearance" / f"{name}.py").open("a") as module:
            module.write("EDITED = True\n")
    shutil.copytree(tiny_model / "work", tmp_path / "work")
    command = [sys.executable, pipeline / "train_appearance.py", *train_arguments(tmp_path)[1:], "--threads", 2]
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, check=True)
    (steps,) = set(re.findall(r"resumed after step (\d+) of (\d+)", done.stderr))
    assert steps[0] == steps[1]
    assert (tmp_path / "model.safetensors").read_bytes() == (tiny_model / "model.safetensors").read_bytes()


def test_held_out_identities_are_validated_and_masks_are_not_read_for_pcb(
    tiny_world: Path, train_arguments: Arguments, run_stage: RunStage, tmp_path: Path
) -> None:
    summary = ("--summary", tmp_path / "dataset.json")
    run_stage(
        *("prepare_dataset", "--dataset", "tiny", "--format", "market1501", "--root", tiny_world / "data"),
        *("--manifest", tmp_path / "manifest.csv", *summary, "--holdout-identities", 2),
    )
    arguments = [*train_arguments(tmp_path), "--manifest", tmp_path / "manifest.csv", *summary]
    run_stage(*arguments, "--epochs", 2, "--max-steps", 3, "--validate-every", 2)
    history = pd.read_csv(tmp_path / "training.csv")
    assert history["val_mAP"].between(0, 1).tolist() == [True]
    assert history["val_rank1"].between(0, 1).tolist() == [True]


def test_two_data_sets_are_trained_on_together(
    tiny_world: Path, train_arguments: Arguments, run_stage: RunStage, tmp_path: Path
) -> None:
    """Of one tree, the second time with people held out: 6 and 4 to learn from."""
    summary = ("--summary", tmp_path / "dataset.json")
    run_stage(
        *("prepare_dataset", "--dataset", "again", "--format", "market1501", "--root", tiny_world / "data"),
        *("--manifest", tmp_path / "manifest.csv", *summary, "--holdout-identities", 2),
    )
    manifests = ("--manifest", tiny_world / "manifest.csv", tmp_path / "manifest.csv")
    summaries = ("--summary", tiny_world / "dataset.json", tmp_path / "dataset.json")
    short = ("--epochs", 1, "--max-steps", 1)
    arguments = [*train_arguments(tmp_path), *manifests, *summaries, *short]
    said = error_line(run_stage(*arguments, status=2).stderr)
    assert "--manifest names 2 data sets, --root 1; give one for each, in one order" in said
    run_stage(*arguments, "--root", tiny_world / "data", tiny_world / "data")
    _, config = load_model(tmp_path / "model.safetensors")
    assert config.identities == 10
    assert pd.read_csv(tmp_path / "training.csv")["val_mAP"].between(0, 1).all()


def test_bad_input_is_one_clear_line(run_stage: RunStage, train_arguments: Arguments, tmp_path: Path) -> None:
    def refused(*more: object) -> str:
        error = error_line(run_stage(*train_arguments(tmp_path), *more, status=2).stderr)
        assert not (tmp_path / "model.safetensors").exists()
        return error

    assert "no such weights file" in refused("--start-weights", tmp_path / "none.pth")
    assert "takes single pictures: set frames to 1" in refused("--frames", 4)
    assert "8 identities cannot be made from 6" in refused("--sampler", "pk", "--batch-size", 32)
    assert "no such manifest" in refused("--manifest", tmp_path / "none.csv")
    assert "no such picture" in refused("--root", tmp_path)
    assert "no usable GPU" in refused("--device", "cuda")


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ("--architecture swin", "one of baseline, bot, pcb"),
        ("--optimizer lion", "one of sgd, adam, adamw"),
        ("--head-rate 1e39", "a number above 0 and at most 1e+09"),
    ],
)
def test_a_bad_flag_says_what_it_must_be(
    run_stage: RunStage, train_arguments: Arguments, tmp_path: Path, words: str, wanted: str
) -> None:
    flag, value = words.split()
    said = run_stage(*train_arguments(tmp_path), flag, value, status=2).stderr.splitlines()[-1]
    assert f"error: argument {flag}: {value!r} given; it must be {wanted}" in said


def test_cameras_are_learned_and_reach_the_features(
    tiny_world: Path, train_arguments: Arguments, run_stage: RunStage, tmp_path: Path
) -> None:
    network = ("--architecture", "vit", "--backbone", "timm:test_vit", "--max-steps", 2, "--workers", 0)
    run_stage(*train_arguments(tmp_path), *network)
    model, config = load_model(tmp_path / "model.safetensors")
    table = pd.read_csv(tiny_world / "manifest.csv")
    assert list(config.cameras) == sorted(table.loc[table["split"] == "train", "camid"].unique())
    assert config.cameras_of == ("tiny",)
    run_stage(
        *("extract_features", "--manifest", tiny_world / "manifest.csv", "--summary", tiny_world / "dataset.json"),
        *("--root", tiny_world / "data", "--model", tmp_path / "model.safetensors", "--name", "vit", "--threads", 1),
        *("--output", tmp_path / "features.h5", "--work", tmp_path / "extraction", "--device", "cpu", "--workers", 0),
    )
    first = table[table["split"] == "query"].iloc[0]
    shown = EvaluationSet(PictureSource(tiny_world / "data"), [(first["path"],)], height=64, width=32)
    pictures = NetworkInput(torch.device("cpu"))(shown[0][None])
    with torch.inference_mode():
        expected = retrieval_features(
            model.eval(), pictures, torch.tensor([config.camera_rows("tiny")[first["camid"]]])
        )
        of_no_camera = retrieval_features(model, pictures)
    with h5py.File(tmp_path / "features.h5") as handle:
        found = torch.from_numpy(handle["query/features"][:1])
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)
    assert not torch.allclose(found, of_no_camera, rtol=1e-4, atol=1e-5)
