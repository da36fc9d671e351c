"""Work folders: done once, and known to be done as long as nothing has changed."""

import logging
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from streid.errors import InputError
from streid.files.checksums import append_checksum
from streid.stage import finished_work
from streid.stage.finished_work import exclusive_work

HOLDER = """
import logging, sys, time
from pathlib import Path
sys.path.insert(0, {pipeline!r})
from streid.stage.finished_work import exclusive_work
logging.basicConfig(level=logging.INFO, stream=sys.stdout, format="%(message)s")
with exclusive_work(Path({work!r})):
    print("holding", flush=True)
    time.sleep(60)
"""


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


def read_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline()


def test_a_second_process_waits_and_says_for_whom(tmp_path: Path) -> None:
    work = tmp_path / "work"
    code = HOLDER.format(pipeline=str(Path(finished_work.__file__).parents[2]), work=str(work))
    command = [sys.executable, "-u", "-c", code]
    with (
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as first,
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as second,
    ):
        # Either may come first.
        said = {process: read_line(process) for process in (first, second)}
        (waiting,) = [process for process in said if said[process].startswith("waiting for")]
        (holding,) = [process for process in said if process is not waiting]
        assert said[waiting].startswith(f"waiting for process {holding.pid} on {os.uname().nodename} (")
        assert said[waiting].endswith(f"), which works in {work}\n")
        time.sleep(0.3)
        assert waiting.poll() is None
        holding.send_signal(signal.SIGKILL)
        assert read_line(waiting) == "holding\n"
        waiting.kill()


def test_an_output_with_a_checksum_is_recorded_by_it(tmp_path: Path) -> None:
    output = tmp_path / "features"
    output.write_bytes(b"features")
    append_checksum(output)
    with exclusive_work(tmp_path / "work") as held:
        assert not held.is_done("made", [output])
        held.mark_done("made", [output])
    assert output.read_bytes()[-32:].hex() in (tmp_path / ".work.lock").read_text()
    assert is_done(tmp_path, "made", [output])
    output.write_bytes(b"f3atures" + output.read_bytes()[8:])
    assert not is_done(tmp_path, "made", [output])


def test_an_output_in_the_work_folders_place_is_not_waited_for(tmp_path: Path) -> None:
    with (
        pytest.raises(InputError, match=rf"this stage works in {tmp_path}/work already"),
        exclusive_work(tmp_path / "work"),
        exclusive_work(tmp_path / "work"),
    ):
        pass
