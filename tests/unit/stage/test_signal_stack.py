"""A thread's alternate signal stack stays its own."""

import ctypes
import subprocess
import sys
from pathlib import Path

from streid.stage.signal_stack import _Stack, kept_signal_stack

PIPELINE = Path(__file__).resolve().parents[3] / "pipeline"
SIGNALS_ON_A_STACK_SET_INSIDE = """
import ctypes, mmap, os, signal, sys
from streid.stage.signal_stack import _Stack, kept_signal_stack
signal.signal(signal.SIGUSR1, lambda *_: print("handled"))
memory = mmap.mmap(-1, 1 << 16)
with kept_signal_stack():
    start = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    ctypes.CDLL(None).sigaltstack(ctypes.byref(_Stack(start=start, flags=0, size=1 << 16)), None)
ctypes.CDLL(None).munmap(ctypes.c_void_p(start), ctypes.c_size_t(1 << 16))
os.kill(os.getpid(), signal.SIGUSR1)
sys.stdout.flush()
os._exit(0)
"""


def present() -> tuple[int | None, int, int]:
    stack = _Stack()
    assert ctypes.CDLL(None).sigaltstack(None, ctypes.byref(stack)) == 0
    return stack.start, stack.flags, stack.size


def test_the_stack_before_is_there_again() -> None:
    before = present()
    room = ctypes.create_string_buffer(1 << 16)
    with kept_signal_stack():
        other = _Stack(start=ctypes.addressof(room), flags=0, size=1 << 16)
        ctypes.CDLL(None).sigaltstack(ctypes.byref(other), None)
        assert present() != before
    assert present() == before


def test_a_signal_is_handled_though_the_block_s_stack_is_gone() -> None:
    command = [sys.executable, "-c", SIGNALS_ON_A_STACK_SET_INSIDE]
    done = subprocess.run(command, cwd=PIPELINE, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "handled\n"), done.stderr
