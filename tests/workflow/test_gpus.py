"""GPUs shared out on one machine, through the workflow: made-up devices that no CUDA knows."""

import contextlib
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from cluster import wait_until
from conftest import ROOT
from project import Project

from streid.stage.devices import LEASES_VARIABLE
from streid.stage.finished_work import exclusive_work

DEVICES = [f"GPU-00000000-0000-0000-0000-{number:012d}" for number in range(4)]
MODELS = ["one", "two", "three", "four"]
OUTSIDER = """
import logging, sys, time
from streid.stage.devices import lease_devices
logging.basicConfig(level=logging.INFO, stream=sys.stdout, format="%(message)s")
lease_devices({count})
time.sleep(600)
"""
# For a loaded machine; a quiet one needs seconds.
PATIENCE = 500.0

pytestmark = pytest.mark.timeout(1800)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = Project(tmp_path / "project")
    with made.edited_config() as config:
        config["models"] |= {name: {} for name in MODELS}
        config["datasets"]["demo"]["models"] = MODELS
        config["datasets"]["demo"]["train"] |= {"max_steps": 1, "workers": 0}
    return made


@contextlib.contextmanager
def outsider(count: int, variables: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    """A process beside the workflow that wants devices too."""
    environment = os.environ | variables | {"PYTHONPATH": str(ROOT / "pipeline")}
    command = [sys.executable, "-u", "-c", OUTSIDER.format(count=count)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        try:
            yield process
        finally:
            process.kill()


def said(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def test_four_jobs_of_a_workflow_never_share_a_device(project: Project, tmp_path: Path) -> None:
    variables = {"CUDA_VISIBLE_DEVICES": ",".join(DEVICES), LEASES_VARIABLE: str(tmp_path / "leases")}
    logs = {name: project.folder / f"results/demo/logs/train_appearance.{name}.log" for name in MODELS}
    targets = [f"results/demo/{name}/model.safetensors" for name in MODELS]

    def waiting(name: str) -> bool:
        return logs[name].is_file() and f"waiting for process {os.getpid()} on" in logs[name].read_text()

    call = ("--profile", "workflow/profiles/local", "--cores", "8", "--resources", "gpu=4", "--keep-going")
    with project.start(*call, *targets, **variables) as run:
        with contextlib.ExitStack() as held:
            # Whoever holds a stage's work makes it wait, once it has its device: so all four run at once.
            for name in MODELS:
                held.enter_context(exclusive_work(project.folder / f"results/demo/{name}/work/training"))
            wait_until(lambda: all(map(waiting, MODELS)), seconds=PATIENCE, what="the trainings do not start")
            used = {name: re.findall(r"using GPU (\S+)", logs[name].read_text()) for name in MODELS}
            assert sorted(used.values()) == [[device] for device in DEVICES]
            with outsider(2, variables) as pair, outsider(1, variables) as single:
                holders = [said(process) for process in (pair, single)]
                for words in holders:
                    assert words.count("is held by process ") == words.count("(train_appearance)") == len(DEVICES)
                victim = re.search(rf"{DEVICES[2]} is held by process (\d+)", holders[0])
                assert victim is not None
                # What a killed job held is free at once, and the one that waits for two does not keep it.
                os.kill(int(victim[1]), signal.SIGKILL)
                assert said(single) == f"using GPU {DEVICES[2]}"
                held.close()
                while (words := said(pair)).startswith("waiting for 2 of the GPUs "):
                    pass
                assert re.fullmatch(r"using GPU \S+,\S+", words)
        output = run.output(status=1)
    lost = next(name for name in MODELS if used[name] == [DEVICES[2]])
    made = [name for name in MODELS if (project.folder / f"results/demo/{name}/model.safetensors").is_file()]
    assert made == [name for name in MODELS if name != lost]
    assert output.count("Error in rule train_appearance") == 1
