"""A file object for HDF5 that survives a full disk.

HDF5 cannot close a file whose last writes failed: it ends the process, or keeps the file open. So after a failed write
nothing more is written, and HDF5 gets no error. After closing the file, call `check`, which raises the failure.
"""

import io
from typing import Any


class GuardedFile(io.FileIO):
    """A new file, open for writing and reading, that records its first failed write instead of raising it."""

    def __init__(self, path: Any) -> None:
        super().__init__(path, "w+")
        self._failure: OSError | None = None

    def write(self, content: Any) -> int:
        """Write all of `content`, or nothing after a failure; returns the length of `content` in any case."""
        view = memoryview(content).cast("B")
        done = 0
        try:
            while self._failure is None and done < len(view):
                done += super().write(view[done:])
        except OSError as error:
            self._failure = error
        return len(view)

    def readinto(self, room: Any) -> int:
        """Fill the buffer from the file; zeros where nothing was written."""
        view = memoryview(room).cast("B")
        done = 0
        while done < len(view) and (count := super().readinto(view[done:])):
            done += count
        view[done:] = bytes(len(view) - done)
        return len(view)

    def truncate(self, size: int | None = None) -> int:
        """Set the file's length."""
        try:
            return super().truncate(size)
        except OSError as error:
            self._failure = self._failure or error
            return size or 0

    def check(self) -> None:
        """Raise the failure if there was one.

        Raises:
            OSError: a write failed, most often because the disk is full.
        """
        if self._failure is not None:
            raise self._failure
