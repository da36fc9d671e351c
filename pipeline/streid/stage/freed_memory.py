"""What becomes of memory that a process frees."""

import ctypes

# Of malloc.h: how many allocations get pages of their own, and how much free memory goes back to the system.
M_MMAP_MAX, M_TRIM_THRESHOLD = -4, -1
NEVER = 2**31 - 1


def keep_freed_memory() -> None:
    """Let glibc keep freed memory for the next allocation, in this process and those forked from it.

    By itself it gives large tensors back to the system, and the pages of the next one are cleared anew: a quarter of
    the time of a training step on the CPU. Another C library is left as it is.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(M_MMAP_MAX, 0)
        mallopt(M_TRIM_THRESHOLD, NEVER)
