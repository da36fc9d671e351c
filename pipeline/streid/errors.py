"""The one exception for what a user can put right."""


class InputError(ValueError):
    """Something the user gave (a file, a name, a value) cannot be used.

    The message is one line: what is wrong, where, and what to do. A stage script prints it
    and leaves with exit status 2.
    """
