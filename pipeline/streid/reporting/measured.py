"""Reading the JSON and CSV files a report is made from, every value checked before it is used.

Metrics are fractions from 0 to 1.
"""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from streid.errors import InputError
from streid.files.hdf5 import VERSION
from streid.files.json_files import read_json

METRICS_FORMAT, SUMMARY_FORMAT = "streid-metrics", "streid-dataset"
METRIC_TITLES = {
    "rank1": "Rank-1",
    "rank5": "Rank-5",
    "rank10": "Rank-10",
    "mAP": "mAP",
    "mAP_step": "mAP (step)",
    "mINP": "mINP",
}
AUDIT_COUNTS = ("query", "gallery", "junk", "distractors", "unknown_times", "unknown_cameras", "evaluated", "skipped")
WEIGHT_SOURCES = ("given", "held-out", "default")
LARGEST = 1e300
COUNTED = ("pictures", "identities", "cameras")
HISTORY_COLUMNS = ("loss", "accuracy", "learning_rate", "val_rank1", "val_mAP")
SPEED = "pictures_per_second"


def read_metrics(path: Path) -> dict[str, Any]:
    """Read and check a scores.json or reranked.json.

    Raises:
        InputError: the file is missing, of another format or version, or a value is missing or not what it must be.
    """
    content = read_json(path)
    check_format(content, METRICS_FORMAT, path)
    for name in ("dataset", "model"):
        _text(content, name, path)
    streams = _mapping(content, "streams", path)
    if not streams:
        raise InputError(f"{path}: holds no streams; make it again")
    for stream, metrics in streams.items():
        _check_stream(metrics, f"{path}: stream {stream}")
    audit = _mapping(content, "audit", path)
    for name in AUDIT_COUNTS:
        _whole(audit, name, f"{path}: audit")
    for name in ("pairs_with_time", *(["neutral_pairs"] if "neutral_pairs" in audit else [])):
        _number(audit, name, f"{path}: audit", high=1)
    _check_fusion(_mapping(content, "fusion", path), f"{path}: fusion")
    return content


def read_summary(path: Path) -> dict[str, Any]:
    """Read and check a dataset.json.

    Raises:
        InputError: the file is missing, of another format or version, or a value is missing or not what it must be.
    """
    content = read_json(path)
    check_format(content, SUMMARY_FORMAT, path)
    for split, counts in _mapping(content, "counts", path).items():
        if not isinstance(counts, Mapping):
            raise _wrong(f"{path}: counts", split, counts, "an object")
        for name in (*COUNTED, *(name for name in counts if name not in COUNTED)):
            _whole(counts, name, f"{path}: counts of {split}")
    for name in ("warnings", "skipped_files"):
        _texts(content, name, path)
    for name in ("pictures_with_time", "sessions"):
        _whole(content, name, path)
    _text(content, "source_format", path)
    return content


def read_history(path: Path) -> pd.DataFrame:
    """Read a training.csv: `epoch`, and those of `HISTORY_COLUMNS` and `SPEED` that it has.

    Raises:
        InputError: the file is no CSV of numbers or has no epochs.
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


def check_format(content: Mapping[str, Any], expected: str, path: Path) -> None:
    """Refuse a file of another format or version."""
    found = (content.get("format"), content.get("version"))
    if found != (expected, VERSION):
        raise InputError(f"{path}: format {found[0]!r} version {found[1]!r}, expected {expected!r} version {VERSION}")


def _check_stream(metrics: Any, where: str) -> None:
    if not isinstance(metrics, Mapping):
        raise InputError(f"{where} is {_shown(metrics)}, expected an object; make it again")
    intervals = _mapping(metrics, "ci95", where)
    for name in METRIC_TITLES:
        _number(metrics, name, where, high=1)
        limits = _numbers(intervals, name, f"{where}, ci95", high=1)
        if len(limits) != 2 or limits[0] > limits[1]:
            raise _wrong(f"{where}, ci95", name, limits, "a lower and an upper end")
    if not _numbers(metrics, "cmc", where, high=1):
        raise _wrong(where, "cmc", [], "at least one share")
    for name in ("evaluated", "skipped"):
        _whole(metrics, name, where)


def _check_fusion(fusion: Mapping[str, Any], where: str) -> None:
    _text(fusion, "name", where)
    if fusion["name"] != "likelihood":
        return
    _number(fusion, "weight", where)
    for name in ("identities", "sessions"):
        _whole(fusion, name, where)
    for name in ("near", "apart"):
        _number(fusion, name, where, low=-math.inf)
    if fusion.get("weight_source") not in WEIGHT_SOURCES:
        raise _wrong(where, "weight_source", fusion.get("weight_source"), f"one of {', '.join(WEIGHT_SOURCES)}")
    if fusion.get("selection") is None:
        return
    selection = _mapping(fusion, "selection", where)
    for name in ("identities", "queries"):
        _whole(selection, name, f"{where}, selection")
    for name in ("default", "best"):
        _number(selection, name, f"{where}, selection")
    if fusion["weight_source"] == "held-out" and not selection.get("weights"):
        raise _wrong(f"{where}, selection", "weights", selection.get("weights"), "the weights tried")
    weights = _numbers(selection, "weights", f"{where}, selection")
    curve = _numbers(selection, "mAP", f"{where}, selection", high=1)
    if len(weights) != len(curve) or min(weights, default=1) <= 0:
        raise InputError(f"{where}, selection: one mAP for each of the positive weights is needed; make it again")
    if sorted(weights) != weights:
        raise _wrong(f"{where}, selection", "weights", weights, "a list in ascending order")


def _mapping(content: Mapping[str, Any], name: str, where: str | Path) -> Mapping[str, Any]:
    value = content.get(name)
    if not isinstance(value, Mapping):
        raise _wrong(where, name, value, "an object")
    return value


def _text(content: Mapping[str, Any], name: str, where: str | Path) -> None:
    if not isinstance(content.get(name), str):
        raise _wrong(where, name, content.get(name), "a text")


def _texts(content: Mapping[str, Any], name: str, where: str | Path) -> None:
    value = content.get(name)
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise _wrong(where, name, value, "a list of texts")


def _whole(content: Mapping[str, Any], name: str, where: str | Path) -> None:
    value = content.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise _wrong(where, name, value, "a whole number of at least 0")


def _number(
    content: Mapping[str, Any], name: str, where: str | Path, *, low: float = 0.0, high: float = math.inf
) -> None:
    if not _all_numbers([content.get(name)], low, high):
        raise _wrong(where, name, content.get(name), _range(low, high))


def _numbers(content: Mapping[str, Any], name: str, where: str | Path, *, high: float = math.inf) -> list[float]:
    value = content.get(name)
    if not isinstance(value, list) or not _all_numbers(value, 0.0, high):
        raise _wrong(where, name, value, f"a list, each {_range(0.0, high)}")
    return value


def _all_numbers(values: list[Any], low: float, high: float) -> bool:
    numbers = [value for value in values if isinstance(value, int | float) and not isinstance(value, bool)]
    within = [low <= number <= high and abs(number) < LARGEST for number in numbers]
    return all(within) and len(numbers) == len(values)


def _range(low: float, high: float) -> str:
    if math.isinf(high):
        return "a number" if math.isinf(low) else f"a number of at least {low:g}"
    return f"a number from {low:g} to {high:g}"


def _wrong(where: str | Path, name: str, value: Any, expected: str) -> InputError:
    if value is None:
        return InputError(f"{where}: lacks {name} ({expected}); make it again")
    return InputError(f"{where}: {name} is {_shown(value)}, expected {expected}; make it again")


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
