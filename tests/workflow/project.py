"""A copy of the project with a tiny demo world, to run the workflow in."""

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml
from conftest import ROOT
from forked_stage import Forked, server_folder

REPORT = "results/demo/report.json"


class Project:
    """A copy of the project with a tiny demo world.

    Args:
        folder: where to make it; nothing is there yet.
        fresh: whether Snakemake and the stages each start in a Python of their own; else they are forked off a process
            that has their libraries loaded.
    """

    def __init__(self, folder: Path, *, fresh: bool = False) -> None:
        self.folder, self.fresh = folder, fresh
        for name in ("pipeline", "workflow", "config"):
            # What Python and numba have compiled goes along.
            shutil.copytree(ROOT / name, folder / name)
        for name in ("Snakefile", "environment.yml"):
            shutil.copy(ROOT / name, folder / name)
        with self.edited_config() as config:
            demo = config["datasets"]["demo"]
            demo["models"] = ["pcb"]
            demo["render"] = {"train_identities": 12, "test_identities": 8}
            demo["prepare"] = {"holdout_identities": 4}
            demo["train"] |= {"epochs": 1, "height": 64, "width": 32, "batch_size": 16, "warmup_epochs": 0}
            demo["report"] = {"queries": 3}

    @classmethod
    def made(cls, folder: Path, *, fresh: bool = False) -> "Project":
        """The project that lies in a folder."""
        project = cls.__new__(cls)
        project.folder, project.fresh = folder, fresh
        return project

    def copy(self, folder: Path) -> "Project":
        """The same with all results, elsewhere, so that nothing is to be done there."""
        return Project.made(Path(shutil.copytree(self.folder, folder)), fresh=self.fresh)

    @contextmanager
    def edited_config(self) -> Iterator[dict[str, Any]]:
        path = self.folder / "config" / "config.yaml"
        config = yaml.safe_load(path.read_text(encoding="utf-8"))
        yield config
        path.write_text(yaml.safe_dump(config), encoding="utf-8")

    def start(self, *arguments: str, launcher: tuple[str, ...] = ("-m", "snakemake"), **variables: str) -> "Run":
        """Start Snakemake in the project's folder, with environment variables of its own."""
        return Run(self, [sys.executable, *launcher, *arguments], self.environment() | variables)

    def environment(self) -> dict[str, str]:
        """The environment of a Snakemake in this project, whose PATH leads to the `python` of its stages."""
        folders = [] if self.fresh else [str(server_folder() / "bin")]
        path = os.pathsep.join([*folders, str(Path(sys.executable).parent), os.environ["PATH"]])
        return os.environ | {"PATH": path}

    def snakemake(self, *arguments: str, status: int = 0) -> str:
        """Run Snakemake on two cores; what it says, when it ends with this status."""
        with self.start("--cores", "2", *arguments) as run:
            return run.output(status=status)

    def would_run(self, *arguments: str) -> set[str]:
        """The rules a call would run now."""
        return rules(self.snakemake("--dry-run", REPORT, *arguments))

    @contextmanager
    def edited(self, name: str) -> Iterator[None]:
        """A module with a changed line, put back afterwards."""
        path = self.folder / "pipeline" / name
        before = path.read_bytes()
        path.write_bytes(before + b"\nEDITED = True\n")
        try:
            yield
        finally:
            path.write_bytes(before)


class Run:
    """A Snakemake that runs in a project; killed at the end of a `with` block if it still runs."""

    def __init__(self, project: Project, command: list[str], environment: dict[str, str]) -> None:
        self.project = project
        # A file: nobody reads a pipe while a test waits for something else.
        self._said = project.folder / f"said-{time.monotonic_ns()}.txt"
        self.process: subprocess.Popen[bytes] | Forked
        with self._said.open("w") as said:
            start = subprocess.Popen if project.fresh else Forked
            self.process = start(command, cwd=project.folder, env=environment, stdout=said, stderr=said)

    def __enter__(self) -> "Run":
        return self

    def __exit__(self, *error: object) -> None:
        self.process.kill()
        self.process.wait()

    def output(self, *, status: int = 0) -> str:
        """Wait for its end; what it said, when it ends with this status."""
        try:
            self.process.wait(timeout=1200)
        finally:
            self.process.kill()
        said = self._said.read_text()
        logs = "".join(path.read_text() for path in self.project.folder.glob("results/*/logs/*.log"))
        assert self.process.returncode == status, said + logs
        return said


def rules(output: str) -> set[str]:
    """The rules that Snakemake says it runs."""
    return set(re.findall(r"^(?:local)?rule (\w+):", output, re.MULTILINE))
