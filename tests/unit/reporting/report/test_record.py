"""Versions and the commit."""

import subprocess
from pathlib import Path

from streid.reporting.report.record import git_state, installed_versions


def test_versions_name_python_first() -> None:
    versions = installed_versions()
    assert next(iter(versions)) == "python"
    assert {"numpy", "matplotlib"} <= set(versions)


def test_commit_and_whether_files_differ(tmp_path: Path) -> None:
    assert git_state(tmp_path) is None

    def git(*arguments: str) -> str:
        identity = ("-c", "user.name=a", "-c", "user.email=a@b", "-c", "init.defaultBranch=main")
        command = ["git", "-C", str(tmp_path), *identity, *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    git("init")
    (tmp_path / "file").write_text("a")
    git("add", "file")
    git("commit", "-m", "first")
    commit = git("rev-parse", "HEAD")
    assert git_state(tmp_path) == commit
    (tmp_path / "file").write_text("b")
    assert git_state(tmp_path) == f"{commit}-dirty"
