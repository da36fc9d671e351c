"""Files that are there whole or not at all."""

import contextlib
import errno
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from streid.errors import DISK_IS_FULL, InputError
from streid.files.locks import exclusive_output

PROBED_BYTES = 1 << 20


@contextlib.contextmanager
def atomic_output(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Yield a temporary path beside `path`; rename it to `path` once the block ends without an error.

    A reader sees the old file or the whole new one, never a part. On an error the temporary file is
    removed and `path` stays as it was. The parent directory is made when it is missing.
    """
    with atomic_outputs(path) as (partial,):
        yield partial


@contextlib.contextmanager
def atomic_outputs(*paths: str | os.PathLike[str]) -> Iterator[tuple[Path, ...]]:
    """As `atomic_output` for files that belong together: none is renamed before all are written.

    Should a rename fail after others, these new files are removed: there are all of them or none. Another
    process that writes one of them waits until this one is through; what a killed one left is replaced.

    Raises:
        OSError: the disk is full, whatever the writer in the block made of that; `filename` is the output.
    """
    targets = [Path(path) for path in paths]
    for target in targets:
        _refuse_no_file(target)
        target.parent.mkdir(parents=True, exist_ok=True)
    partials = tuple(target.with_name(f".{target.name}.partial") for target in targets)
    renamed: list[Path] = []
    with contextlib.ExitStack() as held:
        # In one order everywhere, so that two that write the same files never wait for each other.
        for target in sorted(set(targets)):
            held.enter_context(exclusive_output(target))
        for partial in partials:
            partial.unlink(missing_ok=True)
        try:
            yield partials
            for partial in partials:
                with partial.open("rb+") as handle:
                    os.fsync(handle.fileno())
            for partial, target in zip(partials, targets, strict=True):
                partial.replace(target)
                renamed.append(target)
        except BaseException as error:
            named = error.filename if isinstance(error, OSError) and error.errno in DISK_IS_FULL else None
            full = [
                target
                for target, partial in zip(targets, partials, strict=True)
                if named == str(partial) or _lacks_room(partial)
            ]
            for path in (*partials, *renamed):
                path.unlink(missing_ok=True)
            if full and isinstance(error, Exception) and not isinstance(error, InputError):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(full[0])) from error
            raise


def _lacks_room(partial: Path) -> bool:
    """Whether the disk of a half-written file is full, which libraries tell by errors of many kinds."""
    try:
        with partial.open("ab") as handle:
            handle.write(bytes(PROBED_BYTES))
            handle.flush()
            os.fsync(handle.fileno())
    except OSError as error:
        return error.errno in DISK_IS_FULL
    return False


def check_targets(
    outputs: Iterable[str | os.PathLike[str] | None], inputs: Iterable[str | os.PathLike[str] | None]
) -> None:
    """Refuse outputs that cannot be written, or would replace an input or each other; None stands for no file.

    To be called before anything is computed. Paths that lead to one file by links are the same.

    Raises:
        InputError: an output is a directory or another thing that is no file, lies in something that is no
            directory, or is an input or another output.
    """
    taken = {Path(path).resolve(): "is read as an input" for path in inputs if path is not None}
    for output in outputs:
        if output is None:
            continue
        target = Path(output)
        _refuse_no_file(target)
        above = next(folder for folder in target.absolute().parents if folder.exists())
        if not above.is_dir():
            raise InputError(f"{target}: cannot be written, as {above} is no directory; choose another output")
        if target.resolve() in taken:
            raise InputError(f"{target}: {taken[target.resolve()]}, so it cannot be written; choose another output")
        taken[target.resolve()] = "is another output as well"


def _refuse_no_file(target: Path) -> None:
    if target.exists() and not target.is_file():
        raise InputError(f"{target}: is no regular file, so it cannot be written; choose another output")


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """Write `text` as UTF-8, atomically."""
    with atomic_output(path) as partial:
        partial.write_text(text, encoding="utf-8", newline="")
