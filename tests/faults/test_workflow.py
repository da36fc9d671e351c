"""The whole workflow under fault: kill -9, a second one in the same folder, and a stage by hand beside it."""

import contextlib
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from forked_stage import server_folder
from project import REPORT, Project

from streid.stage.finished_work import exclusive_work

pytestmark = [pytest.mark.faults, pytest.mark.timeout(1200)]

SEED, KILLS = 5, 5
PATIENCE = 300.0
MODEL = "results/demo/pcb/model.safetensors"


@dataclass(frozen=True)
class Finished:
    """A project whose workflow ran undisturbed: its report, its model, and how many seconds it took."""

    project: Project
    report: bytes
    model: bytes
    seconds: float


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Finished:
    project = Project(tmp_path_factory.mktemp("faults") / "project")
    with project.edited_config() as config:
        config["datasets"]["demo"]["train"] |= {"checkpoint_seconds": 0, "workers": 0}
        config["datasets"]["demo"]["joint"] = {"fusions": ["likelihood"]}
    server_folder()  # what its start takes is not counted
    started = time.monotonic()
    project.snakemake(REPORT)
    seconds = time.monotonic() - started
    return Finished(project, (project.folder / REPORT).read_bytes(), (project.folder / MODEL).read_bytes(), seconds)


@pytest.fixture
def project(finished: Finished) -> Project:
    """The same project with nothing made."""
    for folder in ("data", "results"):
        shutil.rmtree(finished.project.folder / folder, ignore_errors=True)
    return finished.project


def wait_until(ready: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not ready():
        assert time.monotonic() < deadline, what
        time.sleep(0.1)


def start(project: Project) -> subprocess.Popen[bytes]:
    """Start the workflow in a process group of its own; when the group is killed, so are the stages."""
    command = [sys.executable, "-m", "snakemake", "--cores", "2", "--rerun-incomplete", REPORT]
    return subprocess.Popen(
        command, cwd=project.folder, env=project.environment(), start_new_session=True, stderr=subprocess.DEVNULL
    )


def test_a_killed_workflow_ends_with_the_same_report(finished: Finished, project: Project) -> None:
    draw = random.Random(SEED)
    kills = 0
    groups: list[int] = []
    try:
        for number in range(KILLS):
            with start(project) as process:
                groups.append(process.pid)
                try:
                    assert process.wait(timeout=draw.uniform(0.1, 0.25) * finished.seconds) == 0
                except subprocess.TimeoutExpired:
                    kills += 1
                    # Now and then Snakemake alone, whose stages go on.
                    process.kill() if number % 2 else os.killpg(process.pid, signal.SIGKILL)
            project.snakemake("--unlock")
        project.snakemake("--rerun-incomplete", REPORT)
    finally:
        for group in groups:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(group, signal.SIGKILL)
    assert kills >= KILLS - 2
    assert (project.folder / REPORT).read_bytes() == finished.report
    assert (project.folder / MODEL).read_bytes() == finished.model
    assert list((project.folder / "results").rglob(".*.partial")) == []


def test_a_second_workflow_is_refused_and_a_stage_by_hand_waits(finished: Finished, project: Project) -> None:
    log = project.folder / "results/demo/logs/train_appearance.pcb.log"
    dry = project.snakemake("--dry-run", "--printshellcmds", REPORT)
    (preparation,) = re.findall(r"^.*(python pipeline/prepare_dataset\.py .*)$", dry, re.MULTILINE)
    (training,) = re.findall(r"^.*(python pipeline/train_appearance\.py .*)$", dry, re.MULTILINE)

    def start_by_hand(command: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(["bash", "-c", command], cwd=project.folder, env=project.environment())

    def waiting() -> int:
        return log.is_file() and log.read_text().count(f"waiting for process {os.getpid()} on")

    with start(project) as workflow:
        try:
            with exclusive_work(project.folder / "results/demo/pcb/work/training"):
                wait_until(lambda: waiting() == 1, "the training does not start")
                refused = project.snakemake(REPORT, status=1)
                assert "LockException" in refused
                assert "--unlock" in refused
                by_hand = start_by_hand(preparation)
                assert by_hand.wait(timeout=PATIENCE) == 0
                by_hand = start_by_hand(training)
                wait_until(lambda: waiting() == 2, "the training by hand does not wait")
            assert by_hand.wait(timeout=PATIENCE) == 0
            assert workflow.wait(timeout=PATIENCE) == 0
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(workflow.pid, signal.SIGKILL)
    said = log.read_text()
    assert len(re.findall(r"made by process \d+ on .*; nothing to do", said)) == 1
    assert said.count("INFO command: ") == 2
    assert (project.folder / REPORT).read_bytes() == finished.report
    assert "Nothing to be done" in project.snakemake(REPORT)
