"""What a report's models reached and what their training took, read from a data set's results, as Markdown."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from streid.errors import InputError
from streid.files.features import FEATURES_FORMAT, read_sightings
from streid.files.hdf5 import open_checked
from streid.files.json_files import read_json
from streid.files.sightings import Sightings
from streid.scoring.evaluation import query_blocks
from streid.scoring.metrics import measure
from streid.scoring.ranks import StreamRanker


@dataclass(frozen=True, kw_only=True)
class Figures:
    """Rank-1 and mAP of a stream, in percent."""

    rank1: float
    mAP: float


@dataclass(frozen=True, kw_only=True, eq=False)
class Model:
    """A model of a report.

    settings: its `train` section. unit: picture or tracklet. chance: random scores of the same units.
    joint, reranked: of the report's main fusion. history: training.csv, and cpu_seconds what the training took; None
    where the model has another's weights, or the training was not measured.
    """

    name: str
    settings: Mapping[str, Any]
    unit: str
    chance: Figures
    appearance: Figures
    joint: Figures
    reranked: Figures
    history: pd.DataFrame | None
    cpu_seconds: float | None


def read_models(results: Path, *, draws: int) -> list[Model]:
    """The models of `results`/report.json.

    Args:
        draws: of random features, whose figures are averaged.

    Raises:
        InputError: a file is missing, or the report is not one of the workflow's.
    """
    report = read_json(results / "report.json")
    try:
        settings = {name: entry["train"] for name, entry in report["configuration"]["models"].items()}
        return [
            _read_model(results, name, entry["fusions"], settings[name], draws=draws)
            for name, entry in report["models"].items()
        ]
    except KeyError as error:
        raise InputError(f"{results / 'report.json'}: lacks {error}; make it with the workflow") from None


def _read_model(
    results: Path, name: str, fusions: Mapping[str, Any], settings: Mapping[str, Any], *, draws: int
) -> Model:
    features, history = results / name / "features.h5", results / name / "training.csv"
    cost = results / "benchmarks" / f"train_appearance.{name}.tsv"
    with open_checked(features, FEATURES_FORMAT) as handle:
        unit = str(handle.attrs["unit"])
    fusion = next(iter(fusions.values()))
    streams = fusion["scores"]["streams"] | fusion["reranked"]["streams"]
    reached = {
        stream: Figures(rank1=100 * figures["rank1"], mAP=100 * figures["mAP"]) for stream, figures in streams.items()
    }
    return Model(
        name=name,
        settings=settings,
        unit=unit,
        chance=measure_chance(read_sightings(features, "query"), read_sightings(features, "gallery"), draws=draws),
        appearance=reached["visual"],
        joint=reached["joint"],
        reranked=reached["reranked"],
        history=pd.read_csv(history) if history.is_file() else None,
        cpu_seconds=float(pd.read_csv(cost, sep="\t")["cpu_time"].iloc[0]) if cost.is_file() else None,
    )


def measure_chance(query: Sightings, gallery: Sightings, *, draws: int) -> Figures:
    """Mean figures of scores drawn at random, by the same protocol."""
    found = []
    for seed in range(draws):
        generator = np.random.default_rng(seed)
        ranker = StreamRanker(query, gallery)
        for rows in query_blocks(len(query), len(gallery)):
            ranker.add(rows.start, generator.random((rows.stop - rows.start, len(gallery)), np.float32))
        found.append(measure(ranker.outcomes))
    rank1, mean_ap = (100 * float(np.mean([one[name] for one in found])) for name in ("rank1", "mAP"))
    return Figures(rank1=rank1, mAP=mean_ap)


def compare_models(models: Sequence[Model]) -> str:
    """Every model's streams beside chance, rank-1 / mAP."""
    columns: dict[str, Callable[[Model], str]] = {
        "model": lambda model: model.name,
        "unit": lambda model: model.unit,
        "chance": lambda model: _pair(model.chance),
        "appearance": lambda model: _pair(model.appearance),
        "joint": lambda model: _pair(model.joint),
        "re-ranked": lambda model: _pair(model.reranked),
    }
    return _table(columns, models)


def tell_training(models: Sequence[Model]) -> str:
    """What each trained model learned from, and from which to which accuracy and validation mAP, in percent."""
    columns: dict[str, Callable[[Model], str]] = {
        "model": lambda model: model.name,
        "backbone": lambda model: str(model.settings["backbone"]),
        "input": _input,
        "start": lambda model: "random" if model.settings["start_weights"] == "none" else "weights of another",
        "epochs": lambda model: str(len(_history(model))),
        "accuracy, first to last epoch": lambda model: _course(model, "accuracy"),
        "validation mAP": lambda model: _course(model, "val_mAP"),
        "CPU seconds": lambda model: "-" if model.cpu_seconds is None else f"{model.cpu_seconds:.0f}",
    }
    return _table(columns, [model for model in models if model.history is not None])


def _history(model: Model) -> pd.DataFrame:
    return pd.DataFrame() if model.history is None else model.history


def _input(model: Model) -> str:
    frames, batch = model.settings["frames"], model.settings["batch_size"]
    what = "pictures" if frames == 1 else f"clips of {frames}"
    return f"{batch} {what} of {model.settings['height']} x {model.settings['width']}"


def _course(model: Model, column: str) -> str:
    values = _history(model)[column]
    return f"{100 * values.iloc[0]:.1f} to {100 * values.iloc[-1]:.1f}"


def _pair(figures: Figures) -> str:
    return f"{figures.rank1:.1f} / {figures.mAP:.1f}"


def _table(columns: Mapping[str, Callable[[Model], str]], models: Sequence[Model]) -> str:
    lines = [list(columns), ["---"] * len(columns), *([show(model) for show in columns.values()] for model in models)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
