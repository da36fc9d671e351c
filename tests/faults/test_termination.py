"""SIGTERM at seeded moments of every stage, as schedulers send it: an orderly end, and the same result afterwards."""

import random
import signal
from pathlib import Path

import pytest
from road import STAGES, TRIED, Undisturbed, leftovers, run

from streid.stage.termination import STATUS, STOPPED

pytestmark = [pytest.mark.faults, pytest.mark.timeout(900)]

# Per stage, at file events.
TIMES = 2


@pytest.mark.parametrize("name", TRIED)
def test_a_stage_ends_in_order_and_the_same_command_ends_it(
    name: str, undisturbed: Undisturbed, tmp_path: Path
) -> None:
    draw = random.Random(f"SIGTERM in {name}")
    road, stage, stopped = undisturbed.folder, STAGES[name], 0
    for _ in range(TIMES):
        event = draw.randint(1, undisturbed.events[name])
        done = run(
            stage.command(road, tmp_path), FAULT_FOLDER=tmp_path, FAULT_KILL_AT=event, FAULT_SIGNAL=int(signal.SIGTERM)
        )
        assert "Traceback" not in done.stderr
        # A signal between opening and locking a lock file leaves the file, which the next writer removes.
        assert [name for name in leftovers(tmp_path) if not name.endswith(".lock")] == []
        if done.returncode != 0:
            assert done.returncode == STATUS, done.stderr
            assert done.stderr.splitlines()[-1] == STOPPED
            stopped += 1
    done = run(stage.command(road, tmp_path))
    assert done.returncode == 0, done.stderr
    assert leftovers(tmp_path) == []
    assert stage.contents(tmp_path) == stage.contents(road)
    assert stopped > 0
