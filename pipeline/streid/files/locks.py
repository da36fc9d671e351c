"""Lock files: one process at a time writes an output or works in a folder.

After `kill -9` of the workflow a stage may still run, on this machine or on another node of a cluster. A new
run of the same stage must not write beside it. The kernel drops a lock when its process ends, however it ends. A
process never waits for a lock that it holds itself: that is refused.
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
    """This process for those who wait for it: number, host, stage, and the SLURM job it is part of."""
    job = f", SLURM job {os.environ['SLURM_JOB_ID']}" if "SLURM_JOB_ID" in os.environ else ""
    return f"process {os.getpid()} on {socket.gethostname()} ({Path(sys.argv[0]).stem or 'python'}{job})"


def open_lock(path: Path) -> int:
    """Open a lock file, made if it is missing; a lock on it is this process's own.

    Processes forked later, such as loader workers, close it: they would hold the lock for a while after this
    process was killed.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    _open_locks.add(handle)
    return handle


def close_lock(handle: int) -> None:
    """Close a lock file, which gives its lock back."""
    _open_locks.discard(handle)
    _held_files.pop(handle, None)
    os.close(handle)


def try_lock(handle: int) -> bool:
    """Whether nobody has locked the file, through this handle it is this process's then.

    Raises:
        OSError: the file system has no locks.
    """
    # Over NFS a lock belongs to the process, and would be given a second time.
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
    """The process that has locked the file and started this one, by way of others or not; None where the system does
    not say so."""
    try:
        lines = [line.split() for line in KERNEL_LOCKS.read_text(encoding="ascii").splitlines()]
    except OSError:
        return None
    inode = str(os.fstat(handle).st_ino)
    # number: FLOCK ADVISORY WRITE process major:minor:inode start end; `->` stands before the type of one that waits
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
    """Hold a lock file for a moment, waiting in silence for those that do."""
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
    """Be the only process that writes the file or folder `target` while the block runs, waiting for another one.

    The lock file beside it is there only meanwhile, or after a kill until the next one writes.
    """
    lock = target.with_name(f".{target.name}.lock")
    while True:
        handle = open_lock(lock)
        try:
            wait_for_lock(handle, f"writes {target}", target.parent)
            # The one waited for may have removed the lock file that was opened here.
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
    """What stands in a lock file; bytes that are no text are replaced."""
    return os.pread(handle, 1 << 16, 0).decode(errors="replace")


def write_lock(handle: int, text: str) -> None:
    """Replace what stands in a lock file; on a full disk it stays empty or cut short, and the lock holds as well."""
    content = text.encode()
    try:
        # In this order those who wait never read nothing.
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
    """Lock a file, waiting while another process has it; the log says for whom.

    Args:
        doing: what the other process does, for the log.
        place: the folder that counts as without locks where its file system has none.
        holder_of: the name of the holder from what stands in the lock file.

    Raises:
        InputError: this process itself holds the lock.
    """
    named = ""
    try:
        while not try_lock(handle):
            _refuse_own(handle, doing)
            text = read_lock(handle)
            if not text:
                # Whoever has just locked it names itself at once.
                time.sleep(POLL_SECONDS / 5)
                text = read_lock(handle)
            holder = holder_of(text) or "a process that has just begun"
            if holder != named:
                logger.info("waiting for %s, which %s%s", holder, doing, _warning(handle))
                named = holder
            time.sleep(POLL_SECONDS)
    except OSError as error:
        if error.errno not in NOT_SUPPORTED:
            raise
        if place not in _without_locks:
            logger.warning(
                "%s lies on a file system without locks (%s): see to it that no other process works there", place, error
            )
            _without_locks.add(place)


def _refuse_own(handle: int, doing: str) -> None:
    """Refuse to wait for a lock that this process itself would have to give back."""
    if held_here(handle):
        raise InputError(f"this stage {doing} already; give each output and work folder a place of its own")


def _warning(handle: int) -> str:
    process = holding_ancestor(handle)
    return f"; process {process} started this one: if it waits for the end of it, neither ends" if process else ""
