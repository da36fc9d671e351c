"""Lock files: one process at a time, free again after kill -9, and no process waits for itself."""

import contextlib
import errno
import fcntl
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from streid.errors import InputError
from streid.files import locks
from streid.files.locks import exclusive_output

HOLDER = """
import logging, os, subprocess, sys, time
from pathlib import Path
sys.path.insert(0, {pipeline!r})
from streid.files.locks import exclusive_output
logging.basicConfig(level=logging.INFO, stream=sys.stdout, format="%(message)s")
with exclusive_output(Path({target!r})):
    {then}
    print("holding", flush=True)
    time.sleep(60)
"""


@contextlib.contextmanager
def holder(target: Path, then: str = "pass") -> Iterator[subprocess.Popen[str]]:
    code = HOLDER.format(pipeline=str(Path(locks.__file__).parents[2]), target=str(target), then=then)
    with subprocess.Popen([sys.executable, "-u", "-c", code], stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline()


def test_a_forked_process_does_not_keep_the_lock_of_a_killed_one(tmp_path: Path) -> None:
    """Loader workers live on for some seconds after kill -9 of the process that forked them."""
    target = tmp_path / "output"
    fork = "child = os.fork(); (child or (time.sleep(60), os._exit(0))) and print(child, flush=True)"
    with holder(target, then=fork) as first:
        child = int(line(first))
        try:
            assert line(first) == "holding\n"
            first.kill()
            first.wait()
            handle = locks.open_lock(tmp_path / ".output.lock")
            # It may have been killed before its child, which lives on, came to let go.
            deadline = time.monotonic() + 30
            while not (free := locks.try_lock(handle)) and time.monotonic() < deadline:
                time.sleep(0.05)
            assert free
            locks.close_lock(handle)
            os.kill(child, 0)
        finally:
            os.kill(child, signal.SIGKILL)


def test_a_file_system_without_locks_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(handle: int, operation: int) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", refuse)
    with exclusive_output(tmp_path / "output"):
        assert f"{tmp_path} is on a file system without locks" in caplog.text


def test_a_process_says_who_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["pipeline/train_appearance.py", "--output", "x"])
    monkeypatch.delenv("SLURM_JOB_ID", raising=False)
    me = f"process {os.getpid()} on {os.uname().nodename} (train_appearance"
    assert locks.describe_process() == f"{me})"
    monkeypatch.setenv("SLURM_JOB_ID", "12")
    assert locks.describe_process() == f"{me}, SLURM job 12)"


WRITERS = """
import os, sys, time
from pathlib import Path
sys.path.insert(0, {pipeline!r})
from streid.files.locks import exclusive_output
for _ in range(20):
    with exclusive_output(Path({target!r})):
        os.close(os.open({inside!r}, os.O_CREAT | os.O_EXCL))
        time.sleep(0.002)
        os.unlink({inside!r})
"""


def test_one_process_writes_an_output_and_its_lock_is_gone_afterwards(tmp_path: Path) -> None:
    """Making the file inside fails when another process is inside as well."""
    pipeline, inside = str(Path(locks.__file__).parents[2]), str(tmp_path / "inside")
    code = WRITERS.format(pipeline=pipeline, target=str(tmp_path / "output"), inside=inside)
    processes = [subprocess.Popen([sys.executable, "-c", code]) for _ in range(4)]
    assert [process.wait(timeout=120) for process in processes] == [0] * 4
    assert list(tmp_path.iterdir()) == []


def test_who_writes_an_output_is_named_and_a_killed_writer_frees_it(tmp_path: Path) -> None:
    target = tmp_path / "output"
    with holder(target) as first:
        assert line(first) == "holding\n"
        with holder(target) as second:
            whom = f"process {first.pid} on {os.uname().nodename} (-c)"
            assert line(second) == f"waiting for {whom}, which writes {target}\n"
            first.kill()
            assert line(second) == "holding\n"
    assert [path.name for path in tmp_path.iterdir()] == [".output.lock"]
    with exclusive_output(target):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_process_never_waits_for_itself(tmp_path: Path) -> None:
    """Two ways to one file, by a link: the second would wait for the first for ever."""
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    target = tmp_path / "real" / "output"
    with exclusive_output(target):
        with (
            pytest.raises(InputError, match=rf"this stage writes {tmp_path}/link/output already; give each output"),
            exclusive_output(tmp_path / "link" / "output"),
        ):
            pass
        with (
            pytest.raises(InputError, match="this stage holds"),
            locks.exclusive_lock(tmp_path / "real" / ".output.lock"),
        ):
            pass
        assert (tmp_path / "real" / ".output.lock").exists()
    with exclusive_output(tmp_path / "link" / "output"):
        pass


def test_waiting_for_the_process_that_started_this_one_is_reported(tmp_path: Path) -> None:
    target = tmp_path / "output"
    code = HOLDER.format(pipeline=str(Path(locks.__file__).parents[2]), target=str(target), then="pass")
    start = f"child = subprocess.Popen([sys.executable, '-u', '-c', {code!r}], stdout=subprocess.PIPE, text=True)"
    with holder(target, then=f"{start}; print(child.stdout.readline(), end=''); child.kill()") as first:
        whom = f"waiting for process {first.pid} on {os.uname().nodename} (-c), which writes {target}"
        assert (
            line(first)
            == f"{whom}; process {first.pid} started this one: if it waits for this one to end, neither will end\n"
        )


def test_without_the_kernels_list_of_locks_nothing_is_known_of_ancestors(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locks, "KERNEL_LOCKS", tmp_path / "none")
    handle = locks.open_lock(tmp_path / "lock")
    assert locks.holding_ancestor(handle) is None
    locks.close_lock(handle)


@pytest.mark.parametrize(("umask", "mode"), [(0o002, 0o664), (0o077, 0o600), (0o022, 0o644)])
def test_lock_files_honour_the_umask(tmp_path: Path, umask: int, mode: int) -> None:
    before = os.umask(umask)
    try:
        locks.close_lock(locks.open_lock(tmp_path / "lock"))
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "lock").stat().st_mode) == mode
