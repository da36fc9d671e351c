"""The end of each training, as a table."""

from collections.abc import Sequence

import numpy as np

from streid.reporting.figures.training_curve import SHARES, last_measured, measured, short_number, trained
from streid.reporting.measured import HISTORY_COLUMNS, SPEED
from streid.reporting.runs import ModelRun

TITLES = (
    "Epochs",
    "Loss",
    "Accuracy",
    "Learning rate",
    "Held-out rank-1",
    "Held-out mAP",
    "Pictures per second",
)
NONE = "\N{EN DASH}"


def training_rows(runs: Sequence[ModelRun]) -> list[tuple[str, tuple[str, ...]]]:
    """Each model's epochs, its last values in the order of `HISTORY_COLUMNS`, and its median speed."""
    rows = []
    for name, history in trained(runs).items():
        ends = [_shown(column, last_measured(history, column)) for column in HISTORY_COLUMNS]
        speed = float(history[SPEED].median()) if measured(history, SPEED) else np.nan
        rows.append((name, (f"{len(history):,}", *ends, _shown(SPEED, speed))))
    return rows


def _shown(column: str, value: float) -> str:
    if not np.isfinite(value):
        return NONE
    return f"{100 * value:.1f} %" if column in SHARES else short_number(value)
