"""SIGTERM, which a scheduler sends before SIGKILL: a stage ends properly, and can first save what it has."""

import contextlib
import os
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType

GRACE_SECONDS = 30  # the usual time of schedulers between SIGTERM and SIGKILL
STATUS = 128 + signal.SIGTERM  # the exit status that a shell reports for a process that SIGTERM ended
STOPPED = "stopped by SIGTERM; finished work is kept: run the same command again to resume"

Handler = Callable[[int, FrameType | None], None]
_raised = threading.Event()


class Terminated(BaseException):
    """SIGTERM arrived. Not an `Exception`, like KeyboardInterrupt, so that no handler of errors catches it."""


class HeldBack:
    """SIGTERM while it is held back.

    arrived: whether it has arrived.
    """

    def __init__(self) -> None:
        self.arrived = False

    def note(self, _number: int, _frame: FrameType | None) -> None:
        """The signal's handler."""
        self.arrived = True

    @contextlib.contextmanager
    def released(self) -> Iterator[None]:
        """Let SIGTERM end the block at once, also one that arrived before."""
        if self.arrived:
            raise Terminated
        with _handled_by(_end_block):
            yield


@contextlib.contextmanager
def terminable() -> Iterator[None]:
    """SIGTERM raises `Terminated` in the block, once, so that files are closed and temporary files removed.

    Forked processes end at once, as they would without this.
    """
    _raised.clear()
    with _handled_by(_end_block):
        yield


@contextlib.contextmanager
def held_back() -> Iterator[HeldBack]:
    """Only note SIGTERM while the block runs; if it has arrived, raise `Terminated` at the end.

    Outside the main thread, where signals cannot be handled, it is never noted.
    """
    held = HeldBack()
    _raised.clear()
    with _handled_by(held.note):
        yield held
    if held.arrived:
        raise Terminated


def outlast_sigterm() -> None:
    """In a worker process: continue for a while after SIGTERM if the parent process catches it.

    A scheduler sends SIGTERM to all processes of a job, and a training still needs the batches of its last step. A
    parent that does not catch it, for example while it ends itself, sends it to end this process.
    """

    def outlast(number: int, _frame: FrameType | None) -> None:
        if _catches_sigterm(os.getppid()):
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            signal.alarm(GRACE_SECONDS)
        else:
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)

    signal.signal(signal.SIGTERM, outlast)


def _catches_sigterm(process: int) -> bool:
    """Whether another process has a handler for SIGTERM; False if the system has no /proc."""
    try:
        lines = Path(f"/proc/{process}/status").read_text(errors="replace").splitlines()
    except OSError:
        return False
    caught = next((int(line.split()[1], 16) for line in lines if line.startswith("SigCgt:")), 0)
    return bool(caught >> (signal.SIGTERM - 1) & 1)


@contextlib.contextmanager
def _handled_by(handler: Handler) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _end_block(_number: int, _frame: FrameType | None) -> None:
    # A second SIGTERM, as torchrun's launcher sends it, must not interrupt the clean-up.
    if not _raised.is_set():
        _raised.set()
        raise Terminated


def _end_forked_at_once() -> None:
    handler = signal.getsignal(signal.SIGTERM)
    if handler is _end_block or isinstance(getattr(handler, "__self__", None), HeldBack):
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


os.register_at_fork(after_in_child=_end_forked_at_once)
