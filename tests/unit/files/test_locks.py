"""Work folders: one process at a time, free again after kill -9, and done once."""

import contextlib
import errno
import fcntl
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from streid.files import locks
from streid.files.locks import exclusive_output
from streid.stage.finished_work import exclusive_work

HOLDER = """
import logging, os, sys, time
from pathlib import Path
sys.path.insert(0, {pipeline!r})
from streid.files.locks import exclusive_output
from streid.stage.finished_work import exclusive_work
logging.basicConfig(level=logging.INFO, stream=sys.stdout, format="%(message)s")
with exclusive_work(Path({work!r})) as held:
    {then}
    print("holding", flush=True)
    time.sleep(60)
"""


@contextlib.contextmanager
def holder(work: Path, then: str = "pass") -> Iterator[subprocess.Popen[str]]:
    code = HOLDER.format(pipeline=str(Path(locks.__file__).parents[2]), work=str(work), then=then)
    with subprocess.Popen([sys.executable, "-u", "-c", code], stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline()


def test_a_second_process_waits_and_says_for_whom(tmp_path: Path) -> None:
    work = tmp_path / "work"
    with holder(work) as first, holder(work) as second:
        # Either may come first.
        said = {process: line(process) for process in (first, second)}
        (waiting,) = [process for process in said if said[process].startswith("waiting for")]
        (holding,) = [process for process in said if process is not waiting]
        assert said[waiting].startswith(f"waiting for process {holding.pid} on {os.uname().nodename} (")
        assert said[waiting].endswith(f"), which works in {work}\n")
        time.sleep(0.3)
        assert waiting.poll() is None
        holding.send_signal(signal.SIGKILL)
        assert line(waiting) == "holding\n"


def test_a_forked_process_does_not_keep_the_lock_of_a_killed_one(tmp_path: Path) -> None:
    """Loader workers live on for some seconds after kill -9 of the process that forked them."""
    work = tmp_path / "work"
    fork = "child = os.fork(); (child or (time.sleep(60), os._exit(0))) and print(child, flush=True)"
    with holder(work, then=fork) as first:
        child = int(line(first))
        try:
            assert line(first) == "holding\n"
            first.kill()
            first.wait()
            handle = locks.open_lock(work.with_name(".work.lock"))
            # It may have been killed before its child, which lives on, came to let go.
            deadline = time.monotonic() + 30
            while not (free := locks.try_lock(handle)) and time.monotonic() < deadline:
                time.sleep(0.05)
            assert free
            locks.close_lock(handle)
            os.kill(child, 0)
        finally:
            os.kill(child, signal.SIGKILL)


@pytest.fixture
def done(tmp_path: Path) -> list[Path]:
    """Two outputs and the record of their work, whose fingerprint is `made`."""
    outputs = [tmp_path / "model", tmp_path / "history"]
    with exclusive_work(tmp_path / "work") as held:
        assert not held.is_done("made", outputs)
        for number, path in enumerate(outputs):
            path.write_text("x" * (number + 1))
        held.mark_done("made", outputs)
    return outputs


def is_done(folder: Path, fingerprint: str, outputs: list[Path]) -> bool:
    with exclusive_work(folder / "work") as held:
        return held.is_done(fingerprint, outputs)


def test_done_work_is_known_again(tmp_path: Path, done: list[Path], caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    assert is_done(tmp_path, "made", done)
    assert f"{done[0]}, {done[1]} made by process {os.getpid()} on " in caplog.text
    assert is_done(tmp_path, "made", done)
    os.utime(done[0], (1, 1))  # Snakemake touches outputs
    assert is_done(tmp_path, "made", done)
    copied = tmp_path / "copy"
    copied.write_bytes(done[0].read_bytes())
    copied.replace(done[0])  # moved between disks and back: another inode
    assert is_done(tmp_path, "made", done)


@pytest.mark.parametrize(
    "change", ["fingerprint", "missing", "longer", "replaced", "flipped", "others", "killed", "damaged"]
)
def test_other_work_is_not_taken_for_done(tmp_path: Path, done: list[Path], change: str) -> None:
    fingerprint = "other" if change == "fingerprint" else "made"
    lock = tmp_path / ".work.lock"
    if change == "missing":
        done[1].unlink()
    elif change == "longer":
        done[0].write_text("xx")
    elif change == "replaced":
        other = tmp_path / "other"
        other.write_text("y")
        other.replace(done[0])
    elif change == "flipped":
        before = done[0].stat()
        done[0].write_text("z")
        os.utime(done[0], ns=(before.st_atime_ns, before.st_mtime_ns))
    elif change == "others":
        done = done[:1]
    elif change == "killed":
        with exclusive_work(tmp_path / "work") as held:
            held.is_done("other", done)
    elif change == "damaged":
        lock.write_bytes(lock.read_bytes()[:-5] + b"\xff")
    assert not is_done(tmp_path, fingerprint, done)
    assert lock.read_text().startswith("process ")
    assert not is_done(tmp_path, fingerprint, done)


def test_outputs_removed_before_the_record_is_written_are_not_done(tmp_path: Path, done: list[Path]) -> None:
    """A new run of the workflow may remove them just then."""
    with exclusive_work(tmp_path / "work") as held:
        held.is_done("other", done)
        for path in done:
            path.unlink()
        held.mark_done("made", done)
    assert not is_done(tmp_path, "made", done)


def test_a_file_system_without_locks_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(handle: int, operation: int) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", refuse)
    with exclusive_work(tmp_path / "work"):
        assert f"{tmp_path / 'work'} lies on a file system without locks" in caplog.text


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
    code = HOLDER.replace("with exclusive_work", "with exclusive_output").format(
        pipeline=str(Path(locks.__file__).parents[2]), work=str(target), then="pass"
    )
    with subprocess.Popen([sys.executable, "-u", "-c", code], stdout=subprocess.PIPE, text=True) as first:
        assert line(first) == "holding\n"
        with subprocess.Popen([sys.executable, "-u", "-c", code], stdout=subprocess.PIPE, text=True) as second:
            whom = f"process {first.pid} on {os.uname().nodename} (-c)"
            assert line(second) == f"waiting for {whom}, which writes {target}\n"
            first.kill()
            assert line(second) == "holding\n"
            second.kill()
    assert [path.name for path in tmp_path.iterdir()] == [".output.lock"]
    with exclusive_output(target):
        pass
    assert list(tmp_path.iterdir()) == []
