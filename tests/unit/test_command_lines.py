"""What a stage notes down of its own command line."""

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
import logging, sys
sys.path.insert(0, {pipeline!r})
from streid.stage.cli import run_stage
run_stage(lambda: logging.info("at work"))
"""


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "a stage.py"
    path.write_text(SCRIPT.format(pipeline=str(Path(__file__).resolve().parents[2] / "pipeline")))
    return path


def run(script: Path, monkeypatch: pytest.MonkeyPatch, **variables: str) -> list[str]:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    command = [sys.executable, script.name, "--root", "it's here", "--x"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=script.parent)
    return [line.partition(" INFO ")[2] for line in done.stderr.splitlines()]


def test_a_log_begins_with_the_command(script: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(script, monkeypatch) == ["""command: python 'a stage.py' --root 'it'"'"'s here' --x""", "at work"]


def test_processes_of_one_stage_say_it_once(script: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(script, monkeypatch, RANK="1", WORLD_SIZE="2", LOCAL_RANK="1") == ["at work"]
