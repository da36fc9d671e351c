"""What a reader should know first: the result in a sentence, and what speaks against trusting it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from streid.reporting.runs import ModelRun, best_run, stream_title
from streid.reporting.wording import count, percent, points

HEADLINE_METRICS = ("rank1", "mAP")


@dataclass(frozen=True, kw_only=True)
class Step:
    """One step of the road from appearance to the final result, in words.

    values and intervals: for each of `HEADLINE_METRICS`; lifts: over the step before, None at the first.
    """

    stream: str
    title: str
    values: tuple[str, ...]
    intervals: tuple[str, ...]
    lifts: tuple[str, ...] | None


@dataclass(frozen=True, kw_only=True)
class Headline:
    """The report's first lines."""

    sentence: str
    lead: str
    steps: tuple[Step, ...]


def write_headline(dataset: str, runs: Sequence[ModelRun]) -> Headline:
    """The best model's result and how each step of the road contributes."""
    run = best_run(list(runs))
    road: list[str] = [name for name in ("visual", "joint", "reranked") if name in run.streams] or [*run.streams]
    steps = []
    for before, stream in zip([None, *road], road, strict=False):
        metrics = run.streams[stream]
        earlier = run.streams[before] if before else None
        steps.append(
            Step(
                stream=stream,
                title=stream_title(stream),
                values=tuple(percent(metrics[name]) for name in HEADLINE_METRICS),
                intervals=tuple(interval(metrics, name) for name in HEADLINE_METRICS),
                lifts=tuple(points(metrics[name] - earlier[name]) for name in HEADLINE_METRICS) if earlier else None,
            )
        )
    final = run.streams[road[-1]]
    among = f", the best of {len(runs)} models," if len(runs) > 1 else ""
    sentence = (
        f"{run.name}{among} puts a right match first for {percent(final['rank1'])} % "
        f"of {count(final['evaluated'], 'query', 'queries')} on {dataset}"
    )
    return Headline(sentence=sentence, lead=_describe_road(steps), steps=tuple(steps))


def _describe_road(steps: Sequence[Step]) -> str:
    parts = []
    for step in steps:
        lifts = f" ({step.lifts[0]} / {step.lifts[1]} points)" if step.lifts else ""
        parts.append(f"{step.title.lower()} {step.values[0]} / {step.values[1]}{lifts}")
    return f"Rank-1 / mAP in percent: {', '.join(parts)}."


def interval(metrics: Mapping[str, Any], name: str) -> str:
    """A metric's 95 % interval in percent: '92.0 to 94.1'."""
    low, high = metrics["ci95"][name]
    return f"{percent(low)} to {percent(high)}"


def list_notices(dataset: str, summary: Mapping[str, Any], runs: Sequence[ModelRun], timed: bool) -> list[str]:
    """What limits these results, one plain sentence each.

    Args:
        summary: dataset.json.
        timed: whether the histograms counted anybody.
    """
    notices = [str(warning) for warning in summary["warnings"]]
    if not summary["pictures_with_time"]:
        notices.append("No picture has a time, so times could not help: joint scores rest on appearance alone.")
    elif not timed:
        notices.append(
            "No training identity was seen in two cameras with known times: joint scores rest on appearance alone."
        )
    for run in runs:
        notices.extend(_run_notices(dataset, run))
    return notices


def _run_notices(dataset: str, run: ModelRun) -> list[str]:
    notices = []
    skipped = run.streams[run.final_stream]["skipped"]
    if skipped:
        notices.append(
            f"{run.name}: {count(skipped, 'query', 'queries')} without a right match in another camera "
            f"{'was' if skipped == 1 else 'were'} left out of every figure."
        )
    measured = run.scores.get("dataset")
    if measured != dataset:
        notices.append(f"{run.name}: its scores say they are of the data set {measured!r}, not {dataset!r}.")
    missing = [name for name in ("visual", "spatiotemporal", "joint") if name not in run.streams]
    if missing:
        notices.append(f"{run.name}: no scores for {', '.join(stream_title(name).lower() for name in missing)}.")
    if run.reranked is None:
        notices.append(f"{run.name}: was not re-ranked.")
    source = run.name.partition("@")[2]
    if source:
        notices.append(f"{run.name}: was trained on another data set, {source}.")
    elif run.history is None:
        notices.append(f"{run.name}: no training history, so there are no training curves.")
    return notices
