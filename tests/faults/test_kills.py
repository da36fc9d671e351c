"""kill -9 at seeded moments of every stage, then the same command again: the result is the undisturbed one's."""

import random
import shutil
import signal
import subprocess
from pathlib import Path

import pytest
from forked_stage import Forked
from road import STAGES, TRIED, Undisturbed, environment, leftovers, run

pytestmark = [pytest.mark.faults, pytest.mark.timeout(900)]

# Per stage, at file events: opens, renames, removals, fsyncs. A training has a checkpoint's write in each step.
KILLS_AT_EVENTS = {name: 4 if name == "train_appearance" else 2 for name in TRIED}
# For each kill: a resumed stage has fewer events and may be done before it is killed; then among half as many.
ATTEMPTS = 6


def remove_outputs(name: str, folder: Path) -> None:
    """As Snakemake does before it runs a stage."""
    for output in STAGES[name].outputs:
        path = folder / output
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)


def kill_at_event(name: str, road: Path, out: Path, event: int) -> bool:
    """Whether the stage was killed at its n-th event; without that many it ended well."""
    done = run(STAGES[name].command(road, out), FAULT_FOLDER=out, FAULT_KILL_AT=event)
    assert done.returncode in (0, -signal.SIGKILL), done.stderr
    return done.returncode != 0


def kill_after(name: str, road: Path, out: Path, seconds: float) -> bool:
    """Whether the stage was killed after so long; otherwise it ended well before."""
    with (out.parent / f"{out.name}.txt").open("w+") as said:
        process = Forked(STAGES[name].command(road, out), stdout=said, stderr=said, env=environment())
        try:
            status = process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            return process.wait() != 0
        assert status == 0, said.seek(0) or said.read()
    return False


@pytest.mark.parametrize("name", TRIED)
def test_a_stage_killed_at_any_moment_ends_the_same(name: str, undisturbed: Undisturbed, tmp_path: Path) -> None:
    draw = random.Random(f"kills of {name}")
    road, stage, kills = undisturbed.folder, STAGES[name], 0
    for _ in range(KILLS_AT_EVENTS[name]):
        for attempt in range(ATTEMPTS):
            latest = max(1, undisturbed.events[name] >> attempt)
            if kill_at_event(name, road, tmp_path, draw.randint(1, latest)):
                kills += 1
                break
            remove_outputs(name, tmp_path)
    kills += kill_after(name, road, tmp_path, draw.uniform(0.3, 0.9) * undisturbed.seconds[name])
    done = run(stage.command(road, tmp_path))
    assert done.returncode == 0, done.stderr
    assert stage.contents(tmp_path) == stage.contents(road)
    assert leftovers(tmp_path) == []
    assert kills >= KILLS_AT_EVENTS[name]
