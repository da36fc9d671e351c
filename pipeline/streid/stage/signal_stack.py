"""The stack on which a thread runs its signal handlers."""

import contextlib
import ctypes
from collections.abc import Iterator


class _Stack(ctypes.Structure):
    """stack_t of signal.h, in Linux's order."""

    _fields_ = (("start", ctypes.c_void_p), ("flags", ctypes.c_int), ("size", ctypes.c_size_t))


@contextlib.contextmanager
def kept_signal_stack() -> Iterator[None]:
    """Give the thread back the alternate signal stack it had, whatever the block sets.

    openvino sets one of its own when it compiles a network for the CPU, and unmaps it when some network is gone: the
    next signal would then end the process. Another C library is left as it is.
    """
    sigaltstack = getattr(ctypes.CDLL(None), "sigaltstack", None)
    before = _Stack()
    if sigaltstack is None or sigaltstack(None, ctypes.byref(before)):
        yield
        return
    try:
        yield
    finally:
        sigaltstack(ctypes.byref(before), None)
