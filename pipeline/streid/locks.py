"""One process at a time on a stage's unfinished work.

After `kill -9` of the workflow a stage may still run; a new run of the same stage must not write into the
same work folder beside it.
"""

import contextlib
import fcntl
import logging
import os
from collections.abc import Iterator
from pathlib import Path

logger = logging.getLogger(__name__)


@contextlib.contextmanager
def exclusive_work(work: Path) -> Iterator[None]:
    """Hold the folder `work` for this process, waiting while another one holds it.

    The lock file lies beside the folder; the kernel drops the lock when its process ends, however it ends.
    """
    path = work.with_name(f".{work.name}.lock")
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(handle, 32, 0).decode() or "?"
            logger.info("waiting for process %s, which works in %s", holder, work)
            fcntl.flock(handle, fcntl.LOCK_EX)
        os.ftruncate(handle, 0)
        os.pwrite(handle, str(os.getpid()).encode(), 0)
        yield
    finally:
        os.close(handle)
