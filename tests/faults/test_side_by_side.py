"""The same stage twice at once, as by hand beside the workflow: both end well, with the undisturbed one's result."""

import contextlib
import os
import time
from pathlib import Path

import pytest
from forked_stage import Forked
from road import STAGES, TRIED, Undisturbed, environment, leftovers

from streid.files.locks import exclusive_output
from streid.stage.finished_work import exclusive_work

pytestmark = [pytest.mark.faults, pytest.mark.timeout(600)]

# What a stage holds while it works; the others hold what they write.
WORK = {"train_appearance": "training", "extract_features": "features", "extract_shard": "1-of-2"}
PATIENCE = 240.0


@pytest.mark.parametrize("name", TRIED)
def test_a_stage_started_twice_ends_well_twice(name: str, undisturbed: Undisturbed, tmp_path: Path) -> None:
    stage, out = STAGES[name], tmp_path / "road"
    logs = [tmp_path / f"{number}.log" for number in (1, 2)]
    first = out / min(name for name in stage.outputs if name != "figures")
    first.parent.mkdir(parents=True)
    # Both are stopped at the same place, and go on together.
    place = exclusive_work(out / "pcb/work" / WORK[name]) if name in WORK else exclusive_output(first)
    with contextlib.ExitStack() as stack:
        with place:
            processes = []
            for log in logs:
                said = stack.enter_context(log.open("w"))
                command = stage.command(undisturbed.folder, out)
                processes.append(Forked(command, stdout=said, stderr=said, env=environment()))
            deadline = time.monotonic() + PATIENCE
            while not all(f"waiting for process {os.getpid()} on" in log.read_text() for log in logs):
                assert time.monotonic() < deadline, [log.read_text() for log in logs]
                time.sleep(0.05)
        assert [process.wait(timeout=PATIENCE) for process in processes] == [0, 0], [log.read_text() for log in logs]
    assert stage.contents(out) == stage.contents(undisturbed.folder)
    assert leftovers(out) == []
    if name in WORK:
        assert sum("nothing to do" in log.read_text() for log in logs) == 1
