"""The unfinished training run on disk: everything a later process needs to go on as if never stopped."""

import io
import logging
import pickle
from pathlib import Path
from typing import Any

import torch

from streid.errors import InputError, refused_by_system
from streid.files.atomic import atomic_output
from streid.files.checksums import append_checksum, read_verified

logger = logging.getLogger(__name__)

Checkpoint = dict[str, Any]


def first_line(error: Exception) -> str:
    """An exception's kind and the first line of its message."""
    return ": ".join([type(error).__name__, *str(error).splitlines()[:1]])


def save_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint with a checksum, atomically: a kill in between leaves the earlier one."""
    with atomic_output(path) as partial:
        torch.save(checkpoint, partial)
        append_checksum(partial)


def read_checkpoint(path: Path) -> Checkpoint:
    """Read a checkpoint; no code in the file is ever run.

    Raises:
        InputError: the file is damaged or no checkpoint.
    """
    try:
        checkpoint = torch.load(io.BytesIO(read_verified(path)), map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, EOFError, KeyError, TypeError, ValueError, pickle.UnpicklingError) as error:
        if isinstance(error, InputError) or refused_by_system(error):
            raise
        raise InputError(f"{path}: not a checkpoint of streid ({first_line(error)})") from None
    if not (isinstance(checkpoint, dict) and {"fingerprint", "model"} <= checkpoint.keys()):
        raise InputError(f"{path}: not a checkpoint of streid (it holds no fingerprint or no model)")
    return checkpoint


def load_checkpoint(path: Path, fingerprint: str) -> Checkpoint | None:
    """The checkpoint at `path`, if it belongs to the run with this fingerprint.

    Tensors and plain values only: a file that carries code is refused. A checkpoint that is missing,
    damaged or of other parameters, code or data gives None, and the log says why.
    """
    if not path.is_file():
        return None
    try:
        checkpoint = read_checkpoint(path)
    except InputError as error:
        logger.warning("%s; starting afresh", error)
        return None
    if checkpoint["fingerprint"] != fingerprint:
        logger.info(
            "checkpoint %s belongs to other parameters, code or data; starting afresh (it is replaced by this run's "
            "first one; to start from its weights, stop now and set start_weights to a copy of it)",
            path,
        )
        return None
    return checkpoint
