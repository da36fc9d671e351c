"""The one line that a stage prints for an error that the user can correct."""

import errno
import os
import pwd
import stat
from pathlib import Path

from streid.errors import DISK_IS_FULL, InputError, lacks_memory

LOWER_VALUES = "lower --batch-size, --workers or --block-rows, where the stage has them"
NO_PERMISSION = (errno.EACCES, errno.EPERM)
TOO_MANY_FILES = (errno.EMFILE, errno.ENFILE)
ADVICE = {
    **dict.fromkeys(DISK_IS_FULL, "make room there and run the stage again"),
    **dict.fromkeys(TOO_MANY_FILES, "use fewer --workers, or allow more by `ulimit -n`"),
    errno.EROFS: "choose outputs on a file system that can be written to",
    errno.EIO: "the disk failed or is cannot be reached: repair that, then run the stage again",
    errno.ESTALE: "the shared file system is cannot be reached: repair that, then run the stage again",
}
READER = "DataLoader worker"


def explain(error: BaseException) -> str:
    """The line for an error that the user can correct; empty for a defect of streid."""
    if isinstance(error, InputError):
        return str(error)
    if isinstance(error, RuntimeError) and (said := explain_readers(error)):
        return said
    if lacks_memory(error):
        return f"not enough memory: {_text_of(error)}; {LOWER_VALUES}, or use a machine with more"
    return _explain_system(error) if isinstance(error, OSError) else ""


def _explain_system(error: OSError) -> str:
    if READER in str(error):
        return _text_of(error)
    if error.filename is None and error.errno is None:
        return ""
    if error.errno in NO_PERMISSION and error.filename is not None:
        return _explain_permission(Path(os.fsdecode(error.filename)), error)
    where = f": {error.filename}" if error.filename else ""
    advice = f"; {ADVICE[error.errno]}" if error.errno in ADVICE else ""
    return f"{error.strerror or error}{where}{advice}"


def explain_readers(error: RuntimeError) -> str:
    """The line for torch's error about a loader worker that ended; empty for another error.

    torch raises it anywhere in the program, whenever the worker ends.
    """
    text = str(error)
    if "shared memory" in text and ("allocate" in text or "Bus error" in text):
        return (
            "too little shared memory (/dev/shm) for the processes that read pictures: use --workers 0, or give the "
            "machine more, for example with docker's --shm-size=2g; finished work is kept"
        )
    if READER in text and ("killed by signal" in text or "exited unexpectedly" in text):
        return (
            f"a process reading pictures was killed ({error}); most often memory ran out: use fewer workers, smaller "
            "batches, or give the job more memory"
        )
    return ""


def _text_of(error: BaseException) -> str:
    """An error's text; for a loader worker's error, which comes with its traceback as text, only the last line."""
    text = str(error).strip()
    return text.rsplit("\n", 1)[-1].split(": ", 1)[-1] if READER in text else text


def _explain_permission(path: Path, error: OSError) -> str:
    """The line for a missing permission: the owner of the file, or of the folder that it would be made in."""
    place = path
    while not _is_known(place) and place != place.parent:
        place = place.parent
    status = place.stat()
    here = "it" if place == path else f"the folder {place}"
    owner, me = _name_of(status.st_uid), _name_of(os.getuid())
    mode = stat.filemode(status.st_mode)
    if status.st_uid == os.getuid():
        return (
            f"{error.strerror}: {path}: {here} is yours, with the mode {mode}; change the mode with chmod u+rwX {place}"
        )
    return (
        f"{error.strerror}: {path}: {here} belongs to {owner} ({mode}), and this stage runs as {me}; nothing is wrong "
        f"with the file: ask {owner} for access (chmod g+rwX for a group, whose members set umask 002)"
    )


def _is_known(path: Path) -> bool:
    try:
        return path.exists()
    except PermissionError:
        return False


def _name_of(user: int) -> str:
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return f"user {user}"
