"""What a process knows of itself."""

import subprocess
import sys

import numpy as np
from conftest import ROOT

from streid.stage.processes import peak_memory

CHILD = "from streid.stage.processes import peak_memory; print(peak_memory())"


def test_peak_memory_is_this_process_own() -> None:
    block = np.ones(25_000_000)  # 200 MB, held while the child starts
    assert peak_memory() >= block.nbytes
    del block
    assert peak_memory() >= 200_000_000
    done = subprocess.run(
        [sys.executable, "-c", CHILD], cwd=ROOT / "pipeline", capture_output=True, text=True, check=True, timeout=60
    )
    assert 1_000_000 < int(done.stdout) < 100_000_000
