"""All models side by side: what each was trained on, what it is tested on, and the result of each step."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from streid.reporting.report.headline import HEADLINE_METRICS, Figure, describe_figure
from streid.reporting.runs import ModelRun
from streid.reporting.streams import APPEARANCE, JOINT, RERANKED, fusion_title, stream_key

STEPS = (APPEARANCE, JOINT, RERANKED)


@dataclass(frozen=True, kw_only=True)
class TransferRow:
    """One model with one fusion. cells: the metrics of each of `STEPS`; None for a step that was not run.

    span: number of rows of the model; 0 in all rows but its first.
    """

    model: str
    source: str
    fusion: str
    histograms_from: str
    cells: tuple[Figure | None, ...]
    span: int


def list_transfers(dataset: str, runs: Sequence[ModelRun], foreign: Mapping[str, str]) -> list[dict[str, Any]]:
    """The part of the matrix of sources and targets with this data set as the target, for report.json.

    Args:
        foreign: models whose scores use another data set's histograms -> that set's name.

    Returns:
        One entry per model and fusion: the `source` that it was trained on, `target`, `model`, `fusion`,
        `histograms_from`, and rank-1 and mAP (fractions) of each of `STEPS`; None for a step that was not run.
    """
    return [
        {
            "source": run.source or dataset,
            "target": dataset,
            "model": run.name.partition("@")[0],
            "fusion": fusion,
            "histograms_from": foreign.get(run.name, dataset),
            **{step: _step_metrics(run, step, fusion) for step in STEPS},
        }
        for run in runs
        for fusion in run.fusions
    ]


def transfer_rows(dataset: str, runs: Sequence[ModelRun], foreign: Mapping[str, str]) -> list[TransferRow]:
    """The same in words, with intervals and lifts; values that look the same on the page are equally good."""
    best = {
        (step, name): max((round(metrics[name], 3) for metrics in _all_metrics(runs, step)), default=1.0)
        for step in STEPS
        for name in HEADLINE_METRICS
    }
    return [
        TransferRow(
            model=run.name,
            source=run.source or dataset,
            fusion=fusion_title(fusion),
            histograms_from=foreign.get(run.name, dataset),
            cells=tuple(_cell(run, fusion, *column, highest) for column, highest in best.items()),
            span=0 if place else len(run.fusions),
        )
        for run in runs
        for place, fusion in enumerate(run.fusions)
    ]


def _step_metrics(run: ModelRun, step: str, fusion: str) -> dict[str, float] | None:
    metrics = run.streams.get(stream_key(step, fusion))
    return None if metrics is None else {name: metrics[name] for name in HEADLINE_METRICS}


def _all_metrics(runs: Sequence[ModelRun], step: str) -> list[dict[str, float]]:
    found = [_step_metrics(run, step, fusion) for run in runs for fusion in run.fusions]
    return [metrics for metrics in found if metrics is not None]


def _cell(run: ModelRun, fusion: str, step: str, name: str, best: float) -> Figure | None:
    key = stream_key(step, fusion)
    if key not in run.streams:
        return None
    return describe_figure(run, key, name, before="" if step == APPEARANCE else APPEARANCE, best=best)
