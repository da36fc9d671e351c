"""What a reader should know first: the result in a sentence, and what speaks against trusting it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from streid.reporting.runs import ModelRun, best_run
from streid.reporting.streams import (
    APPEARANCE,
    JOINT,
    RERANKED,
    TIMES_ALONE,
    fusion_phrase,
    kind_title,
    stream_key,
    stream_kind,
)
from streid.reporting.wording import count, percent, points, why_default
from streid.scoring.fusion_records import FUSIONS

HEADLINE_METRICS = ("rank1", "mAP")
TRACKLET = "tracklet"


@dataclass(frozen=True, kw_only=True)
class Step:
    """One step of the road from appearance to the final result, in words.

    kind: of its stream. values and intervals: for each of `HEADLINE_METRICS`; lifts: over another step, None where
    there is none. lift_intervals: of the lifts, from the same draws of both steps; empty where not known.
    """

    kind: str
    title: str
    values: tuple[str, ...]
    intervals: tuple[str, ...]
    lifts: tuple[str, ...] | None
    lift_intervals: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class FusionSummary:
    """One fusion beside the others: its steps after appearance, with their lifts over it. best: ends highest in mAP."""

    title: str
    steps: tuple[Step, ...]
    best: bool


@dataclass(frozen=True, kw_only=True)
class Headline:
    """The report's first lines. model: whose results they are. fusions: side by side, none where there is only one."""

    model: str
    sentence: str
    lead: str
    steps: tuple[Step, ...]
    fusions: tuple[FusionSummary, ...]


def write_headline(dataset: str, runs: Sequence[ModelRun]) -> Headline:
    """The best model's result, how each step of the road contributes, and the fusions side by side."""
    run = best_run(runs)
    road = run.road(run.main_fusion) or [run.final_stream]
    steps = [_step(run, key, before) for before, key in zip([None, *road], road, strict=False)]
    final = run.streams[road[-1]]
    among = f", the best of {len(runs)} models," if len(runs) > 1 else ""
    sentence = (
        f"{run.name}{among} puts a right match first for {percent(final['rank1'])} % "
        f"of {count(final['evaluated'], 'query', 'queries')} on {dataset}"
    )
    return Headline(
        model=run.name,
        sentence=sentence,
        lead=_describe_road(run, steps),
        steps=tuple(steps),
        fusions=_compare_fusions(run) if len(run.fusions) > 1 else (),
    )


def _step(run: ModelRun, key: str, before: str | None) -> Step:
    metrics = run.streams[key]
    earlier = run.streams[before] if before else None
    return Step(
        kind=stream_kind(key),
        title=kind_title(key),
        values=tuple(percent(metrics[name]) for name in HEADLINE_METRICS),
        intervals=tuple(interval(metrics, name) for name in HEADLINE_METRICS),
        lifts=tuple(points(metrics[name] - earlier[name]) for name in HEADLINE_METRICS) if earlier else None,
        lift_intervals=tuple(lift_interval(metrics, before, name) for name in HEADLINE_METRICS) if before else (),
    )


def _describe_road(run: ModelRun, steps: Sequence[Step]) -> str:
    parts = []
    for step in steps:
        lifts = f" ({step.lifts[0]} / {step.lifts[1]} points)" if step.lifts else ""
        parts.append(f"{step.title.lower()} {step.values[0]} / {step.values[1]}{lifts}")
    under = f", {fusion_phrase(run.main_fusion)}" if len(steps) > 1 else ""
    return f"Rank-1 / mAP in percent{under}: {', '.join(parts)}."


def _compare_fusions(run: ModelRun) -> tuple[FusionSummary, ...]:
    roads = {fusion: run.road(fusion) for fusion in run.fusions}
    ends = {fusion: float(run.streams[road[-1]]["mAP"]) for fusion, road in roads.items() if road}
    return tuple(
        FusionSummary(
            title=fusion_phrase(fusion).capitalize(),
            steps=tuple(
                _step(run, key, APPEARANCE if APPEARANCE in road else None) for key in road if key != APPEARANCE
            ),
            best=ends[fusion] == max(ends.values()),
        )
        for fusion, road in roads.items()
        if road
    )


def interval(metrics: Mapping[str, Any], name: str) -> str:
    """A metric's 95 % interval in percent: '92.0 to 94.1'."""
    low, high = metrics["ci95"][name]
    return f"{percent(low)} to {percent(high)}"


def lift_interval(metrics: Mapping[str, Any], before: str, name: str) -> str:
    """The 95 % interval of a metric's lift over the stream `before`, in points: '+0.4 to +1.9'; empty if not known."""
    ends = metrics.get("lift_ci95", {}).get(stream_kind(before), {}).get(name)
    return " to ".join(map(points, ends)) if ends else ""


def list_notices(
    dataset: str, summary: Mapping[str, Any], runs: Sequence[ModelRun], timed: bool, foreign: Mapping[str, str]
) -> list[str]:
    """What limits these results, one plain sentence each.

    Args:
        summary: dataset.json.
        timed: whether the data set's own histograms counted anybody.
        foreign: models whose scores use another data set's histograms -> that set's name.
    """
    notices = [str(warning) for warning in summary["warnings"]]
    if not summary["pictures_with_time"]:
        notices.append("No picture has a time, so times could not help: joint scores rest on appearance alone.")
    elif not timed and {run.name for run in runs} - set(foreign):
        notices.append(
            "No training identity was seen in two cameras with known times: joint scores rest on appearance alone."
        )
    if "val" not in summary["counts"]:
        notices.append("No identities are held out, so training was not validated on people it had not seen.")
    notices.extend(_unit_notices(summary, runs))
    trained = {run.weights for run in runs if run.history is not None} - {""}
    for run in runs:
        notices.extend(_run_notices(dataset, run, trained))
        if run.name in foreign:
            notices.append(
                f"{run.name}: scored with the travel times of {foreign[run.name]}; the charts show this data set's own."
            )
    return notices


def _unit_notices(summary: Mapping[str, Any], runs: Sequence[ModelRun]) -> list[str]:
    """Results on tracklets, which say more than single pictures do."""
    named = [run.name for run in runs if run.unit == TRACKLET]
    if not named:
        return []
    models = "" if len(named) == len(runs) else f"{', '.join(named)}: "
    notices = []
    if summary.get("unit") != TRACKLET:
        notices.append(
            f"{models}queries and gallery are tracklets, while the data set's protocol compares single pictures: "
            "the figures do not compare with published ones."
        )
    if summary.get("tracklets") == "oracle":
        notices.append(
            f"{models}the tracklets are oracle tracklets, grouped with the help of the identities, in query and "
            "gallery too: a tracker's mistakes are not in these figures."
        )
    return [notice[0].upper() + notice[1:] if not models else notice for notice in notices]


def _run_notices(dataset: str, run: ModelRun, trained: Collection[str]) -> list[str]:
    """What limits one model's results. trained: weights whose training curves are shown, maybe under another name."""
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
    for fusion in run.fusions:
        notices.extend(_fusion_notices(run, fusion))
    if run.source:
        notices.append(f"{run.name}: was trained on another data set, {run.source}.")
    elif run.history is None and run.weights not in trained:
        notices.append(f"{run.name}: no training history, so there are no training curves.")
    return [*notices, *_blind_notices(run)]


def _fusion_notices(run: ModelRun, fusion: str) -> list[str]:
    found, notices = run.fusions[fusion], []
    kinds = (APPEARANCE, TIMES_ALONE, JOINT) if FUSIONS[fusion].uses_times else (APPEARANCE,)
    missing = [kind_title(kind).lower() for kind in kinds if stream_key(kind, fusion) not in run.streams]
    if missing:
        notices.append(f"{run.name}, {fusion_phrase(fusion)}: no scores for {', '.join(missing)}.")
    if RERANKED not in found.streams:
        notices.append(f"{run.name}, {fusion_phrase(fusion)}: was not re-ranked.")
    if found.scores["fusion"].get("weight_source") == "default":
        why = why_default(found.scores["fusion"])
        notices.append(f"{run.name}, {fusion_phrase(fusion)}: {why}, so the weight is the default.")
    return notices


def _blind_notices(run: ModelRun) -> list[str]:
    """Pictures whose times could not be used, of those compared."""
    audit = run.scores.get("audit", {})
    unknown, unseen = audit.get("unknown_times", 0), audit.get("unknown_cameras", 0)
    pictures = audit.get("query", 0) + audit.get("gallery", 0)
    notices = []
    if unknown:
        notices.append(f"{run.name}: {unknown:,} of {pictures:,} pictures compared have no time: appearance decides.")
    if unseen:
        notices.append(
            f"{run.name}: {unseen:,} of {pictures:,} pictures compared are of cameras that training did not see: "
            "appearance decides."
        )
    return notices
