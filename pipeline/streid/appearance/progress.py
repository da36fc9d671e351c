"""The progress bar of training and extraction."""

import sys
from typing import NoReturn

from tqdm import tqdm

LOG_SECONDS = 15.0


def progress_bar(description: str, unit: str, total: int, done: int = 0, *, shown: bool = True) -> "tqdm[NoReturn]":
    """A bar on standard error that is drawn rarely where that is a log file and no terminal."""
    interval = 0.5 if sys.stderr.isatty() else LOG_SECONDS
    return tqdm(total=total, initial=done, desc=description, unit=unit, mininterval=interval, disable=not shown)
