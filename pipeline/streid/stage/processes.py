"""Processes that work together, and end with the process that started them.

`torchrun` sets each process's rank and the number of processes in the environment.
"""

import contextlib
import ctypes
import os
import resource
import signal
from dataclasses import dataclass
from pathlib import Path

PR_SET_PDEATHSIG = 1
RANK_VARIABLES = ("RANK", "WORLD_SIZE", "LOCAL_RANK")
LAUNCHER_VARIABLE = "STREID_LAUNCHER"


@dataclass(frozen=True)
class World:
    """This process among those that work together: its rank, from 0, and their number."""

    rank: int = 0
    size: int = 1

    @property
    def leads(self) -> bool:
        """Whether this process is the one that writes files and shows progress."""
        return self.rank == 0


def is_worker() -> bool:
    """Whether torchrun started this process."""
    return all(name in os.environ for name in RANK_VARIABLES)


def read_world() -> World:
    """This process's rank, as torchrun sets it; the only process without torchrun."""
    return World(int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])) if is_worker() else World()


def process_share(threads: int) -> int:
    """This process's share of a stage's threads, at least one."""
    return max(1, threads // read_world().size)


def peak_memory() -> int:
    """The most memory this process has held so far, in bytes.

    Without /proc it is the number of getrusage, which on Linux starts with that of the parent process.
    """
    status = Path("/proc/self/status")
    lines = status.read_text(encoding="utf-8").splitlines() if status.is_file() else []
    kilobytes = [int(line.split()[1]) for line in lines if line.startswith("VmHWM:")]
    return 1024 * (kilobytes[0] if kilobytes else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)


def end_with_launcher() -> None:
    """End a process that torchrun started when its launcher ends; call it before anything that takes time.

    A launcher that named itself in STREID_LAUNCHER may be gone already, killed while its processes started.
    """
    if is_worker():
        launcher = os.environ.get(LAUNCHER_VARIABLE)
        die_with_parent(int(launcher) if launcher else None)


def die_with_parent(parent: int | None = None) -> None:
    """Let the kernel kill this process when its parent ends, also after a crash (only on Linux).

    Args:
        parent: the process that must be the parent, by default the current one. If the parent is another one, the
            expected one has ended, and this process ends too.
    """
    expected = os.getppid() if parent is None else parent
    with contextlib.suppress(AttributeError, OSError):
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != expected:
        os.kill(os.getpid(), signal.SIGKILL)
