"""Reading the JSON and CSV files of a report; every value is checked before it is used.

Metrics are fractions from 0 to 1.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from streid.errors import InputError
from streid.files.json_files import read_json
from streid.files.json_values import (
    require_mapping,
    require_number,
    require_numbers,
    require_text,
    require_texts,
    require_whole,
    shown_value,
    wrong_value,
)
from streid.files.rankings import METRICS_FORMAT, METRICS_VERSION
from streid.scoring.fusion_records import check_record
from streid.scoring.metric_records import METRICS

SUMMARY_FORMAT, SUMMARY_VERSION = "streid-dataset", 1
AUDIT_COUNTS = ("query", "gallery", "junk", "distractors", "unknown_times", "unknown_cameras", "evaluated", "skipped")
COUNTED = ("pictures", "identities", "cameras")
HISTORY_COLUMNS = ("loss", "accuracy", "learning_rate", "val_rank1", "val_mAP")
SPEED = "pictures_per_second"


def read_metrics(path: Path) -> dict[str, Any]:
    """Read and check a scores.json or reranked.json.

    Raises:
        InputError: the file is missing, of another format or version, or a value is missing or invalid.
    """
    content = read_json(path)
    check_format(content, METRICS_FORMAT, METRICS_VERSION, path)
    for name in ("dataset", "model"):
        require_text(content, name, path)
    streams = require_mapping(content, "streams", path)
    if not streams:
        raise InputError(f"{path}: holds no streams; make it again")
    for stream, metrics in streams.items():
        _check_stream(metrics, f"{path}: stream {stream}")
    audit = require_mapping(content, "audit", path)
    for name in AUDIT_COUNTS:
        require_whole(audit, name, f"{path}: audit")
    for name in ("pairs_with_time", *(["neutral_pairs"] if "neutral_pairs" in audit else [])):
        require_number(audit, name, f"{path}: audit", high=1)
    check_record(require_mapping(content, "fusion", path), f"{path}: fusion")
    for name in ("identities", "resamples"):
        require_whole(require_mapping(content, "bootstrap", path), name, f"{path}: bootstrap")
    return content


def read_summary(path: Path) -> dict[str, Any]:
    """Read and check a dataset.json.

    Raises:
        InputError: the file is missing, of another format or version, or a value is missing or invalid.
    """
    content = read_json(path)
    check_format(content, SUMMARY_FORMAT, SUMMARY_VERSION, path)
    for split, counts in require_mapping(content, "counts", path).items():
        if not isinstance(counts, Mapping):
            raise wrong_value(f"{path}: counts", split, counts, "an object")
        for name in (*COUNTED, *(name for name in counts if name not in COUNTED)):
            require_whole(counts, name, f"{path}: counts of {split}")
    for name in ("warnings", "skipped_files"):
        require_texts(content, name, path)
    for name in ("pictures_with_time", "sessions"):
        require_whole(content, name, path)
    require_text(content, "source_format", path)
    return content


def read_history(path: Path) -> pd.DataFrame:
    """Read a training.csv: `epoch`, and those of `HISTORY_COLUMNS` and `SPEED` that it has.

    Raises:
        InputError: the file is not a CSV of numbers or has no epochs.
    """
    try:
        table = pd.read_csv(path)
        kept = [name for name in ("epoch", *HISTORY_COLUMNS, SPEED) if name in table.columns]
        table = table[kept].astype(float)
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError, ValueError) as error:
        raise InputError(f"{path}: not a CSV file of numbers ({error}); make it again") from None
    if "epoch" not in table.columns or table.empty:
        raise InputError(f"{path}: holds no epochs; make it again")
    return table


def check_format(content: Mapping[str, Any], expected: str, version: int, path: Path) -> None:
    """Refuse a file of another format or version."""
    found = (content.get("format"), content.get("version"))
    if found != (expected, version):
        raise InputError(
            f"{path}: format {found[0]!r} version {found[1]!r}, expected {expected!r} version {version}; make it again"
        )


def _check_stream(metrics: Any, where: str) -> None:
    if not isinstance(metrics, Mapping):
        raise InputError(f"{where} is {shown_value(metrics)}, expected an object; make it again")
    intervals = require_mapping(metrics, "ci95", where)
    for name in METRICS:
        require_number(metrics, name, where, high=1)
        _check_interval(intervals, name, f"{where}, ci95", low=0)
    for over in metrics.get("lift_ci95", {}):
        lifts = require_mapping(metrics["lift_ci95"], over, f"{where}, lift_ci95")
        for name in lifts:
            _check_interval(lifts, name, f"{where}, lift_ci95 over {over}", low=-1)
    if not require_numbers(metrics, "cmc", where, high=1):
        raise wrong_value(where, "cmc", [], "at least one share")
    for name in ("evaluated", "skipped"):
        require_whole(metrics, name, where)


def _check_interval(intervals: Mapping[str, Any], name: str, where: str, *, low: float) -> None:
    ends = require_numbers(intervals, name, where, low=low, high=1)
    if len(ends) != 2 or ends[0] > ends[1]:
        raise wrong_value(where, name, ends, "a lower and an upper end")
