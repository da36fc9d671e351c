"""Work folders: one process at a time, free again after kill -9."""

import signal
import subprocess
import sys
import time
from pathlib import Path

from streid import locks

HOLDER = """
import logging, sys, time
from pathlib import Path
sys.path.insert(0, {pipeline!r})
from streid.locks import exclusive_work
logging.basicConfig(level=logging.INFO, stream=sys.stdout, format="%(message)s")
with exclusive_work(Path({work!r})):
    print("holding", flush=True)
    time.sleep(60)
"""


def test_a_second_process_waits_and_says_for_whom(tmp_path: Path) -> None:
    code = HOLDER.format(pipeline=str(Path(locks.__file__).parents[1]), work=str(tmp_path / "work"))
    command = [sys.executable, "-u", "-c", code]
    first = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert first.stdout is not None
    assert first.stdout.readline() == "holding\n"
    second = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert second.stdout is not None
        assert second.stdout.readline().startswith(f"waiting for process {first.pid}, which works in ")
        time.sleep(0.3)
        assert second.poll() is None
        first.send_signal(signal.SIGKILL)
        assert second.stdout.readline() == "holding\n"
    finally:
        for process in (first, second):
            process.kill()
            process.communicate()
