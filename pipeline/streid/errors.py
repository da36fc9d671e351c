"""What a user can put right: the one exception for it, and the numbers of a full disk."""

import errno

DISK_IS_FULL = (errno.ENOSPC, errno.EDQUOT)


class InputError(ValueError):
    """Something the user gave (a file, a name, a value) cannot be used.

    The message is one line: what is wrong, where, and what to do. A stage script prints it
    and leaves with exit status 2.
    """
