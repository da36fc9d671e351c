"""The two ways to set streid up ask for the same versions, and name no package index."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from environment_versions import ENVIRONMENT, ROOT, expected_environment, locked_versions, requested_packages


def test_environment_matches_the_lock() -> None:
    assert ENVIRONMENT.read_text(encoding="utf-8") == expected_environment(), "run: make lock"


def test_lock_holds_every_requested_package_with_hashes() -> None:
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    locked = locked_versions(lock)
    assert set(requested_packages((ROOT / "requirements.in").read_text(encoding="utf-8"))) <= set(locked)
    assert lock.count("--hash=sha256:") >= len(locked)
    assert not re.search(r"https?://|--index|--find-links|file:", lock)


def test_versions_are_read_from_the_lock() -> None:
    assert locked_versions("a-b==1.2 \\\n    --hash=x\nc==3 ; python_version<'4'\n") == {"a-b": "1.2", "c": "3"}
    assert requested_packages("# note\ntorch~=2.15.0\nA.b  # why\n") == ["a.b", "torch"]


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
def test_an_environment_that_is_linked_from_another_project_is_never_emptied(tmp_path: Path) -> None:
    other, project = tmp_path / "other", tmp_path / "project"
    other.mkdir()
    (other / "pyvenv.cfg").write_text("kept")
    project.mkdir()
    for name in ("Makefile", "requirements.lock"):
        shutil.copy(ROOT / name, project)
    (project / ".venv").symlink_to(other)
    done = subprocess.run(["make", ".venv/ready"], cwd=project, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert f"error: .venv is a link to {other}, which is not this project's to empty: remove the link" in done.stdout
    assert [path.name for path in other.iterdir()] == ["pyvenv.cfg"]


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
@pytest.mark.parametrize("name", [".venv", "data", "results"])
def test_what_lies_elsewhere_by_a_link_is_not_taken_into_git(tmp_path: Path, name: str) -> None:
    shutil.copy(ROOT / ".gitignore", tmp_path)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / name).symlink_to("elsewhere")
    for command in (["git", "init", "--quiet"], ["git", "check-ignore", "--quiet", name]):
        assert subprocess.run(command, cwd=tmp_path, check=False).returncode == 0
