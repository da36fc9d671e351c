"""The exception for errors that a user can correct, and tests for errors that come from the system."""

import errno

DISK_IS_FULL = (errno.ENOSPC, errno.EDQUOT)


class InputError(ValueError):
    """Something the user gave (a file, a name, a value) cannot be used.

    The message is one line: what is wrong, where, and what to do. A stage script prints it and exits with status 2.
    """


def lacks_memory(error: BaseException) -> bool:
    """Whether memory ran out: the error of Python and numpy, torch's for a GPU, or torch's text for the CPU."""
    return (
        isinstance(error, MemoryError)
        or (isinstance(error, OSError) and error.errno == errno.ENOMEM)
        or type(error).__name__ == "OutOfMemoryError"
        or "DefaultCPUAllocator: can't allocate memory" in str(error)
    )


def refused_by_system(error: BaseException) -> bool:
    """Whether an error comes from the system, not from a defect of the file being read or written.

    Missing permission, a full or failing disk, too little memory, too many open files. A library that cannot make
    sense of a file's content raises an OSError without a number, or another error.
    """
    return lacks_memory(error) or (isinstance(error, OSError) and error.errno is not None)
