"""What no single value of the configuration shows: names that must be known, and values that must fit together."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from streid.appearance.architectures import ARCHITECTURES
from streid.data.layouts import FORMATS
from streid.workflow.plan import Plan

# Model names that would stand for something else among a data set's results.
RESERVED = ("benchmarks", "figures", "logs", "shards", "work")


def plan_problems(plan: Plan) -> list[str]:
    """What does not fit together in a configuration that fits its schema, one line for each."""
    problems = [*_architecture_problems(plan), *_model_problems(plan)]
    for name in plan.datasets:
        problems += _dataset_problems(plan, name)
    return problems


def _architecture_problems(plan: Plan) -> Iterator[str]:
    for where, section in _train_sections(plan.config):
        if section.get("architecture") not in (None, *ARCHITECTURES):
            yield f"{where}.architecture is {section['architecture']!r}; known: {', '.join(ARCHITECTURES)}"


def _train_sections(config: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every place with a section train."""
    places = {"": config}
    for kind in ("models", "datasets"):
        places |= {f"{kind}.{name}.": entry for name, entry in config[kind].items()}
    for name, entry in config["datasets"].items():
        own = entry.get("model_settings", {})
        places |= {f"datasets.{name}.model_settings.{model}.": one for model, one in own.items()}
    for where, place in places.items():
        yield f"{where}train", place.get("train", {})


def _model_problems(plan: Plan) -> Iterator[str]:
    for name in plan.models:
        if name.lower() in RESERVED:
            yield f"models.{name} cannot be called so, as results have a folder of that name; rename it"
        if plan.weights_of(name) not in plan.trained:
            yield f"models.{name}.weights_of names {plan.weights_of(name)!r}, which is no model that is trained itself"


def _dataset_problems(plan: Plan, name: str) -> Iterator[str]:
    entry, place = plan.datasets[name], f"datasets.{name}"
    if entry["format"] not in FORMATS:
        yield f"{place}.format is {entry['format']!r}; known: {', '.join(FORMATS)}"
    if name in plan.rendered and Path(entry["root"]) != Path("data") / name:
        yield f"{place} is rendered, so its root must be data/{name}"
    for model in plan.imports(name):
        if model in plan.models or model not in entry["models"]:
            yield (
                f"{place}.features brings {model!r}: a name that {place}.models must list and models must not describe"
            )
    for model, settings in entry.get("model_settings", {}).items():
        if model not in plan.models:
            yield f"{place}.model_settings names {model!r}, which models does not describe"
        elif "train" in settings and plan.weights_of(model) != model:
            weights = plan.weights_of(model)
            yield (
                f"{place}.model_settings.{model} has a section train, but {model} has the weights of {weights}: "
                "put it there"
            )
    for model in entry["models"]:
        trained, at, source = model.partition("@")
        if model not in plan.imports(name) and trained not in plan.models:
            yield f"{place}.models names {model!r}, which models does not describe"
        if at and source not in plan.datasets:
            yield f"{place}.models names {model!r}: no data set {source!r}"
