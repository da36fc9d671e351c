"""The record of a stage's finished work, so that another run does not do it again."""

import contextlib
import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from streid.errors import InputError
from streid.files.checksums import identify
from streid.files.locks import close_lock, describe_process, open_lock, read_lock, wait_for_lock, write_lock

logger = logging.getLogger(__name__)


class HeldWork:
    """A stage's work folder while this process holds it.

    Args:
        handle: the locked file. It names the process that holds the work or, once the work is done, has a record of it:
            who did it, the fingerprint of its code, settings and inputs, and its outputs.
    """

    def __init__(self, handle: int) -> None:
        self._handle = handle
        self._record = _read_record(read_lock(handle))
        if not self._record:
            write_lock(handle, describe_process())

    def is_done(self, fingerprint: str, outputs: Sequence[Path]) -> bool:
        """Whether the last process that held this work made exactly these outputs and they still exist.

        If so, the log says it. After any change of code, settings or inputs, or if an output is missing or was changed,
        the work must be done again.
        """
        done = self._record.get("fingerprint") == fingerprint
        if done:
            found = _make_record(fingerprint, outputs, str(self._record["by"]))
            done = self._record == found and None not in found["outputs"].values()
        if done:
            names = ", ".join(map(str, outputs))
            logger.info("%s made by %s; nothing to do (remove the output to make it again)", names, self._record["by"])
        else:
            self._record = {}
            write_lock(self._handle, describe_process())
        return done

    def mark_done(self, fingerprint: str, outputs: Sequence[Path]) -> None:
        """Keep a record of the outputs, which this process has written."""
        write_lock(self._handle, json.dumps(_make_record(fingerprint, outputs, describe_process())))


@contextlib.contextmanager
def exclusive_work(work: Path) -> Iterator[HeldWork]:
    """Lock the folder `work` for this process; waits while another one holds it.

    The lock file is beside the folder; the kernel releases the lock when its process ends, also after a crash. On a
    file system without locks nothing is locked, and the log says so.
    """
    handle = open_lock(work.with_name(f".{work.name}.lock"))
    try:
        wait_for_lock(handle, f"works in {work}", work, _holder)
        yield HeldWork(handle)
    finally:
        close_lock(handle)


def _holder(text: str) -> str:
    """Who holds the work, from the text in its lock file."""
    return str(_read_record(text).get("by", text))


def _make_record(fingerprint: str, outputs: Sequence[Path], by: str) -> dict[str, Any]:
    """A record of outputs: the SHA-256 of each one's content, None where it is missing or damaged."""
    found: dict[str, str | None] = {}
    for path in outputs:
        try:
            found[str(path)] = identify(path)
        except (FileNotFoundError, InputError):
            found[str(path)] = None
    return {"by": by, "fingerprint": fingerprint, "outputs": found}


def _read_record(text: str) -> Mapping[str, Any]:
    """The record in a lock file; empty where it names a process or is damaged."""
    try:
        record = json.loads(text)
    except ValueError:
        return {}
    return record if isinstance(record, dict) and {"by", "fingerprint", "outputs"} <= set(record) else {}
