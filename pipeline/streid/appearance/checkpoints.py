"""The unfinished training run on disk: everything a later process needs to go on as if never stopped."""

import hashlib
import io
import logging
import os
import pickle
from pathlib import Path
from typing import Any

import torch

from streid.artifacts import atomic_output

logger = logging.getLogger(__name__)

Checkpoint = dict[str, Any]


def first_line(error: Exception) -> str:
    """An exception's kind and the first line of its message."""
    return ": ".join([type(error).__name__, *str(error).splitlines()[:1]])


def save_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint and after it its SHA-256, atomically: a kill in between leaves the earlier one."""
    with atomic_output(path) as partial:
        torch.save(checkpoint, partial)
        with partial.open("rb+") as handle:
            digest = hashlib.file_digest(handle, "sha256").digest()
            handle.seek(0, os.SEEK_END)
            handle.write(digest)


def _read_whole(path: Path) -> io.BytesIO:
    """A checkpoint's bytes without the SHA-256 that stands after them.

    Raises:
        ValueError: the bytes are not those that were written.
    """
    content = memoryview(path.read_bytes())
    size = hashlib.sha256().digest_size
    if hashlib.sha256(content[:-size]).digest() != content[-size:]:
        raise ValueError("other bytes than were written")
    return io.BytesIO(content[:-size])


def load_checkpoint(path: Path, fingerprint: str) -> Checkpoint | None:
    """The checkpoint at `path`, if it belongs to the run with this fingerprint.

    Tensors and plain values only: a file that carries code is refused. A checkpoint that is missing,
    damaged or of other parameters, code or data gives None, and the log says why.
    """
    if not path.is_file():
        return None
    try:
        checkpoint: Checkpoint = torch.load(_read_whole(path), map_location="cpu", weights_only=True)
        found = checkpoint["fingerprint"]
    except (OSError, RuntimeError, EOFError, KeyError, TypeError, ValueError, pickle.UnpicklingError) as error:
        logger.warning("checkpoint %s is damaged (%s); starting afresh", path, first_line(error))
        return None
    if found != fingerprint:
        logger.info("checkpoint %s belongs to other parameters, code or data; starting afresh", path)
        return None
    return checkpoint
