"""The benchmark of memory measures whole families of processes, on inputs that the stages can read."""

import sys
from pathlib import Path

import pytest

import memory
import memory_inputs
from streid.data.manifest import read_manifest
from streid.workflow.memory_requests import feature_shapes

pytestmark = pytest.mark.slow

HOLDING = "import time; held = bytearray(150_000_000); time.sleep(0.5)"
STARTING = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {HOLDING!r}], check=True)"


@pytest.mark.parametrize("program", [HOLDING, STARTING])
def test_what_a_process_and_those_it_starts_hold_is_counted(program: str) -> None:
    assert 150 <= memory.peak_megabytes([sys.executable, "-c", program]) < 250


def test_a_command_that_fails_is_told_with_what_it_said() -> None:
    with pytest.raises(SystemExit, match="failed:\n.*no such thing"):
        memory.peak_megabytes([sys.executable, "-c", "raise SystemExit('no such thing')"])


def test_the_stages_inputs_are_what_they_read(tmp_path: Path) -> None:
    pictures = read_manifest(memory_inputs.write_pictures(tmp_path / "data", 48))
    assert pictures["split"].value_counts().to_dict() == {"train": 24, "val": 12, "query": 3, "gallery": 9}
    assert all((tmp_path / "data" / path).is_file() for path in pictures["path"])
    rows = memory_inputs.write_manifest(tmp_path / "rows.csv", 400, 9)
    assert read_manifest(rows)["camid"].nunique() == 9
    made = memory_inputs.write_features(tmp_path / "f.h5", tmp_path / "data" / "manifest.csv", 5)
    assert made == {"query": 3, "gallery": 9, "val": 12}
    assert feature_shapes(str(tmp_path / "f.h5")) == {name: (count, 5) for name, count in made.items()}


def test_each_stage_is_asked_for_more_than_nothing(tmp_path: Path) -> None:
    case = memory.preparation(tmp_path, 12, 2)
    assert case.stage == "prepare_dataset"
    assert case.asked > 0
    assert "--source-manifest" in case.arguments


def test_what_this_process_holds_is_not_counted() -> None:
    held = b"x" * 300_000_000
    assert memory.peak_megabytes([sys.executable, "-c", HOLDING]) < 250
    assert held
