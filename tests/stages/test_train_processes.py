"""train_appearance.py in several processes: what a step sees, exact resume, and nothing left behind by kill -9."""

import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from conftest import RunStage, stage_command

from streid.stage.finished_work import exclusive_work
from streid.stage.processes import LAUNCHER_VARIABLE
from streid.stage.termination import STATUS, STOPPED

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


@pytest.mark.faults
@pytest.mark.parametrize("sent", ["SIGKILL", "SIGTERM", "SIGTERM to all"])
def test_stopped_processes_leave_nothing_and_end_with_the_same_bytes(
    sent: str, undisturbed: Path, train_arguments: Arguments, run_stage: RunStage, tmp_path: Path
) -> None:
    """On SIGTERM, to the launcher alone or, as SLURM does, to all, the processes stop after the same step."""
    often = ("--checkpoint-seconds", 0 if sent == "SIGKILL" else 3600)
    command = stage_command(*in_two_processes(train_arguments, tmp_path), *often)  # type: ignore[arg-type]
    begun = tmp_path / "work" / ("checkpoint.pt" if sent == "SIGKILL" else "tensorboard")
    said = tmp_path / "said.txt"
    with said.open("w") as log:
        process = subprocess.Popen(command, stderr=log, start_new_session=True)
    try:
        assert wait_until(begun.exists)
        assert len(running(tmp_path)) >= 3
        if sent != "SIGKILL":
            (os.killpg if sent == "SIGTERM to all" else os.kill)(process.pid, signal.SIGTERM)
            assert process.wait(PATIENCE) == STATUS, said.read_text()
    finally:
        process.kill()
        process.wait()
    if sent != "SIGKILL":
        assert said.read_text().count("SIGTERM: checkpoint written after step") == 1
        assert said.read_text().splitlines()[-1] == STOPPED
    assert wait_until(lambda: not running(tmp_path)), running(tmp_path)
    assert not (tmp_path / "model.safetensors").exists()
    done = run_stage(*in_two_processes(train_arguments, tmp_path))
    assert "resumed after step" in done.stderr
    assert (tmp_path / "model.safetensors").read_bytes() == (undisturbed / "model.safetensors").read_bytes()
    columns = ["epoch", "loss", "accuracy", "learning_rate"]
    pd.testing.assert_frame_equal(
        pd.read_csv(tmp_path / "training.csv")[columns], pd.read_csv(undisturbed / "training.csv")[columns]
    )


def test_a_launcher_killed_at_the_start_leaves_nothing(train_arguments: Arguments, tmp_path: Path) -> None:
    command = stage_command(*in_two_processes(train_arguments, tmp_path))  # type: ignore[arg-type]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        assert wait_until(lambda: len(running(tmp_path)) > 1)
        process.kill()
    assert wait_until(lambda: not running(tmp_path)), running(tmp_path)
    assert not (tmp_path / "work").exists()


@pytest.mark.parametrize("gone", [False, True])
def test_a_process_whose_launcher_is_gone_ends_at_once(gone: bool) -> None:
    variables = {"RANK": "0", "WORLD_SIZE": "2", "LOCAL_RANK": "0"}
    launcher = {LAUNCHER_VARIABLE: str(os.getppid() if gone else os.getpid())}
    done = subprocess.run(
        stage_command("train_appearance", "--help"),
        capture_output=True,
        check=False,
        timeout=PATIENCE,
        env=os.environ | variables | launcher,
    )
    assert done.returncode == (-signal.SIGKILL if gone else 0)


def test_a_second_training_waits_for_the_work_with_its_processes_joined(
    train_arguments: Arguments, tmp_path: Path
) -> None:
    command = stage_command(*in_two_processes(train_arguments, tmp_path))  # type: ignore[arg-type]
    said = tmp_path / "said.txt"
    with exclusive_work(tmp_path / "work"), said.open("w") as log, subprocess.Popen(command, stderr=log) as process:
        try:
            assert wait_until(lambda: f"waiting for process {os.getpid()} on" in said.read_text())
            assert len(running(tmp_path)) == 3
        finally:
            process.kill()
    assert wait_until(lambda: not running(tmp_path)), running(tmp_path)


def test_what_a_process_refuses_is_one_clear_line(
    train_arguments: Arguments, run_stage: RunStage, tmp_path: Path
) -> None:
    done = run_stage(*train_arguments(tmp_path), "--processes", 2, "--batch-size", 15, status=2)
    assert done.stderr.splitlines()[-1] == (
        "error: 15 pictures of a batch cannot be shared among 2 processes evenly, 2 pictures or more each; choose "
        "another batch_size or another number of processes"
    )
    assert not (tmp_path / "model.safetensors").exists()
