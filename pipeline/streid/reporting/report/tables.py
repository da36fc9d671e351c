"""The report's tables, as rows of finished text."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from streid.errors import InputError
from streid.reporting.report.headline import Figure, describe_figure
from streid.reporting.runs import ModelRun
from streid.reporting.streams import stream_kind, stream_title
from streid.reporting.wording import duration, memory, percent
from streid.scoring.fusion_records import FUSIONS
from streid.scoring.metric_records import METRICS

STAGES = (
    "render_demo",
    "prepare_dataset",
    "build_histograms",
    "train_appearance",
    "extract_features",
    "merge_features",
    "import_features",
    "inspect_model",
    "evaluate_joint",
    "rerank_scores",
)
OWN_STAGE = "write_report"
NOT_SHOWN = (OWN_STAGE, "export_model")  # nothing in a report comes from an export
SPLIT_TITLES = {"train": "Training", "val": "Held out", "query": "Query", "gallery": "Gallery"}
COUNT_TITLES = {
    "pictures": "Pictures",
    "identities": "Identities",
    "cameras": "Cameras",
    "tracklets": "Tracklets",
    "distractors": "Distractors",
    "junk": "Junk",
}
AUDIT_TITLES = {
    "query": "Queries",
    "gallery": "Gallery",
    "junk": "Junk",
    "distractors": "Distractors",
    "evaluated": "Evaluated",
    "skipped": "Skipped",
    "unknown_times": "Unknown times",
    "unknown_cameras": "Unseen cameras",
}
NONE = "\N{EN DASH}"
SHARD = re.compile(r"(.+)\.(\d+)-of-(\d+)")


@dataclass(frozen=True, kw_only=True)
class MetricRow:
    """A row for one stream of one model. kind: of the stream. cells: in the order of `METRICS`."""

    model: str
    kind: str
    title: str
    cells: tuple[Figure, ...]
    first_of_model: bool


@dataclass(frozen=True, kw_only=True)
class CostRow:
    """Time and memory of one stage. subject: the model and fusion that it ran for."""

    stage: str
    subject: str
    time: str
    memory: str
    load: str


def metric_rows(runs: Sequence[ModelRun]) -> list[MetricRow]:
    """All streams of all models; values that look the same on the page are equally good."""
    every = [metrics for run in runs for metrics in run.streams.values()]
    best = {name: metric.best(metrics[name] for metrics in every) for name, metric in METRICS.items()}
    return [
        MetricRow(
            model=run.name,
            kind=stream_kind(stream),
            title=stream_title(stream),
            cells=tuple(describe_figure(run, stream, name, before="", best=best[name]) for name in METRICS),
            first_of_model=stream == next(iter(run.streams)),
        )
        for run in runs
        for stream in run.streams
    ]


def count_rows(summary: Mapping[str, Any]) -> list[tuple[str, tuple[str, ...]]]:
    """Each split's title with its counts in the order of `COUNT_TITLES`."""
    counts = summary["counts"]
    ordered = [split for split in SPLIT_TITLES if split in counts]
    return [
        (
            SPLIT_TITLES[split],
            tuple(f"{counts[split][what]:,}" if what in counts[split] else NONE for what in COUNT_TITLES),
        )
        for split in ordered
    ]


def audit_rows(runs: Sequence[ModelRun]) -> list[tuple[str, tuple[str, ...]]]:
    """What was compared for each model: the audit of scores.json, in words."""
    rows = []
    for run in runs:
        audit = run.scores["audit"]
        rows.append(
            (run.name, (*(f"{audit[name]:,}" for name in AUDIT_TITLES), f"{percent(audit['pairs_with_time'])} %"))
        )
    return rows


def configuration_rows(content: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    """A nested configuration as dotted names and values, in its own order."""
    rows: list[tuple[str, str]] = []
    for name, value in content.items():
        if isinstance(value, Mapping) and value:
            rows.extend(configuration_rows(value, f"{prefix}{name}."))
        else:
            shown = ", ".join(map(str, value)) if isinstance(value, list) else value
            rows.append((f"{prefix}{name}", str(shown)))
    return rows


def cost_rows(folder: Path) -> list[CostRow]:
    """Time and memory of each stage from Snakemake's benchmark files.

    Args:
        folder: holds `<rule>.tsv`, `<rule>.<model>.tsv` and `<rule>.<model>.<fusion>.tsv`. Of a
            stage that ran several times, the longest run counts. Files of `NOT_SHOWN` are left out: the report's own
            is that of an earlier report.

    Raises:
        InputError: the folder is missing or a file is not a benchmark table.
    """
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder of benchmark files")
    named = [(path, *split_stem(path.stem)) for path in sorted(folder.glob("*.tsv"))]
    kept = [entry for entry in named if entry[1] not in NOT_SHOWN]
    kept.sort(key=lambda entry: (stage_order(entry[1]), entry[2]))
    return [_cost_row(path, stage, subject) for path, stage, subject in kept]


def split_stem(stem: str) -> tuple[str, str]:
    """A log's or benchmark's stage, and in words its model and fusion or shard: `<rule>[.<model>[.<fusion or shard>]]`.

    The only shard of an extraction is not named.
    """
    stage, _, model = stem.partition(".")
    if shard := SHARD.fullmatch(model):
        name, number, count = shard.groups()
        return stage, name if count == "1" else f"{name}, shard {number} of {count}"
    name, _, fusion = model.rpartition(".")
    return stage, f"{name}, {fusion}" if name and fusion in FUSIONS else model


def stage_order(stage: str) -> tuple[int, str]:
    """Sorts stages in the order in which they run; unknown ones are last."""
    return STAGES.index(stage) if stage in STAGES else len(STAGES), stage


def _cost_row(path: Path, stage: str, subject: str) -> CostRow:
    try:
        table = pd.read_csv(path, sep="\t")
        seconds = pd.to_numeric(table["s"], errors="raise")
        longest = table.iloc[int(seconds.to_numpy().argmax())]
    except (KeyError, ValueError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: not a benchmark table of Snakemake ({error}); move it out of the folder") from None
    megabytes, load = (_number(longest.get(name)) for name in ("max_rss", "mean_load"))
    return CostRow(
        stage=stage,
        subject=subject,
        time=duration(float(longest["s"])),
        memory=memory(megabytes) if megabytes is not None else NONE,
        # For a stage of about a second, Snakemake does not sample the load and writes 0.
        load=f"{load:.0f} %" if load else NONE,
    )


def _number(text: Any) -> float | None:
    """A benchmark's value; None if Snakemake could not measure it and wrote a dash or nothing."""
    try:
        value = float(text)
    except (TypeError, ValueError):
        return None
    return value if math.isfinite(value) else None
