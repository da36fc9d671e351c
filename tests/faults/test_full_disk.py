"""A full disk in every stage that writes: one clear line, nothing half-written, and what was there before is kept."""

import os
import random
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from road import STAGES, TRIED, Undisturbed, leftovers, run

pytestmark = [pytest.mark.faults, pytest.mark.timeout(900)]

DISK_BYTES = 1 << 28
PAGE = 4096
FILLER = "filler"


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small file system of its own."""
    if os.getuid() != 0:
        pytest.skip("mounting a small disk needs root")
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", str(folder)]
    mounted = subprocess.run(command, capture_output=True, text=True, check=False)
    if mounted.returncode != 0:
        pytest.skip(f"a small disk cannot be mounted here: {mounted.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def leave_room(disk: Path, room: int) -> None:
    """Fill the disk but for so many bytes."""
    free = os.statvfs(disk).f_bavail * os.statvfs(disk).f_frsize
    with (disk / FILLER).open("wb") as handle:
        os.posix_fallocate(handle.fileno(), 0, max(PAGE, free - room))


@pytest.mark.parametrize("share", [0.0, 0.6])
@pytest.mark.parametrize("name", TRIED)
def test_a_full_disk_is_one_line_and_leaves_nothing(
    name: str, share: float, undisturbed: Undisturbed, disk: Path
) -> None:
    stage, road = STAGES[name], undisturbed.folder
    earlier = {output: f"earlier {output}".encode() for output in stage.outputs if (road / output).is_file()}
    for output, content in earlier.items():
        (disk / output).parent.mkdir(parents=True, exist_ok=True)
        (disk / output).write_bytes(content)
    made = sum(len(content) for content in stage.contents(road).values())
    leave_room(disk, int(random.Random(f"{name} {share}").uniform(0.8, 1) * share * made))
    done = run(stage.command(road, disk))
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    *_, line = done.stderr.splitlines()
    assert line.startswith(f"error: No space left on device: {disk}")
    assert line.endswith("; make room there and run the stage again")
    assert {output: (disk / output).read_bytes() for output in earlier} == earlier
    assert [output for output in stage.outputs if output not in earlier and (disk / output).is_file()] == []
    assert leftovers(disk) == []
    if share > 0:
        (disk / FILLER).unlink()
        again = run(stage.command(road, disk))
        assert again.returncode == 0, again.stderr
        assert stage.contents(disk) == stage.contents(road)
