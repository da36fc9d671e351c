"""Checks of the configuration across values: names that must exist, and values that must fit together."""

from collections.abc import Iterator
from pathlib import Path

from streid.appearance.network_settings import NetworkSettings, network_kind
from streid.appearance.train_settings import TrainSettings
from streid.data.rendered.render_settings import RenderSettings
from streid.errors import InputError
from streid.stage.settings import Section
from streid.workflow.configuration import PATH
from streid.workflow.plan import Plan

# What a data set's results folder holds beside models, and a model's folder beside fusions: not allowed as model names.
RESERVED = {
    **dict.fromkeys(("benchmarks", "figures", "logs", "shards", "work"), "folder"),
    **dict.fromkeys(
        (
            "manifest.csv",
            "dataset.json",
            "pictures.h5",
            "clocks.csv",
            "histograms.h5",
            "report.json",
            "report.html",
            "explorer.html",
        ),
        "file",
    ),
}


def plan_problems(plan: Plan) -> list[str]:
    """What does not fit together in a configuration whose single values are valid, one line each."""
    problems = list(_model_problems(plan))
    for name in plan.datasets:
        problems += _dataset_problems(plan, name)
    return problems or list(_settings_problems(plan))


def _settings_problems(plan: Plan) -> Iterator[str]:
    """Settings that do not fit together, which stages would refuse later."""
    for name in plan.rendered:
        yield from _refusal(RenderSettings, plan.settings("render", name), f"datasets.{name}: render")
    # A model may be tested on several data sets; it is trained on one.
    tested = [(name, model) for name in plan.datasets for model in plan.own_models(name)]
    trainings = {plan.training_of(name, model): None for name, model in tested if not plan.network_of(model)}
    for source, trained in trainings:
        settings, place = plan.settings("train", source, trained), f"datasets.{source}, model {trained}: train"
        yield from _refusal(TrainSettings, settings, place)
        if plan.start_weights(source, trained) and not PATH.fits(settings["start_weights"]):
            yield f"{place}.start_weights is {settings['start_weights']!r}; it must be {PATH.words}"


def _refusal(kind: type[Section], settings: dict[str, object], place: str) -> Iterator[str]:
    try:
        kind(**settings).check()
    except InputError as error:
        yield f"{place}: {error}"


def _model_problems(plan: Plan) -> Iterator[str]:
    for name in plan.models:
        yield from _reserved(f"models.{name}", name)
        if {"weights_of", "train"} <= plan.models[name].keys():
            yield f"models.{name} has weights_of and train; leave one out: with weights_of it is not trained itself"
        if {"weights_of", "train_on"} <= plan.models[name].keys():
            yield f"models.{name} has weights_of and train_on; leave one out: with weights_of it is not trained itself"
        for source in plan.models[name].get("train_on", []):
            if source not in plan.datasets:
                yield f"models.{name}.train_on names {source!r}, but datasets has no entry for it"
        if "network" in plan.models[name]:
            yield from _network_problems(plan, name)
        elif plan.weights_of(name) not in plan.trained:
            yield f"models.{name}.weights_of names {plan.weights_of(name)!r}, which is not trained itself"


def _network_problems(plan: Plan, name: str) -> Iterator[str]:
    """What is wrong with a model that is a network of another program."""
    place, entry = f"models.{name}", plan.models[name]
    for other in ("weights_of", "train", "train_on"):
        if other in entry:
            yield f"{place} has network and {other}; leave one out: a network of another program is not trained here"
    if not (file := plan.network_of(name)):
        yield f"{place}.network has no file; add file: FILE, the .onnx or .xml"
        return
    try:
        network_kind(file)
        values = plan.config["network"] | entry["network"]
        NetworkSettings.of(**{key: value for key, value in values.items() if key != "file"})
    except InputError as error:
        yield f"{place}.network: {error}"


def _reserved(place: str, model: str) -> Iterator[str]:
    what = RESERVED.get(model.lower())
    if what:
        yield f"{place} is not allowed as a name, because results have a {what} of that name; rename it"


def _dataset_problems(plan: Plan, name: str) -> Iterator[str]:
    entry, place = plan.datasets[name], f"datasets.{name}"
    if entry["format"] == "manifest" and "manifest" not in entry:
        yield f"{place}.manifest is missing; the format manifest needs it: the CSV that lists the pictures"
    if entry["format"] != "manifest" and "manifest" in entry:
        yield f"{place}.manifest is {entry['manifest']!r}, but the format {entry['format']} has none; leave the key out"
    if name in plan.rendered and Path(entry["root"]) != Path("data") / name:
        yield f"{place} is rendered, so its root must be data/{name}"
    for model in plan.imports(name):
        yield from _reserved(f"{place}.features.{model}", model)
        if model in plan.models or model not in entry["models"]:
            yield (
                f"{place}.features names {model!r}: {place}.models must list it, and models must have no entry for it"
            )
    for model, settings in entry.get("model_settings", {}).items():
        if model not in plan.models:
            yield f"{place}.model_settings names {model!r}, but models has no entry for it"
        elif "train" in settings and model not in plan.trained:
            weights = plan.weights_of(model)
            why = "is a network of another program: leave it out"
            if not plan.network_of(model):
                why = f"has the weights of {weights}: put it there"
            yield f"{place}.model_settings.{model} has a section train, but {model} {why}"
        elif "train" in settings and plan.trained_on(model):
            yield (
                f"{place}.model_settings.{model} has a section train, but {model} is trained on "
                f"{', '.join(plan.trained_on(model))} once for all data sets: put it into models.{model}"
            )
    yield from _listed_problems(plan, name)


def _listed_problems(plan: Plan, name: str) -> Iterator[str]:
    """What is wrong with the names in a data set's list of models."""
    place = f"datasets.{name}"
    for model in plan.models_of(name):
        trained, at, source = model.partition("@")
        if model not in plan.imports(name) and trained not in plan.models:
            yield f"{place}.models names {model!r}, but models has no entry for it"
        if at and plan.trained_on(trained):
            yield f"{place}.models names {model!r}, but {trained} is the same everywhere (train_on); write {trained}"
        elif at and plan.network_of(model):
            yield f"{place}.models names {model!r}, but {trained} is not trained on a data set here: write {trained}"
        elif at and source not in plan.datasets:
            yield f"{place}.models names {model!r}: no data set {source!r}"
