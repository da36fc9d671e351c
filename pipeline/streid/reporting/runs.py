"""What a report is made from: each model's metrics, rankings and training history.

Shape suffixes: Q queries, K kept ranks. Metrics are fractions from 0 to 1.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from streid.artifacts import VERSION, Ranking, Sightings, read_json, read_rankings, read_sightings
from streid.errors import InputError

METRICS_FORMAT, SUMMARY_FORMAT = "streid-metrics", "streid-dataset"
SUMMARY_FIELDS = ("counts", "warnings", "pictures_with_time", "sessions", "source_format", "skipped_files")
STREAM_TITLES = {
    "visual": "Appearance",
    "spatiotemporal": "Times alone",
    "joint": "Appearance + times",
    "reranked": "Re-ranked",
}
METRIC_TITLES = {
    "rank1": "Rank-1",
    "rank5": "Rank-5",
    "rank10": "Rank-10",
    "mAP": "mAP",
    "mAP_step": "mAP (step)",
    "mINP": "mINP",
}
HISTORY_COLUMNS = ("loss", "accuracy", "learning_rate", "val_rank1", "val_mAP")


@dataclass(frozen=True, kw_only=True, eq=False)
class ModelRun:
    """One model's results on the data set.

    scores, reranked: the contents of scores.json and reranked.json. history: training.csv with `epoch`
    and those of `HISTORY_COLUMNS` it has. rankings: stream -> its ranking, over `query` and `gallery`.
    What a model was not taken through is None.
    """

    name: str
    scores: Mapping[str, Any]
    reranked: Mapping[str, Any] | None
    history: pd.DataFrame | None
    rankings: Mapping[str, Ranking]
    query: Sightings
    gallery: Sightings

    @property
    def streams(self) -> dict[str, Mapping[str, Any]]:
        """Stream -> its metrics, in the order of the road: appearance, times, both, re-ranked, others."""
        found = {**self.scores["streams"], **(self.reranked["streams"] if self.reranked else {})}
        return {name: found[name] for name in sorted(found, key=stream_order)}

    @property
    def final_stream(self) -> str:
        """The last stream of the road this model was taken."""
        road = [name for name in ("visual", "joint", "reranked") if name in self.streams]
        return road[-1] if road else next(iter(self.streams))


def stream_order(stream: str) -> tuple[int, str]:
    """Sorts streams: the known ones in their order, then the others by name."""
    known = list(STREAM_TITLES)
    return (known.index(stream) if stream in known else len(known), stream)


def stream_title(stream: str) -> str:
    """The words a reader sees for a stream."""
    return STREAM_TITLES.get(stream, stream)


def best_run(runs: list[ModelRun]) -> ModelRun:
    """The run whose last stream has the highest mAP; the first of equals."""
    return max(runs, key=lambda run: float(run.streams[run.final_stream]["mAP"]))


def read_run(name: str, folder: Path) -> ModelRun:
    """Read one model's folder.

    Args:
        name: the model's name in the report.
        folder: holds features.h5, scores.h5 and scores.json; reranked.h5 with reranked.json, and
            training.csv, where there are any.

    Raises:
        InputError: a file is missing, damaged, or does not fit the others.
    """
    rankings = read_rankings(folder / "scores.h5")
    reranked = None
    if (folder / "reranked.json").is_file() or (folder / "reranked.h5").is_file():
        reranked = read_metrics(folder / "reranked.json")
        rankings |= read_rankings(folder / "reranked.h5")
    run = ModelRun(
        name=name,
        scores=read_metrics(folder / "scores.json"),
        reranked=reranked,
        history=read_history(folder / "training.csv") if (folder / "training.csv").is_file() else None,
        rankings=rankings,
        query=read_sightings(folder / "features.h5", "query"),
        gallery=read_sightings(folder / "features.h5", "gallery"),
    )
    for stream, ranking in rankings.items():
        largest = int(ranking.indices_QK.max(initial=-1))
        if len(ranking.indices_QK) != len(run.query) or largest >= len(run.gallery):
            raise InputError(f"{folder}: stream {stream} does not rank the pictures of features.h5; make it again")
    return run


def read_metrics(path: Path) -> dict[str, Any]:
    """Read and check a scores.json or reranked.json.

    Raises:
        InputError: the file is missing, of another format or version, or lacks a metric.
    """
    content = read_json(path)
    _check_format(content, METRICS_FORMAT, path)
    streams = content.get("streams")
    if not isinstance(streams, dict) or not streams:
        raise InputError(f"{path}: holds no streams; make it again")
    for stream, metrics in streams.items():
        missing = [name for name in (*METRIC_TITLES, "ci95", "cmc", "evaluated", "skipped") if name not in metrics]
        if missing:
            raise InputError(f"{path}: stream {stream} lacks {', '.join(missing)}; make it again")
    return content


def read_summary(path: Path) -> dict[str, Any]:
    """Read and check a dataset.json.

    Raises:
        InputError: the file is missing or of another format or version.
    """
    content = read_json(path)
    _check_format(content, SUMMARY_FORMAT, path)
    missing = [name for name in SUMMARY_FIELDS if name not in content]
    if missing:
        raise InputError(f"{path}: lacks {', '.join(missing)}; make it again")
    return content


def read_history(path: Path) -> pd.DataFrame:
    """Read a training.csv: `epoch` and those of `HISTORY_COLUMNS` it has; how fast it ran is left out.

    Raises:
        InputError: the file is no CSV of numbers or has no epochs.
    """
    try:
        table = pd.read_csv(path)
        kept = [name for name in ("epoch", *HISTORY_COLUMNS) if name in table.columns]
        table = table[kept].astype(float)
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError, ValueError) as error:
        raise InputError(f"{path}: not a CSV file of numbers ({error}); make it again") from None
    if "epoch" not in table.columns or table.empty:
        raise InputError(f"{path}: holds no epochs; make it again")
    return table


def final_epoch(history: pd.DataFrame | None) -> dict[str, Any] | None:
    """The number of epochs and the last one's values, None where a value is missing or not finite."""
    if history is None:
        return None
    last = {str(name): float(value) for name, value in history.iloc[-1].items()}
    values = {name: value if math.isfinite(value) else None for name, value in last.items() if name != "epoch"}
    return {"epochs": len(history), "last": values}


def _check_format(content: Mapping[str, Any], expected: str, path: Path) -> None:
    found = (content.get("format"), content.get("version"))
    if found != (expected, VERSION):
        raise InputError(f"{path}: format {found[0]!r} version {found[1]!r}, expected {expected!r} version {VERSION}")
