"""A stage script in a process that finds PyTorch loaded: where it refuses, loading is most of what it would do."""

import multiprocessing
import os
import runpy
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

PRELOADED = ["torch", "torchvision.models", "torch_geometric.nn", "pandas", "numba"]


def run_forked(command: list[str], *, cwd: Path | None, timeout: float) -> subprocess.CompletedProcess[str]:
    """Like subprocess.run of `command`, a Python and a script with its arguments, forked off a process that waits."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOADED)
    with TemporaryDirectory() as folder:
        said = Path(folder) / "stdout", Path(folder) / "stderr"
        process = context.Process(target=_become, args=(command[1:], cwd or Path.cwd(), dict(os.environ), *said))
        process.start()
        process.join(timeout)
        if process.exitcode is None:
            process.kill()
            raise subprocess.TimeoutExpired(command, timeout)
        return subprocess.CompletedProcess(command, process.exitcode, *(path.read_text() for path in said))


def _become(command: list[str], cwd: Path, environment: Mapping[str, str], stdout: Path, stderr: Path) -> None:
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(environment)
    for path, stream in ((stdout, 1), (stderr, 2)):
        handle = os.open(path, os.O_WRONLY | os.O_CREAT)
        os.dup2(handle, stream)
    sys.stdout, sys.stderr = (open(stream, "w", buffering=1, closefd=False) for stream in (1, 2))  # noqa: SIM115
    sys.argv = command
    sys.path.insert(0, str(Path(command[0]).parent))
    runpy.run_path(command[0], run_name="__main__")
