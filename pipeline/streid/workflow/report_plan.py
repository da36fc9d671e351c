"""What the report and the explorer get from the configuration: flags, and the record that the report prints."""

import json
from typing import Any

from streid.workflow.plan import Plan, flags


def model_flags(plan: Plan, dataset: str) -> list[str]:
    """`--model NAME=DIR` for every model of the data set, and which fusions of it the report shows."""
    words: list[str] = []
    for model in plan.models_of(dataset):
        words += ["--model", f"{model}=results/{dataset}/{model}"]
    words += ["--fusion", *plan.fusions(dataset)]
    for model in plan.models_of(dataset):
        if plan.fusions(dataset, model) != plan.fusions(dataset):
            words += ["--model-fusion", f"{model}={','.join(plan.fusions(dataset, model))}"]
    return words


def trained_on_flags(plan: Plan, dataset: str) -> list[str]:
    """`--trained-on NAME=SETS` for every model that is trained on the same data sets wherever it is tested."""
    words: list[str] = []
    for model in plan.own_models(dataset):
        source, _ = plan.training_of(dataset, model)
        if plan.trained_on(model) and source != dataset:
            words += ["--trained-on", f"{model}={source}"]
    return words


def foreign_models(plan: Plan, dataset: str) -> dict[str, str]:
    """The models whose scores use another data set's histograms, each with that data set."""
    sources = {model: plan.histograms_source(dataset, model) for model in plan.models_of(dataset)}
    return {model: source for model, source in sources.items() if source != dataset}


def foreign_flags(plan: Plan, dataset: str) -> list[str]:
    """`--foreign-histograms NAME=SOURCE` for every such model."""
    foreign = foreign_models(plan, dataset)
    return [word for model, source in foreign.items() for word in ("--foreign-histograms", f"{model}={source}")]


def foreign_histograms(plan: Plan, dataset: str) -> list[str]:
    """The other data sets' histograms that some models' scores use, sorted."""
    return sorted({plan.histograms(dataset, model) for model in foreign_models(plan, dataset)})


def foreign_histogram_flags(plan: Plan, dataset: str) -> list[str]:
    """`--model-histograms NAME=FILE` for every such model."""
    words: list[str] = []
    for model in foreign_models(plan, dataset):
        words += ["--model-histograms", f"{model}={plan.histograms(dataset, model)}"]
    return words


def clock_flags(plan: Plan, dataset: str) -> list[str]:
    """How the report and the explorer read the data set's times."""
    values = plan.settings("report", dataset)
    return flags({name: values[name] for name in ("time_unit", "units_per_second", "seed")})


def configuration_record(plan: Plan, dataset: str) -> str:
    """Everything that decides this data set's results, as JSON for the report."""
    sections = ["prepare", "histograms", "report", *(["render"] if dataset in plan.rendered else [])]
    general = {section: plan.settings(section, dataset) for section in sections}
    models = {model: _model_record(plan, dataset, model) for model in plan.models_of(dataset)}
    return json.dumps({"format": plan.format(dataset), **general, "models": models}, sort_keys=True)


def _model_record(plan: Plan, dataset: str, model: str) -> dict[str, Any]:
    """What decides a model's results: how it is trained and applied, or the file with its features; and scoring."""
    scoring = {section: plan.settings(section, dataset, model) for section in ("joint", "rerank")}
    if model in plan.imports(dataset):
        return {"features": plan.imports(dataset)[model], **scoring}
    own = {section: plan.settings(section, dataset, model) for section in ("extract", "inspect")}
    if network := plan.network_of(model):
        how = {"file": network} | plan.settings("network", dataset, model)
        return {"network": how, "extract": plan.settings("extract", dataset, model), **scoring}
    train_on = {"train_on": plan.trained_on(model)} if plan.trained_on(model) else {}
    return {**train_on, "train": plan.settings("train", *plan.training_of(dataset, model)), **own, **scoring}
