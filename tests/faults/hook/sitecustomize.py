"""Loaded by Python at its start where this folder is on PYTHONPATH: counts a process's file events, or ends it at one
by SIGKILL or the signal FAULT_SIGNAL.

An event is an open for writing, a rename, a removal, a new folder, a write to a lock file or an fsync, of something in
FAULT_FOLDER. Only the process that is started is counted, none that it starts.
"""

import atexit
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

FOLDER = os.environ.pop("FAULT_FOLDER", "")
KILL_AT = int(os.environ.pop("FAULT_KILL_AT", "0"))
SIGNAL = int(os.environ.pop("FAULT_SIGNAL", signal.SIGKILL))
COUNT_TO = os.environ.pop("FAULT_COUNT_TO", "")
CHANGES = {"os.rename", "os.remove", "os.mkdir", "os.rmdir"}
PROCESS = os.getpid()
seen = 0


def happened() -> None:
    global seen  # noqa: PLW0603  # one count per process
    if os.getpid() == PROCESS:
        seen += 1
        if seen == KILL_AT:
            os.kill(PROCESS, SIGNAL)


def watch(event: str, arguments: tuple[Any, ...]) -> None:
    if event in CHANGES or (event == "open" and isinstance(arguments[2], int) and arguments[2] & os.O_ACCMODE):
        path = arguments[0]
        if isinstance(path, (str, os.PathLike)) and os.fspath(path).startswith(FOLDER):
            happened()


def counted(call: Callable[..., Any]) -> Callable[..., Any]:
    def wrapped(*arguments: Any) -> Any:
        happened()
        return call(*arguments)

    return wrapped


if FOLDER:
    os.fsync, os.pwrite = counted(os.fsync), counted(os.pwrite)
    sys.addaudithook(watch)
    if COUNT_TO:
        atexit.register(lambda: Path(COUNT_TO).write_text(str(seen), encoding="utf-8"))
