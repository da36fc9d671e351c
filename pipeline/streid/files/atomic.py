"""Atomic writes: a file is complete, or it does not exist."""

import contextlib
import errno
import os
import shutil
import stat
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from streid.errors import DISK_IS_FULL, InputError
from streid.files.locks import exclusive_output

PROBED_BYTES = 1 << 20


@contextlib.contextmanager
def atomic_output(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Yield a temporary path beside `path`; rename it to `path` once the block ends without an error.

    A reader sees the old file or the whole new one, never a part. On an error the temporary file is
    removed and `path` is not changed. The parent directory is made if it is missing.
    """
    with atomic_outputs(path) as (partial,):
        yield partial


@contextlib.contextmanager
def atomic_outputs(*paths: str | os.PathLike[str]) -> Iterator[tuple[Path, ...]]:
    """As `atomic_output` for files that belong together: none is renamed before all are written.

    If a rename fails, the earlier versions are put back: all of the new files exist, or none. Another process that
    writes one of them waits until this one has finished. Leftovers of a killed process are replaced. A file gets the
    permissions of any new file there, by the umask, even if its writer set others.

    Raises:
        InputError: two of the paths lead to one file, or one cannot be written.
        OSError: the disk is full, whatever error the writer in the block raised; `filename` is the output.
    """
    outputs = [_Output(Path(path)) for path in paths]
    check_targets([output.target for output in outputs], ())
    with contextlib.ExitStack() as held:
        # Always in the same order, so that two processes that write the same files never wait for each other.
        for target in sorted(output.target for output in outputs):
            target.parent.mkdir(parents=True, exist_ok=True)
            held.enter_context(exclusive_output(target))
        for output in outputs:
            output.begin()
        try:
            yield tuple(output.partial for output in outputs)
            for output in outputs:
                output.finish()
            for output in outputs[:-1]:
                output.keep_earlier()
            for output in outputs:
                output.put_in_place()
        except BaseException as error:
            unfinished = [output for output in outputs if not output.is_in_place()]
            if unfinished:
                full = _full_disk(error, unfinished)
                for output in outputs:
                    output.undo()
                if full is not None:
                    raise full from error
            raise
        finally:
            for output in outputs:
                output.earlier.unlink(missing_ok=True)


class _Output:
    """A file that is written beside its target, and the target's earlier version until all files are renamed."""

    def __init__(self, target: Path) -> None:
        self.target = target
        self.partial = target.with_name(f".{target.name}.partial")
        self.earlier = target.with_name(f".{target.name}.earlier")
        self._mode = 0
        self._renaming = False

    def begin(self) -> None:
        """Remove leftovers of a killed process, and find out which permissions a new file has here."""
        for path in (self.partial, self.earlier):
            path.unlink(missing_ok=True)
        with self.partial.open("xb") as handle:
            self._mode = stat.S_IMODE(os.fstat(handle.fileno()).st_mode)
        self.partial.unlink()

    def finish(self) -> None:
        """Flush the written file to the disk, with the permissions of a new file."""
        with self.partial.open("rb+") as handle:
            # Some libraries write to a temporary file of mode 0600 and rename it.
            if stat.S_IMODE(os.fstat(handle.fileno()).st_mode) != self._mode:
                os.fchmod(handle.fileno(), self._mode)
            os.fsync(handle.fileno())

    def keep_earlier(self) -> None:
        """Give the target's earlier version, if there is one, a second name."""
        with contextlib.suppress(FileNotFoundError):
            try:
                self.earlier.hardlink_to(self.target)
            except OSError:  # a file system without links, or another user's file
                shutil.copy2(self.target, self.earlier)

    def put_in_place(self) -> None:
        """Rename the written file to the target."""
        self._renaming = True
        self.partial.replace(self.target)

    def is_in_place(self) -> bool:
        """Whether the written file has been renamed to the target; a signal may have interrupted at any moment."""
        return self._renaming and not self.partial.exists()

    def undo(self) -> None:
        """Remove what was written, and put back what it has replaced."""
        if not self.is_in_place():
            self.partial.unlink(missing_ok=True)
        elif self.earlier.exists():
            self.earlier.replace(self.target)
        else:
            self.target.unlink(missing_ok=True)


def _full_disk(error: BaseException, outputs: Sequence[_Output]) -> OSError | None:
    """An error that names the output that did not fit on the disk, if that is what happened.

    Libraries report a full disk by many kinds of errors, so the disk itself is tested.
    """
    if isinstance(error, InputError) or not isinstance(error, Exception):
        return None
    named = error.filename if isinstance(error, OSError) and error.errno in DISK_IS_FULL else None
    for output in outputs:
        if named == str(output.partial) or _lacks_room(output.partial):
            return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(output.target))
    return None


def _lacks_room(partial: Path) -> bool:
    """Whether the disk of a half-written file is full."""
    try:
        with partial.open("ab") as handle:
            handle.write(bytes(PROBED_BYTES))
            handle.flush()
            os.fsync(handle.fileno())
    except OSError as error:
        return error.errno in DISK_IS_FULL
    return False


def check_targets(
    outputs: Iterable[str | os.PathLike[str] | None],
    inputs: Iterable[str | os.PathLike[str] | None],
    *,
    work: Path | None = None,
) -> None:
    """Refuse outputs that cannot be written, or would replace an input or each other; None means no file.

    Call it before anything is computed. Paths that lead to one file through links count as one.

    Args:
        work: the stage's work folder; no output may be in it.

    Raises:
        InputError: an output is a directory or otherwise no regular file, its parent is not a directory, or it is an
            input, another output or in the work folder.
    """
    taken = {Path(path).resolve(): "is read as an input" for path in inputs if path is not None}
    for output in outputs:
        if output is None:
            continue
        target = Path(output)
        _refuse_other_kinds(target)
        above = next(folder for folder in target.absolute().parents if folder.exists())
        if not above.is_dir():
            raise InputError(f"{target}: cannot be written, because {above} is not a directory; choose another output")
        if target.resolve() in taken:
            raise InputError(f"{target}: {taken[target.resolve()]}, so it cannot be written; choose another output")
        if work is not None and work.resolve() in (target.resolve(), *target.resolve().parents):
            raise InputError(f"{target}: is in the work folder {work}, whose files are removed; choose another output")
        taken[target.resolve()] = "is also another output"


def _refuse_other_kinds(target: Path) -> None:
    if target.exists() and not target.is_file():
        raise InputError(f"{target}: is not a regular file, so it cannot be written; choose another output")


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """Write `text` as UTF-8, atomically."""
    with atomic_output(path) as partial:
        partial.write_text(text, encoding="utf-8", newline="")
