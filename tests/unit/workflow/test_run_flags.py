"""The flags that a run was started with."""

import shlex
from pathlib import Path

import pytest

from streid.workflow.run_flags import PROFILES, profile_flags, run_flags


def test_files_and_settings_as_a_shell_reads_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    files = [tmp_path / "config" / "all models.yaml", Path("/elsewhere/b.yaml")]
    told = run_flags(files, ["joint={alpha: 4}", "prepare={pack: true}"], "--profile workflow/profiles/slurm")
    assert shlex.split(told) == [
        *("--profile", "workflow/profiles/slurm", "--configfile", "config/all models.yaml", "/elsewhere/b.yaml"),
        *("--config", "joint={alpha: 4}", "prepare={pack: true}"),
    ]
    assert run_flags([], [], "") == ""


def test_profiles_are_noted_for_jobs_that_are_not_told_them() -> None:
    environment: dict[str, str] = {}
    given = ["--cores", "2", "--profile", "a b", "--workflow-profile=none", "-p", "results/demo/report.json"]
    assert profile_flags(given, environment, main=True) == "--profile 'a b' --workflow-profile none"
    assert profile_flags(["--target-jobs", "x"], environment, main=False) == "--profile 'a b' --workflow-profile none"
    assert profile_flags(["-n"], environment, main=True) == "" == environment[PROFILES]
    assert profile_flags([], {}, main=False) == ""
