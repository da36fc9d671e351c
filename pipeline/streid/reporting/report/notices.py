"""What limits the results: first what makes them doubtful, then lesser remarks."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from streid.files.histograms import Histograms
from streid.reporting.report.headline import HEADLINE_METRICS, lift_interval
from streid.reporting.runs import ModelRun
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
from streid.reporting.wording import count, points, why_default
from streid.scoring.fusion_records import FUSIONS
from streid.scoring.metric_records import METRICS

TRACKLET = "tracklet"
STEP_WORDS = {JOINT: "using times", RERANKED: "re-ranking"}
FEW_PEOPLE = 50
# If this share of the pictures or queries cannot be fully used, that is serious.
MANY = 0.1
LEAST_LOSS = 0.0005


@dataclass(frozen=True, kw_only=True)
class Notice:
    """A sentence for the reader. serious: without knowing it, a reader may be misled by the figures."""

    text: str
    serious: bool


def list_notices(
    record: Mapping[str, Any], runs: Sequence[ModelRun], histograms: Histograms, foreign: Mapping[str, str]
) -> list[Notice]:
    """What limits these results: losses first, then training, people, data and the rest; serious ones first.

    Args:
        record: report.json's content.
        foreign: models whose scores use another data set's histograms -> that set's name.
    """
    summary, own = record["data"], [run for run in runs if run.name not in foreign]
    notices = [notice for run in runs for notice in _losses(run)]
    notices += [notice for run in runs for notice in _training(run, record["configuration"])]
    notices += _people(summary, own, histograms)
    notices += [Notice(text=str(warning), serious=True) for warning in summary["warnings"]]
    notices += _times(summary, own, histograms)
    notices += _tracklets(summary, runs)
    if "val" not in summary["counts"]:
        text = "No identities are held out, so training was not validated on people that it had not seen."
        notices.append(Notice(text=text, serious=False))
    trained = {run.weights for run in runs if run.history is not None} - {""}
    for run in runs:
        notices += _run_notices(str(record["dataset"]), run, trained)
        if run.name in foreign:
            text = f"scored with the travel times of {foreign[run.name]}; the charts show this data set's own."
            notices.append(Notice(text=f"{run.name}: {text}", serious=True))
    return sorted(notices, key=lambda notice: not notice.serious)


def _losses(run: ModelRun) -> Iterator[Notice]:
    """Steps that are worse than the step before; a loss whose interval reaches above 0 may be chance."""
    for fusion in run.fusions:
        for before, key in pairwise(run.steps(fusion)):
            lost = {name: run.streams[before][name] - run.streams[key][name] for name in HEADLINE_METRICS}
            lost = {name: loss for name, loss in lost.items() if loss >= LEAST_LOSS}
            if not lost:
                continue
            ends = run.streams[key].get("lift_ci95", {}).get(stream_kind(before), {})
            clear = any(name not in ends or ends[name][1] < 0 for name in lost)
            described = [_describe_loss(run, key, before, name, loss) for name, loss in lost.items()]
            step = STEP_WORDS.get(stream_kind(key), kind_title(key).lower())
            text = f"{run.name}, {fusion_phrase(fusion)}: {step} loses {' and '.join(described)} against "
            text += kind_title(before).lower() + ("." if clear else ", which may be chance.")
            yield Notice(text=text, serious=clear)


def _describe_loss(run: ModelRun, key: str, before: str, name: str, loss: float) -> str:
    known = lift_interval(run.streams[key], before, name)
    return f"{points(loss).lstrip('+')} points of {METRICS[name].title}" + (f" ({known})" if known else "")


def _training(run: ModelRun, configuration: Mapping[str, Any]) -> Iterator[Notice]:
    """Trainings that ended early, if the configuration is known."""
    train = configuration.get("models", {}).get(run.name, {}).get("train", {})
    if run.history is None or "epochs" not in train:
        return
    done, planned, limit = len(run.history), int(train["epochs"]), int(train.get("max_steps", 0))
    steps = f"{count(limit, 'step')} (max_steps)"
    after = f" after {steps}" if limit else ""
    if done < planned:
        text = f"training was cut short{after}: {done} of {count(planned, 'epoch')} done, so it can do better."
        yield Notice(text=f"{run.name}: {text}", serious=True)
    elif limit:
        text = f"training was limited to {steps}, which may be within its last epoch."
        yield Notice(text=f"{run.name}: {text}", serious=False)


def _people(summary: Mapping[str, Any], own: Sequence[ModelRun], histograms: Histograms) -> Iterator[Notice]:
    """Few people to train on or to test with. own: models that use this data set's travel times."""
    counts = summary["counts"]
    trained, tested = (counts.get(split, {}).get("identities", 0) for split in ("train", "query"))
    if any(run.history is not None for run in own) and trained < FEW_PEOPLE:
        people = count(trained, "person", "people")
        text = f"Models were trained on only {people}: more would make the results better."
        yield Notice(text=text, serious=True)
    timed = any(FUSIONS[name].uses_times for run in own for name in run.fusions)
    if timed and 0 < histograms.identities < FEW_PEOPLE:
        people = count(histograms.identities, "person", "people")
        yield Notice(text=f"Travel times were learned from only {people}.", serious=True)
    if "query" in counts and tested < FEW_PEOPLE:
        people = count(tested, "person", "people")
        text = f"The queries show only {people}, so every figure is uncertain."
        yield Notice(text=text, serious=True)


def _times(summary: Mapping[str, Any], own: Sequence[ModelRun], histograms: Histograms) -> Iterator[Notice]:
    """Times that cannot be used or are doubtful. own: models that use this data set's travel times."""
    people_CC = histograms.counts_CCB.sum(axis=2)
    alone = ": in joint scores only appearance counts."
    if not summary["pictures_with_time"]:
        yield Notice(text=f"No picture has a time, so times could not help{alone}", serious=True)
    elif own and people_CC.sum() == np.trace(people_CC):
        yield Notice(text=f"No training identity was seen in two cameras with known times{alone}", serious=True)
    elif own:
        yield from (Notice(text=f"Times: {warning}.", serious=True) for warning in histograms.warnings)


def _tracklets(summary: Mapping[str, Any], runs: Sequence[ModelRun]) -> Iterator[Notice]:
    """Results on tracklets, which hold more information than single pictures."""
    named = [run.name for run in runs if run.unit == TRACKLET]
    if not named:
        return
    models = "" if len(named) == len(runs) else f"{', '.join(named)}: "
    texts = []
    if summary.get("unit") != TRACKLET:
        texts.append(
            f"{models}queries and gallery are tracklets, while the data set's protocol compares single pictures: "
            "the figures cannot be compared with published ones."
        )
    if summary.get("tracklets") == "oracle":
        texts.append(
            f"{models}the tracklets are oracle tracklets, grouped with the help of the identities, in query and "
            "gallery too: a tracker's mistakes are not in these figures."
        )
    for text in texts:
        yield Notice(text=text if models else text[0].upper() + text[1:], serious=True)


def _run_notices(dataset: str, run: ModelRun, trained: Collection[str]) -> Iterator[Notice]:
    """What limits one model's results. trained: weights whose training curves are shown, maybe under another name."""
    measured = run.scores.get("dataset")
    if measured != dataset:
        text = f"{run.name}: its scores were measured on the data set {measured!r}, not {dataset!r}."
        yield Notice(text=text, serious=True)
    skipped, evaluated = (run.streams[run.best_stream][name] for name in ("skipped", "evaluated"))
    if skipped:
        text = (
            f"{run.name}: {count(skipped, 'query', 'queries')} without a right match in another camera "
            f"{'was' if skipped == 1 else 'were'} left out of every figure."
        )
        yield Notice(text=text, serious=skipped >= MANY * (skipped + evaluated))
    yield from _blind_notices(run)
    for fusion in run.fusions:
        yield from _fusion_notices(run, fusion)
    if run.source:
        which = "several data sets" if "+" in run.source else "another data set"
        yield Notice(text=f"{run.name}: was trained on {which}, {run.source}.", serious=False)
    elif run.history is None and run.weights not in trained:
        yield Notice(text=f"{run.name}: no training history, so there are no training curves.", serious=False)


def _blind_notices(run: ModelRun) -> Iterator[Notice]:
    """Pictures whose times could not be used, of those compared."""
    audit = run.scores.get("audit", {})
    pictures = audit.get("query", 0) + audit.get("gallery", 0)
    for name, words in (
        ("unknown_times", "have no time"),
        ("unknown_cameras", "come from cameras without training pictures"),
    ):
        number = audit.get(name, 0)
        if number:
            text = f"{run.name}: {number:,} of {pictures:,} pictures compared {words}: only appearance counts for them."
            yield Notice(text=text, serious=number >= MANY * pictures)


def _fusion_notices(run: ModelRun, fusion: str) -> Iterator[Notice]:
    """What is missing from a fusion, and a weight that was not chosen."""
    found, where = run.fusions[fusion], f"{run.name}, {fusion_phrase(fusion)}"
    kinds = (APPEARANCE, TIMES_ALONE, JOINT) if FUSIONS[fusion].uses_times else (APPEARANCE,)
    missing = [kind_title(kind).lower() for kind in kinds if stream_key(kind, fusion) not in run.streams]
    if missing:
        yield Notice(text=f"{where}: no scores for {', '.join(missing)}.", serious=False)
    if RERANKED not in found.streams:
        yield Notice(text=f"{where}: was not re-ranked.", serious=False)
    if found.scores["fusion"].get("weight_source") == "default":
        text = f"{where}: {why_default(found.scores['fusion'])}, so the weight is the default."
        yield Notice(text=text, serious=False)
