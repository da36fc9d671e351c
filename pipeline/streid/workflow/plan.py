"""What config.yaml means: the settings of each job and the files that it reads. Independent of Snakemake.

Data sets and models are named as in results: `market`, `pcb`, and `pcb@market` for the model that was trained on
another data set, `market`. All paths are relative to the project's folder.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from streid.appearance.network_settings import network_kind
from streid.data.layouts import raw_inputs
from streid.errors import InputError
from streid.stage.settings import passing
from streid.workflow.configuration import section_of

TOGETHER = "+"  # between the names of data sets that a model is trained on together; no name holds it
# What exporters call the file with an ONNX network's weights where these are not in it.
EXTERNAL_WEIGHTS = (".data", "_data")


class Plan:
    """A configuration with valid values, and what follows from it.

    Args:
        config: the values of a configuration (streid.workflow.configuration).
    """

    def __init__(self, config: Mapping[str, Any]) -> None:
        self.config = config
        self.datasets: Mapping[str, Any] = config["datasets"]
        self.models: Mapping[str, Any] = config["models"]

    @property
    def rendered(self) -> list[str]:
        """The data sets that are rendered."""
        return sorted(name for name, entry in self.datasets.items() if "render" in entry)

    @property
    def trained(self) -> list[str]:
        """The models that are trained, not given another model's weights."""
        return sorted(name for name in self.models if self.weights_of(name) == name and not self.network_of(name))

    @property
    def networks(self) -> list[str]:
        """The models that are networks of other programs."""
        return sorted(name for name in self.models if self.network_of(name))

    @property
    def imported(self) -> list[str]:
        """The models whose features were made by another program, for at least one data set."""
        return sorted({model for entry in self.datasets.values() for model in entry.get("features", {})})

    @property
    def compute(self) -> Mapping[str, Any]:
        """The section `compute`: devices and threads."""
        found: Mapping[str, Any] = self.config["compute"]
        return found

    def _entry(self, dataset: str) -> Mapping[str, Any]:
        """A data set's entry; of several data sets together an empty one."""
        found: Mapping[str, Any] = {} if TOGETHER in dataset else self.datasets[dataset]
        return found

    def settings(self, section: str, dataset: str, model: str | None = None) -> dict[str, Any]:
        """A section of the configuration for one data set and model.

        The values of the general section are replaced by the model's, then the data set's, then the data set's values
        for this model.
        """
        entry = self._entry(dataset)
        changes = [entry]
        if model is not None:
            name = model.partition("@")[0]
            changes = [self.models.get(name, {}), entry, entry.get("model_settings", {}).get(name, {})]
        merged = dict(self.config[section])
        for change in changes:
            merged.update(change.get(section, {}))
        return merged

    def options(self, section: str, dataset: str, model: str | None = None) -> list[str]:
        """A job's settings as command-line flags, without settings that are not flags or that its rule works out."""
        passed = {field.alias for field in section_of(section).model_fields.values() if passing(field) is None}
        values = self.settings(section, dataset, model)
        return flags({key: value for key, value in values.items() if key in passed})

    def weights_of(self, model: str) -> str:
        """The entry of `models` whose weights a model has: its own, unless it names another."""
        name = model.partition("@")[0]
        return str(self.models.get(name, {}).get("weights_of", name))

    def trained_on(self, model: str) -> list[str]:
        """The data sets that a model is trained on wherever it is tested; empty where each data set trains its own."""
        return list(self.models.get(self.weights_of(model), {}).get("train_on", []))

    def network_of(self, model: str) -> str:
        """The file of a model that is a network of another program; empty for one that is trained here."""
        return str(self.models.get(model.partition("@")[0], {}).get("network", {}).get("file", ""))

    def training_of(self, dataset: str, model: str) -> tuple[str, str]:
        """The data set that a model of this data set is trained on, and the entry whose weights it has.

        Several data sets are named together: `market+msmt17`.
        """
        source = TOGETHER.join(self.trained_on(model)) or model.partition("@")[2] or dataset
        return source, self.weights_of(model)

    @property
    def together(self) -> list[str]:
        """The data sets that models are trained on together, each group with the name of its folder in results."""
        groups = [self.trained_on(model) for model in self.trained]
        return sorted({TOGETHER.join(group) for group in groups if len(group) > 1})

    def training_files(self, source: str, model: str, name: str) -> list[str]:
        """The file called `name` of each data set that a model is trained on, in the configuration's order.

        Raises:
            InputError: the model is trained on others.
        """
        together = TOGETHER.join(self.trained_on(model))
        if (together or TOGETHER in source) and together != source:
            where = together or "each data set by itself"
            raise InputError(
                f"models.{model} is trained on {where}, not on {source}; ask for its model.safetensors there"
            )
        return [f"results/{dataset}/{name}" for dataset in source.split(TOGETHER)]

    def training_roots(self, dataset: str) -> list[str]:
        """The folders with the pictures of a training."""
        return [self.root(one) for one in dataset.split(TOGETHER)]

    def models_of(self, dataset: str) -> list[str]:
        """The models that are evaluated on a data set."""
        return list(self.datasets[dataset]["models"])

    def imports(self, dataset: str) -> Mapping[str, str]:
        """A data set's models whose features were made by another program -> the file with the features."""
        found: Mapping[str, str] = self._entry(dataset).get("features", {})
        return found

    def own_models(self, dataset: str) -> list[str]:
        """A data set's models that are computed here, not imported as features."""
        return [model for model in self.models_of(dataset) if model not in self.imports(dataset)]

    def fusions(self, dataset: str, model: str | None = None) -> list[str]:
        """The fusions of a data set's model, in the order in which they are shown."""
        return list(self.settings("joint", dataset, model)["fusions"])

    def format(self, dataset: str) -> str:
        """The data set's format."""
        return str(self.datasets[dataset]["format"])

    def code_choices(self, dataset: str, model: str | None = None) -> dict[str, str]:
        """What a job's code depends on: the format, a model's kind, and its architecture and backbone if trained here.

        The names are those of `streid.stage.fingerprints`.
        """
        choices = {} if TOGETHER in dataset else {"format": self.format(dataset)}
        if model is not None and (network := self.network_of(model)):
            choices |= {"kind": network_kind(network)}
        elif model is not None and model not in self.imports(dataset):
            choices |= {"kind": "trained"}
            train = self.settings("train", *self.training_of(dataset, model))
            choices |= {name: str(train[name]) for name in ("architecture", "backbone")}
        return choices

    def root(self, dataset: str) -> str:
        """The folder with the data set's pictures."""
        return str(self.datasets[dataset]["root"])

    def raw_data(self, dataset: str) -> list[str]:
        """The files and folders that a data set is read from, so that it is prepared again when they change.

        A picture that is overwritten in place is not noticed. Missing ones are left out: the preparation says where to
        get them.
        """
        if dataset in self.rendered:
            return [f"data/{dataset}/rendered.json"]
        found = raw_inputs(self.format(dataset), Path(self.root(dataset)))
        own = self.datasets[dataset].get("manifest")
        return [str(path) for path in found] + ([own] if own and Path(own).exists() else [])

    def source_flags(self, dataset: str) -> list[str]:
        """`--source-manifest FILE` for a data set with the user's own manifest."""
        own = self.datasets[dataset].get("manifest")
        return ["--source-manifest", own] if own else []

    def start_weights(self, dataset: str, model: str) -> list[str]:
        """The file with start weights, if they come from a file."""
        value = self.settings("train", dataset, model)["start_weights"]
        return [] if value in ("imagenet", "none") else [value]

    def model_file(self, dataset: str, model: str) -> str:
        """The trained model: of this data set, or of another one for `name@source`.

        Raises:
            InputError: it is a network of another program.
        """
        if self.network_of(model):
            raise InputError(
                f"{model} is a network of another program: there is nothing of it to train, inspect or export"
            )
        source, trained = self.training_of(dataset, model)
        return f"results/{source}/{trained}/model.safetensors"

    def model_files(self, dataset: str, model: str) -> list[str]:
        """The files with a model's weights: the trained model, or a network with the files of weights beside it."""
        if not (network := self.network_of(model)):
            return [self.model_file(dataset, model)]
        beside = [Path(network).with_suffix(".bin")] if network_kind(network) == "openvino" else []
        beside += [Path(f"{network}{ending}") for ending in EXTERNAL_WEIGHTS]
        return [network, *(str(path) for path in beside if path.is_file())]

    def model_flags(self, dataset: str, model: str) -> list[str]:
        """`--model FILE`, or `--network FILE` with how pictures go into it."""
        if network := self.network_of(model):
            return ["--network", network, *self.options("network", dataset, model)]
        return ["--model", self.model_file(dataset, model)]

    def shard_files(self, dataset: str, model: str) -> list[str]:
        """The shards of an extraction, one for each job."""
        shards = self.settings("extract", dataset, model)["shards"]
        return [f"results/{dataset}/{model}/shards/{shard}-of-{shards}.h5" for shard in range(1, shards + 1)]

    def imported_features(self, dataset: str, model: str) -> str:
        """The file with a model's features that another program made.

        Raises:
            InputError: the data set has none for this model.
        """
        if model not in self.imports(dataset):
            raise InputError(f"datasets.{dataset}.features names no file for {model}; add one or choose another model")
        return self.imports(dataset)[model]

    def histograms(self, dataset: str, model: str) -> str:
        """The histograms that a model's scores use: those of its data set, or of the set that it was trained on."""
        return f"results/{self.histograms_source(dataset, model)}/histograms.h5"

    def histograms_source(self, dataset: str, model: str) -> str:
        """The data set whose histograms a model's scores use."""
        source = model.partition("@")[2]
        chosen = self.settings("joint", dataset, model)["histograms_from"]
        return source if source and chosen == "source" else dataset

    def of_models(self, dataset: str, name: str) -> list[str]:
        """The files of this name of every model of the data set."""
        return [f"results/{dataset}/{model}/{name}" for model in self.models_of(dataset)]

    def of_fusions(self, dataset: str, name: str) -> list[str]:
        """The files of this name of every fusion of every model of the data set."""
        return [
            f"results/{dataset}/{model}/{fusion}/{name}"
            for model in self.models_of(dataset)
            for fusion in self.fusions(dataset, model)
        ]

    def training_histories(self, dataset: str) -> list[str]:
        """training.csv of the models trained on this data set; others have it in their own data set's report."""
        own = [model for model in self.own_models(dataset) if self.training_of(dataset, model) == (dataset, model)]
        own = [model for model in own if not self.network_of(model)]
        return [f"results/{dataset}/{model}/training.csv" for model in own]

    def inspections(self, dataset: str) -> list[str]:
        """inspection.h5 of the models that are trained here; networks of other programs cannot be inspected."""
        own = [model for model in self.own_models(dataset) if not self.network_of(model)]
        return [f"results/{dataset}/{model}/inspection.h5" for model in own]


def flags(values: Mapping[str, Any]) -> list[str]:
    """Settings as command-line flags, sorted, one list entry per word."""
    words: list[str] = []
    for key, value in sorted(values.items()):
        words += [f"--{key.replace('_', '-')}", *map(str, value if isinstance(value, list) else [value])]
    return words
