"""What a reader should know first: the best result and its step, and what each step gains or loses."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from streid.reporting.runs import ModelRun, best_run
from streid.reporting.streams import APPEARANCE, fusion_phrase, kind_title, stream_fusion, stream_kind
from streid.reporting.wording import count, percent, percent_sign, points
from streid.scoring.metric_records import METRICS

HEADLINE_METRICS = ("rank1", "mAP")


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A metric of a step, in words: its value in percent and interval.

    lift: over another step, in points; empty if there is none. lift_interval: of the lift; empty if not known.
    lost: whether the lift is a loss. best: whether no other step shown with it has a higher value.
    """

    value: str
    interval: str
    lift: str = ""
    lift_interval: str = ""
    lost: bool = False
    best: bool = False


@dataclass(frozen=True, kw_only=True)
class Step:
    """One step on the way from appearance to re-ranked scores. figures: of each of `HEADLINE_METRICS`.

    kind: of its stream. stated: whether the title is about this step.
    """

    kind: str
    title: str
    figures: tuple[Figure, ...]
    stated: bool


@dataclass(frozen=True, kw_only=True)
class FusionSummary:
    """One fusion in the comparison: its steps after appearance, with their lifts over appearance."""

    title: str
    steps: tuple[Step, ...]


@dataclass(frozen=True, kw_only=True)
class Headline:
    """The report's first lines.

    model: the model with these results. sentence: the title. choice: how its step was chosen; empty if there was no
    choice. steps: all steps of the same fusion. fusions: the comparison; empty if there is only one fusion.
    """

    model: str
    sentence: str
    choice: str
    steps: tuple[Step, ...]
    fusions: tuple[FusionSummary, ...]


def write_headline(dataset: str, runs: Sequence[ModelRun]) -> Headline:
    """The best model's best step by mAP, each step of its fusion, and the fusions side by side."""
    run = best_run(runs)
    stated = run.streams[run.best_stream]
    road = run.steps(run.best_fusion) or [run.best_stream]
    among = f", the best of {len(runs)} models" if len(runs) > 1 else ""
    sentence = (
        f"{run.name}{among}, {step_phrase(run.best_stream)}, puts a right match first for "
        f"{percent_sign(stated['rank1'])} of {count(stated['evaluated'], 'query', 'queries')} on {dataset}"
    )
    return Headline(
        model=run.name,
        sentence=sentence,
        choice=_describe_choice(runs, run),
        steps=tuple(_step(run, key, before, {}) for before, key in zip(["", *road], road, strict=False)),
        fusions=_compare_fusions(run) if len(run.fusions) > 1 else (),
    )


def step_phrase(key: str) -> str:
    """A step and its fusion in a sentence: 'appearance alone', 're-ranked (likelihood fusion)'."""
    fusion = stream_fusion(key)
    title = kind_title(key).lower()
    return f"{title} ({fusion_phrase(fusion)})" if fusion else f"{title} alone"


def describe_figure(run: ModelRun, key: str, name: str, *, before: str, best: float | None) -> Figure:
    """A metric of a model's stream in words.

    Args:
        before: the stream that the lift is over, empty for no lift.
        best: the best value that is shown with it; None if the best is not marked.
    """
    metrics, earlier = run.streams[key], run.streams.get(before)
    return Figure(
        value=percent(metrics[name]),
        interval=interval(metrics, name),
        lift=points(metrics[name] - earlier[name]) if earlier else "",
        lift_interval=lift_interval(metrics, before, name) if earlier else "",
        lost=earlier is not None and metrics[name] < earlier[name],
        best=best is not None and round(metrics[name], 3) == round(best, 3),
    )


def interval(metrics: Mapping[str, Any], name: str) -> str:
    """A metric's 95 % interval in percent: '92.0 to 94.1'."""
    low, high = metrics["ci95"][name]
    return f"{percent(low)} to {percent(high)}"


def lift_interval(metrics: Mapping[str, Any], before: str, name: str) -> str:
    """The 95 % interval of a metric's lift over the stream `before`, in points: '+0.4 to +1.9'; empty if not known."""
    ends = metrics.get("lift_ci95", {}).get(stream_kind(before), {}).get(name)
    return " to ".join(map(points, ends)) if ends else ""


def _step(run: ModelRun, key: str, before: str, best: Mapping[str, float]) -> Step:
    figures = [describe_figure(run, key, name, before=before, best=best.get(name)) for name in HEADLINE_METRICS]
    kind, title = stream_kind(key), kind_title(key)
    return Step(kind=kind, title=title, figures=tuple(figures), stated=key == run.best_stream)


def _describe_choice(runs: Sequence[ModelRun], run: ModelRun) -> str:
    """How the stated step was chosen, and the figures of the first fusion's last step, if that is another one."""
    steps = {(one.name, key) for one in runs for fusion in one.fusions for key in one.steps(fusion)}
    if len(steps) < 2:
        return ""
    chosen = f"Of all {len(steps)} results this one has the highest mAP"
    last = (run.steps(next(iter(run.fusions))) or [run.best_stream])[-1]
    if last == run.best_stream:
        return f"{chosen}."
    rank1, mean_ap = (percent(run.streams[last][name]) for name in HEADLINE_METRICS)
    return (
        f"{chosen}, so it was chosen on the test itself; {step_phrase(last)}, the last step of the first fusion, has "
        f"rank-1 {rank1} and mAP {mean_ap}."
    )


def _compare_fusions(run: ModelRun) -> tuple[FusionSummary, ...]:
    roads = {fusion: run.steps(fusion) for fusion in run.fusions}
    shown = [key for road in roads.values() for key in road if key != APPEARANCE]
    best = {name: METRICS[name].best(run.streams[key][name] for key in shown) for name in HEADLINE_METRICS if shown}
    return tuple(
        FusionSummary(
            title=fusion_phrase(fusion).capitalize(),
            steps=tuple(
                _step(run, key, APPEARANCE if APPEARANCE in road else "", best) for key in road if key != APPEARANCE
            ),
        )
        for fusion, road in roads.items()
        if road
    )
