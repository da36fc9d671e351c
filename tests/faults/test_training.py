"""train_appearance.py when learning or reading fails: what it says, and what it keeps."""

import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import RunStage, stage_command

from streid.appearance.checkpoints import read_checkpoint

pytestmark = [pytest.mark.faults, pytest.mark.timeout(900)]

Arguments = Callable[[Path], list[object]]
PATIENCE = 240.0


def test_a_loss_that_is_not_finite_stops_and_the_kept_weights_start_another_run(
    train_arguments: Arguments, run_stage: RunStage, tmp_path: Path
) -> None:
    checkpoint = tmp_path / "work" / "checkpoint.pt"
    short = ("--epochs", 1, "--max-steps", 2)
    run_stage(*train_arguments(tmp_path), *short)
    # It ends before it would write a checkpoint of its own.
    diverging = ("--head-rate", 1e9, "--checkpoint-seconds", 3600)
    line = run_stage(*train_arguments(tmp_path), *diverging, status=2).stderr.splitlines()[-1]
    found = re.search(r"(?:the loss is \S+ at|not finite after) step (\d+).*, learning rate (\S+); the last", line)
    assert found is not None, line
    assert line.endswith(
        "the last checkpoint is kept: lower the rates or set clip_norm; to start from the checkpoint's weights, set "
        "start_weights to a copy of it"
    )
    kept = read_checkpoint(checkpoint)
    assert kept["position"]["step"] == 2
    assert all(value.isfinite().all() for value in kept["model"].values())
    refused = run_stage(*train_arguments(tmp_path), "--start-weights", checkpoint, status=2).stderr
    assert "checkpoint.pt: lies in this training's work folder, which it writes to; start from a copy" in refused
    copy = tmp_path / "kept.pt"
    shutil.copy(checkpoint, copy)
    done = run_stage(*train_arguments(tmp_path), "--start-weights", copy, *short).stderr
    assert "belongs to other parameters, code or data; starting afresh" in done
    found = re.search(r"start weights: loaded (\d+) of the backbone and (\d+) of the heads from (.+)", done)
    assert found is not None, done
    assert int(found[1]) > 100 and int(found[2]) > 0 and found[3] == str(copy)
    assert "stay random" not in done
    assert (tmp_path / "model.safetensors").is_file()


def test_a_killed_reader_of_pictures_is_named(train_arguments: Arguments, tmp_path: Path) -> None:
    """As the system does when memory runs out."""
    command = stage_command(*train_arguments(tmp_path), "--workers", 1, "--epochs", 500)  # type: ignore[arg-type]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        deadline = time.monotonic() + PATIENCE
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        while not (tmp_path / "work" / "checkpoint.pt").is_file() and time.monotonic() < deadline:
            time.sleep(0.05)
        for child in children.read_text().split():
            os.kill(int(child), signal.SIGKILL)
        try:
            _, said = process.communicate(timeout=PATIENCE)
        finally:
            process.kill()
    assert process.returncode == 2, said
    line = said.splitlines()[-1]
    assert line.startswith("error: a process reading pictures was killed (DataLoader worker (pid")
    assert line.endswith("most often memory ran out: use fewer workers, smaller batches, or give the job more memory")
    assert read_checkpoint(tmp_path / "work" / "checkpoint.pt")["position"]["step"] > 0
