"""SIGTERM, which a scheduler sends before it kills: a stage ends in order, and may first write down what it has."""

import contextlib
import os
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType

GRACE_SECONDS = 30  # as schedulers leave between SIGTERM and SIGKILL
STATUS = 128 + signal.SIGTERM  # what a shell reports of a process that SIGTERM ended
SAID = "stopped by SIGTERM; what is finished is kept: run the same command again to go on"

Handler = Callable[[int, FrameType | None], None]
_raised = threading.Event()


class Terminated(BaseException):
    """SIGTERM arrived; like KeyboardInterrupt no error, so that nothing takes it for one."""


class HeldBack:
    """SIGTERM while it is held back.

    asked: whether it has arrived.
    """

    def __init__(self) -> None:
        self.asked = False

    def note(self, _number: int, _frame: FrameType | None) -> None:
        """The signal's handler."""
        self.asked = True

    @contextlib.contextmanager
    def released(self) -> Iterator[None]:
        """Let SIGTERM, also one that has arrived, end the block at once."""
        if self.asked:
            raise Terminated
        with _handled_by(_end_block):
            yield


@contextlib.contextmanager
def terminable() -> Iterator[None]:
    """SIGTERM raises `Terminated` in the block, once, so that all that is open is closed and removed.

    Forked processes end at once, as without this.
    """
    _raised.clear()
    with _handled_by(_end_block):
        yield


@contextlib.contextmanager
def held_back() -> Iterator[HeldBack]:
    """SIGTERM is noted while the block runs; if it has arrived, `Terminated` is raised at its end.

    Elsewhere than in the main thread, where signals cannot be handled, it is never noted.
    """
    held = HeldBack()
    _raised.clear()
    with _handled_by(held.note):
        yield held
    if held.asked:
        raise Terminated


def outlast_sigterm() -> None:
    """In a process that works for its parent: go on for a while after SIGTERM if the parent catches it.

    A scheduler sends it to all processes of a job, and a training still needs the batches of its last step. A parent
    that does not catch it, as at its own end, sends it to end this process.
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
    """Whether another process has a handler for SIGTERM; never where the system has no /proc."""
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
    # A second one, as torchrun's launcher sends it, must not disturb the cleaning up.
    if not _raised.is_set():
        _raised.set()
        raise Terminated


def _end_forked_at_once() -> None:
    handler = signal.getsignal(signal.SIGTERM)
    if handler is _end_block or isinstance(getattr(handler, "__self__", None), HeldBack):
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


os.register_at_fork(after_in_child=_end_forked_at_once)
