"""How a stage ends: its exit status and its one line."""

import errno
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import stage_command

from streid.errors import InputError
from streid.stage.cli import COMMAND_MARK, THREAD_VARIABLES, run_stage, set_threads
from streid.stage.refusals import LOWER_VALUES


def raiser(error: BaseException) -> Callable[[], None]:
    def main() -> None:
        raise error

    return main


def more_than_any_machine_has() -> None:
    np.ones((1 << 50,))


def more_tensor_than_any_machine_has() -> None:
    torch.empty(1 << 50)


@pytest.mark.parametrize(
    ("main", "line"),
    [
        (raiser(InputError("x.csv:\nno such file")), "error: x.csv: no such file"),
        (
            raiser(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "out/scores.h5")),
            "error: No space left on device: out/scores.h5; make room there and run the stage again",
        ),
        (raiser(PermissionError(errno.EACCES, "Permission denied", "out")), "error: Permission denied: out"),
        (raiser(torch.OutOfMemoryError("CUDA out of memory. Tried")), "error: not enough memory: CUDA out of memory. "),
        (
            raiser(RuntimeError("DataLoader worker (pid 7) is killed by signal: Killed.")),
            "error: a process reading pictures was killed (DataLoader worker (pid 7) is killed by signal: Killed.); ",
        ),
        (more_than_any_machine_has, "error: not enough memory: Unable to allocate 8.00 PiB"),
        (more_tensor_than_any_machine_has, "DefaultCPUAllocator: can't allocate memory: you tried to allocate 45035"),
    ],
)
def test_what_a_user_can_put_right_is_one_line_and_status_2(
    main: Callable[[], None], line: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["stage.py"])
    with pytest.raises(SystemExit) as ended:
        run_stage(main)
    assert ended.value.code == 2
    *_, said = capsys.readouterr().err.splitlines()
    assert line in said
    assert said.startswith("error: ")
    assert ("not enough memory" not in said) or f"; {LOWER_VALUES}, " in said


def test_a_name_does_not_steer_the_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["stage.py"])
    with pytest.raises(SystemExit):
        run_stage(raiser(InputError("\x1b[2Ja\nb\u202eü\udcff.jpg: no picture")))
    assert capsys.readouterr().err.splitlines()[-1] == r"error: \x1b[2Ja b\u202eü\udcff.jpg: no picture"


@pytest.mark.parametrize("error", [RuntimeError("a defect"), OSError("a defect"), KeyError("x")])
def test_a_defect_keeps_its_traceback(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["stage.py"])
    with pytest.raises(type(error)) as raised:
        run_stage(raiser(error))
    assert raised.value is error


def test_a_log_tells_one_run_from_the_next(tmp_path: Path) -> None:
    log = tmp_path / "stage.log"
    for _ in range(2):
        with log.open("a") as said:
            command = stage_command("merge_features", "--shards", tmp_path / "none.h5", "--output", tmp_path / "out.h5")
            assert subprocess.run(command, stderr=said, check=False, timeout=60).returncode == 2
    lines = log.read_text().splitlines()
    assert all(f" INFO {COMMAND_MARK}python " in line for line in lines[::2])
    assert lines[1::2] == [f"error: {tmp_path / 'none.h5'}: no such file"] * 2


@pytest.mark.parametrize(("status", "main"), [(0, lambda: None), (130, raiser(KeyboardInterrupt()))])
def test_other_ends(status: int, main: Callable[[], None], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["stage.py"])
    with pytest.raises(SystemExit) as ended:
        run_stage(main)
    assert ended.value.code == status


def test_what_a_thread_is_refused_is_left_to_the_stage(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)
    with pytest.raises(SystemExit):
        run_stage(lambda: None)
    for error in (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), KeyError("a defect")):
        thread = threading.Thread(target=raiser(error))
        thread.start()
        thread.join()
    said = capsys.readouterr().err
    assert said.count("Traceback") == 1
    assert "No space left" not in said


@pytest.mark.parametrize(("given", "policy"), [(None, "PASSIVE"), ("ACTIVE", "ACTIVE")])
def test_threads_that_wait_sleep_unless_the_user_says_otherwise(
    given: str | None, policy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in (*THREAD_VARIABLES, "OMP_WAIT_POLICY"):
        monkeypatch.setenv(name, given or "")
    if given is None:
        monkeypatch.delenv("OMP_WAIT_POLICY")
    set_threads(3)
    assert [os.environ[name] for name in THREAD_VARIABLES] == ["3"] * len(THREAD_VARIABLES)
    assert os.environ["OMP_WAIT_POLICY"] == policy


def test_sigterm_ends_a_stage_in_order_with_a_line_and_a_status(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["stage.py"])
    closed = []

    def main() -> None:
        try:
            os.kill(os.getpid(), signal.SIGTERM)
        finally:
            closed.append(True)

    with pytest.raises(SystemExit) as ended:
        run_stage(main)
    assert (ended.value.code, closed) == (143, [True])
    assert capsys.readouterr().err.splitlines()[-1] == (
        "stopped by SIGTERM; finished work is kept: run the same command again to resume"
    )
