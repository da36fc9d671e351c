"""The search benchmark runs, at a size that takes seconds."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

SCRIPT = Path(__file__).parents[3] / "benchmarks" / "search.py"


def test_a_small_gallery_is_timed() -> None:
    command = [sys.executable, SCRIPT, "--rows", "200", "--lengths", "2048", "--threads", "1", "--measure"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert re.fullmatch(r"\| 200 x 2,048 \| \d+\.\d\d \| \d+\.\d\d \| \d+\.\d\d \|", done.stdout.splitlines()[-1])
