"""Every stage script explains itself, quickly."""

import subprocess
import sys
from pathlib import Path

import pytest
from conftest import RunStage

PIPELINE = Path(__file__).resolve().parents[2] / "pipeline"
STAGES = sorted(path.stem for path in PIPELINE.glob("*.py"))


@pytest.mark.parametrize("stage", STAGES)
def test_help_imports_nothing_heavy(stage: str) -> None:
    code = (
        "import runpy, sys\n"
        f"sys.argv = [{stage!r}, '--help']\n"
        f"sys.path.insert(0, {str(PIPELINE)!r})\n"
        "try:\n"
        f"    runpy.run_path({str(PIPELINE / f'{stage}.py')!r}, run_name='__main__')\n"
        "except SystemExit as done:\n"
        "    assert done.code == 0\n"
        "heavy = {'torch', 'numba', 'pandas', 'matplotlib', 'h5py', 'onnx', 'onnxruntime'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "usage:" in done.stdout


@pytest.mark.parametrize("stage", STAGES)
def test_an_unknown_flag_is_refused(run_stage: RunStage, stage: str) -> None:
    assert "usage:" in run_stage(stage, "--no-such-flag", status=2).stderr
