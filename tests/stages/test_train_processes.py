"""train_appearance.py in several processes: what a step sees, exact resume, and nothing left behind by kill -9."""

import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from conftest import RunStage, stage_command

Arguments = Callable[[Path], list[object]]
PATIENCE = 240.0


def in_two_processes(train_arguments: Arguments, folder: Path) -> list[object]:
    """Arguments of a training by two processes with everything a checkpoint has to hold."""
    return [
        *train_arguments(folder),
        *("--processes", 2, "--threads", 2, "--sampler", "pk", "--triplet", "euclidean", "--batch-size", 8),
        *("--ema-decay", 0.9, "--accumulate", 2, "--clip-norm", 5, "--max-steps", 8),
        *("--freeze-epochs", 1, "--epochs", 2, "--workers", 1),
    ]


def running(folder: Path) -> list[str]:
    """The processes whose command line names a folder."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command = path.read_bytes()
        except OSError:
            continue
        if str(folder).encode() in command:
            found.append(path.parent.name)
    return found


def wait_until(condition: Callable[[], object]) -> bool:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory, train_arguments: Arguments, run_stage: RunStage) -> Path:
    folder = tmp_path_factory.mktemp("two")
    run_stage(*in_two_processes(train_arguments, folder))
    return folder


def test_killed_processes_leave_nothing_and_end_with_the_same_bytes(
    undisturbed: Path, train_arguments: Arguments, run_stage: RunStage, tmp_path: Path
) -> None:
    command = stage_command(*in_two_processes(train_arguments, tmp_path))  # type: ignore[arg-type]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    checkpoint = tmp_path / "work" / "checkpoint.pt"
    try:
        assert wait_until(checkpoint.exists)
        assert len(running(tmp_path)) >= 3
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert wait_until(lambda: not running(tmp_path)), running(tmp_path)
    assert not (tmp_path / "model.safetensors").exists()
    done = run_stage(*in_two_processes(train_arguments, tmp_path))
    assert "resumed after step" in done.stderr
    assert (tmp_path / "model.safetensors").read_bytes() == (undisturbed / "model.safetensors").read_bytes()
    columns = ["epoch", "loss", "accuracy", "learning_rate"]
    pd.testing.assert_frame_equal(
        pd.read_csv(tmp_path / "training.csv")[columns], pd.read_csv(undisturbed / "training.csv")[columns]
    )


def test_what_a_process_refuses_is_one_clear_line(
    train_arguments: Arguments, run_stage: RunStage, tmp_path: Path
) -> None:
    done = run_stage(*train_arguments(tmp_path), "--processes", 3, status=2)
    assert done.stderr.splitlines()[-1] == (
        "error: 16 pictures of a batch cannot be shared among 3 processes evenly, 2 pictures or more each; choose "
        "another batch_size or another number of processes"
    )
    assert not (tmp_path / "model.safetensors").exists()
