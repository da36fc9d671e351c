"""Lock files: one process at a time writes an output or works in a folder.

After `kill -9` of the workflow a stage may still run, on this machine or on another node of a cluster. A new run of
the same stage must not write at the same time. The kernel releases a lock when its process ends, also after a crash.
A process never waits for a lock that it holds itself: that is an error.
"""

import contextlib
import errno
import fcntl
import logging
import os
import socket
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from streid.errors import DISK_IS_FULL, InputError

logger = logging.getLogger(__name__)

POLL_SECONDS = 0.5
NOT_SUPPORTED = (errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EINVAL)
KERNEL_LOCKS = Path("/proc/locks")
_open_locks: set[int] = set()
_held_files: dict[int, tuple[int, int]] = {}  # device and inode of each file locked here, by handle
_without_locks: set[Path] = set()


def describe_process() -> str:
    """This process, described for those that wait for it: number, host, stage, and its SLURM job."""
    job = f", SLURM job {os.environ['SLURM_JOB_ID']}" if "SLURM_JOB_ID" in os.environ else ""
    return f"process {os.getpid()} on {socket.gethostname()} ({Path(sys.argv[0]).stem or 'python'}{job})"


def open_lock(path: Path) -> int:
    """Open a lock file, which is made if it is missing; only this process can hold a lock through it.

    Processes forked later, such as loader workers, close it. Otherwise they would hold the lock for a while after this
    process was killed.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    _open_locks.add(handle)
    return handle


def close_lock(handle: int) -> None:
    """Close a lock file, which releases its lock."""
    _open_locks.discard(handle)
    _held_files.pop(handle, None)
    os.close(handle)


def try_lock(handle: int) -> bool:
    """Lock the file if nobody else has; returns whether this process holds it now.

    Raises:
        OSError: the file system has no locks.
    """
    # Over NFS a lock belongs to the process, so a second request would succeed.
    if held_here(handle):
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    _held_files[handle] = _identity(handle)
    return True


def held_here(handle: int) -> bool:
    """Whether this process has locked the file through another handle."""
    return _identity(handle) in [held for other, held in _held_files.items() if other != handle]


def holding_ancestor(handle: int) -> int | None:
    """The process that has locked the file and started this one, directly or not; None if there is none or the system
    does not say."""
    try:
        lines = [line.split() for line in KERNEL_LOCKS.read_text(encoding="ascii").splitlines()]
    except OSError:
        return None
    inode = str(os.fstat(handle).st_ino)
    # number: FLOCK ADVISORY WRITE process major:minor:inode start end; for a waiting one `->` is before FLOCK
    holders = {int(line[4]) for line in lines if line[1] == "FLOCK" and line[5].rpartition(":")[2] == inode}
    return next((process for process in _ancestors() if process in holders), None)


def _identity(handle: int) -> tuple[int, int]:
    status = os.fstat(handle)
    return status.st_dev, status.st_ino


def _ancestors() -> Iterator[int]:
    process = os.getppid()
    while process > 1:
        yield process
        try:
            # The name before the last parenthesis may hold anything.
            process = int(Path(f"/proc/{process}/stat").read_text(errors="replace").rpartition(")")[2].split()[1])
        except OSError:
            return


@contextlib.contextmanager
def exclusive_lock(path: Path) -> Iterator[None]:
    """Hold a lock file for a short time; waits for other holders without a message."""
    handle = open_lock(path)
    try:
        while not try_lock(handle):
            _refuse_own(handle, f"holds {path}")
            time.sleep(POLL_SECONDS / 10)
        yield
    finally:
        close_lock(handle)


@contextlib.contextmanager
def exclusive_output(target: Path) -> Iterator[None]:
    """Be the only process that writes the file or folder `target` while the block runs; waits for another one.

    The lock file beside it exists only while it is held or, after a kill, until the next process has written.
    """
    lock = target.with_name(f".{target.name}.lock")
    while True:
        handle = open_lock(lock)
        try:
            wait_for_lock(handle, f"writes {target}", target.parent)
            # The process waited for may have removed the lock file that was opened here.
            if _is_at(handle, lock):
                write_lock(handle, describe_process())
                break
        except BaseException:
            close_lock(handle)
            raise
        close_lock(handle)
    try:
        yield
    finally:
        lock.unlink(missing_ok=True)
        close_lock(handle)


def _is_at(handle: int, path: Path) -> bool:
    """Whether an open file is still the one at `path`."""
    try:
        return os.path.samestat(os.fstat(handle), path.stat())
    except FileNotFoundError:
        return False


def read_lock(handle: int) -> str:
    """The text in a lock file; bytes that are not text are replaced."""
    return os.pread(handle, 1 << 16, 0).decode(errors="replace")


def write_lock(handle: int, text: str) -> None:
    """Replace the text in a lock file; on a full disk it stays empty or incomplete, but the lock still holds."""
    content = text.encode()
    try:
        # In this order a waiting process never reads an empty file.
        os.pwrite(handle, content, 0)
        os.ftruncate(handle, len(content))
    except OSError as error:
        if error.errno not in DISK_IS_FULL:
            raise


def _close_inherited_locks() -> None:
    for handle in _open_locks:
        with contextlib.suppress(OSError):
            os.close(handle)
    _open_locks.clear()
    _held_files.clear()


os.register_at_fork(after_in_child=_close_inherited_locks)


def wait_for_lock(handle: int, doing: str, place: Path, holder_of: Callable[[str], str] = str) -> None:
    """Lock a file; waits while another process holds it, and logs which.

    Args:
        doing: what the other process does, for the log.
        place: the folder to name in the warning if its file system has no locks.
        holder_of: from the text in the lock file, the name of the holder.

    Raises:
        InputError: this process itself holds the lock.
    """
    named = ""
    try:
        while not try_lock(handle):
            _refuse_own(handle, doing)
            text = read_lock(handle)
            if not text:
                # A process that has just locked it will write its name right away.
                time.sleep(POLL_SECONDS / 5)
                text = read_lock(handle)
            holder = holder_of(text) or "a process that has just started"
            if holder != named:
                logger.info("waiting for %s, which %s%s", holder, doing, _warning(handle))
                named = holder
            time.sleep(POLL_SECONDS)
    except OSError as error:
        if error.errno not in NOT_SUPPORTED:
            raise
        if place not in _without_locks:
            logger.warning(
                "%s is on a file system without locks (%s): make sure that no other process works there", place, error
            )
            _without_locks.add(place)


def _refuse_own(handle: int, doing: str) -> None:
    """Refuse to wait for a lock that this process itself would have to release."""
    if held_here(handle):
        raise InputError(f"this stage {doing} already; give each output and work folder a different path")


def _warning(handle: int) -> str:
    process = holding_ancestor(handle)
    return f"; process {process} started this one: if it waits for this one to end, neither will end" if process else ""
