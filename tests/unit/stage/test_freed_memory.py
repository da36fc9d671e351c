"""Freed memory is kept for the next allocation."""

import subprocess
import sys

import pytest
from conftest import ROOT

COUNT = """
import resource, sys
from streid.stage.freed_memory import keep_freed_memory
if sys.argv[1] == "kept":
    keep_freed_memory()
for _ in range(10):
    bytearray(64 << 20)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the settings are glibc's")
def test_pages_are_cleared_once() -> None:
    faults = {}
    for case in ("returned", "kept"):
        done = subprocess.run(
            [sys.executable, "-c", COUNT, case], cwd=ROOT / "pipeline", capture_output=True, text=True, check=True
        )
        faults[case] = int(done.stdout)
    assert faults["kept"] < faults["returned"] - 5 * (64 << 20) // (2 << 20)
