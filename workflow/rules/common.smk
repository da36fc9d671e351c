import json
import os
import re
from pathlib import Path

from streid.appearance.architectures import ARCHITECTURES
from streid.stage.fingerprints import source_closure
from streid.data.layouts import FORMATS, raw_inputs
from streid.scoring.fusion_records import FUSIONS


def any_of(names):
    """A wildcard constraint: one of the names, or nothing at all if there are none."""
    return "|".join(re.escape(name) for name in sorted(names)) or "(?!)"


PIPELINE = Path(os.path.relpath(Path(workflow.basedir) / "pipeline"))
ENVIRONMENT = str(Path(workflow.basedir) / "environment.yml")
DATASETS = config["datasets"]
RENDERED = sorted(name for name in DATASETS if "render" in DATASETS[name])
PACKED = sorted(
    name
    for name in DATASETS
    if {**config["prepare"], **DATASETS[name].get("prepare", {})}["pack"]
)
DEVICE = config["compute"]["device"]
GPUS = 0 if DEVICE == "cpu" else 1
DATASET_NAMES = "|".join(re.escape(name) for name in sorted(DATASETS))
MODEL_NAMES = "|".join(re.escape(name) for name in sorted(config["models"]))
# The runs whose features were made elsewhere.
IMPORTED = sorted(
    f"{dataset}/{model}"
    for dataset, entry in DATASETS.items()
    for model in entry.get("features", {})
)
IMPORTED_NAMES = any_of({run.partition("/")[2] for run in IMPORTED})
# Settings that shape the workflow itself, so that they become no flag of a script, or one that a rule writes.
WORKFLOW_KEYS = {"fusions", "histograms_from", "pack", "processes"}


wildcard_constraints:
    dataset=DATASET_NAMES,
    model=f"(?:{MODEL_NAMES})(?:@(?:{DATASET_NAMES}))?|{IMPORTED_NAMES}",
    fusion="|".join(FUSIONS),
    trained=MODEL_NAMES,
    shard="[0-9]+",
    shards="[0-9]+",


def script(stage):
    """The stage's script: an edit reruns the stage."""
    return str(PIPELINE / f"{stage}.py")


def modules(stage):
    """The streid modules the stage's script imports, directly or not: an edit of one reruns the stage."""
    return [str(path) for path in source_closure(PIPELINE / f"{stage}.py")]


def templates(*pages):
    """The templates of the pages' folders in streid/reporting: an edit of one makes the page again."""
    folders = [PIPELINE / "streid" / "reporting" / page / "templates" for page in pages]
    return sorted(str(path) for folder in folders for path in folder.iterdir())


def settings(section, dataset, model=None):
    """A section of the configuration for one data set and model.

    The general one, changed by the model's, the data set's, and the data set's for that model.
    """
    entry = DATASETS[dataset]
    merged = dict(config[section])
    if model is None:
        return merged | entry.get(section, {})
    name = model.split("@")[0]
    own = entry.get("model_settings", {}).get(name, {})
    for changes in (config["models"].get(name, {}), entry, own):
        merged.update(changes.get(section, {}))
    return merged


def weights_of(model):
    """The entry of `models` whose weights a model has: its own, unless it names another."""
    name = model.split("@")[0]
    return config["models"].get(name, {}).get("weights_of", name)


def flags(values):
    """A section as command-line flags, one list entry per word, to be quoted by `:q`."""
    words = []
    for key, value in sorted(values.items()):
        if key in WORKFLOW_KEYS:
            continue
        words.append(f"--{key.replace('_', '-')}")
        words.extend(map(str, value) if isinstance(value, list) else [str(value)])
    return words


def options(section):
    """A `params` function: the section's settings for the job's data set and model, as flags."""

    def of_job(wildcards):
        model = getattr(wildcards, "model", getattr(wildcards, "trained", None))
        return flags(settings(section, wildcards.dataset, model))

    return of_job


def fusions(dataset, model=None):
    """The fusions of a data set's model, the headline's first."""
    return settings("joint", dataset, model)["fusions"]


def imported(dataset):
    """The models of a data set whose features were made elsewhere, each with their file."""
    return DATASETS[dataset].get("features", {})


def imported_features(wildcards):
    """The file with a model's features made elsewhere."""
    return imported(wildcards.dataset)[wildcards.model]


def trained_model(wildcards):
    """The model file of a job: of its own data set, or of another one for `name@source`."""
    source = wildcards.model.partition("@")[2] or wildcards.dataset
    return f"results/{source}/{weights_of(wildcards.model)}/model.safetensors"


def training_processes(wildcards):
    """The processes a training job asks for; one for `auto`."""
    asked = settings("train", wildcards.dataset, wildcards.trained)["processes"]
    return 1 if asked == "auto" else asked


def training_gpus(wildcards):
    """A GPU for each process of a training job."""
    return GPUS * training_processes(wildcards)


def started_processes(wildcards, resources):
    """The processes a training job starts; for `auto` one for each GPU the job has, by the rule or a profile."""
    asked = settings("train", wildcards.dataset, wildcards.trained)["processes"]
    return max(1, resources.gpu) if asked == "auto" else asked


def training_memory(wildcards):
    """Megabytes of a training job: as many for each of its processes as a job of one has."""
    return 6000 * training_processes(wildcards)


def training_threads(wildcards):
    """CPU threads of a training job: as many for each of its processes as a job of one has."""
    return config["compute"]["gpu_job_threads"] * training_processes(wildcards)


def shard_files(wildcards):
    """The shards of an extraction."""
    shards = settings("extract", wildcards.dataset, wildcards.model)["shards"]
    return expand(
        "results/{dataset}/{model}/shards/{shard}-of-{shards}.h5",
        dataset=wildcards.dataset,
        model=wildcards.model,
        shard=range(1, shards + 1),
        shards=shards,
    )


def histograms_of(dataset, model):
    """The histograms a model's scores use: its data set's, or those of the set it was trained on."""
    source = model.partition("@")[2]
    chosen = settings("joint", dataset, model)["histograms_from"]
    return (
        f"results/{source if source and chosen == 'source' else dataset}/histograms.h5"
    )


def histograms(wildcards):
    """The histograms of a scoring job."""
    return histograms_of(wildcards.dataset, wildcards.model)


def scoring_memory(wildcards, input):
    """MB for scoring: the features twice, as they may be stored in half precision, and room to work in.

    Of several models' features the largest are held at a time. Of features that are still to be made the size is not
    known; it is read again before the job starts.
    """
    features = [input.features] if isinstance(input.features, str) else input.features
    sizes = [Path(one).stat().st_size for one in features if Path(one).exists()]
    return 6000 + 2 * (max(sizes, default=0) >> 20)


def start_weights(wildcards):
    """The file with start weights, if it is one, so that other weights train anew."""
    value = settings("train", wildcards.dataset, wildcards.trained)["start_weights"]
    return [] if value in ("imagenet", "none") else [value]


def root(wildcards):
    """The folder with the data set's pictures."""
    return DATASETS[wildcards.dataset]["root"]


def raw_data(wildcards):
    """What a data set is read from, so that it is prepared again when files are added or removed.

    A picture overwritten in place is not noticed: --forcerun prepare_dataset then, where it is packed
    prepare_packed_dataset. A data set that is not there is no missing input: the stage itself says where to get it.
    """
    if wildcards.dataset in RENDERED:
        return [f"data/{wildcards.dataset}/rendered.json"]
    entry = DATASETS[wildcards.dataset]
    own = [Path(entry["manifest"])] if "manifest" in entry else []
    found = raw_inputs(entry["format"], Path(entry["root"]))
    return [str(path) for path in found + [path for path in own if path.exists()]]


def pictures(wildcards):
    """The file the data set's pictures are packed in, if they are."""
    name = f"results/{wildcards.dataset}/pictures.h5"
    return name if wildcards.dataset in PACKED else []


def packed(wildcards, input):
    """`--packed FILE` for a job that reads pictures, where they are packed."""
    return ["--packed", input.pictures] if input.pictures else []


def of_models(name):
    """An input function: a file of every model the data set is evaluated with."""
    return lambda wildcards: expand(
        "results/{dataset}/{model}/{name}",
        dataset=wildcards.dataset,
        model=DATASETS[wildcards.dataset]["models"],
        name=name,
    )


def of_fusions(name):
    """An input function: a file of every fusion of every model the data set is evaluated with."""
    return lambda wildcards: [
        f"results/{wildcards.dataset}/{model}/{fusion}/{name}"
        for model in DATASETS[wildcards.dataset]["models"]
        for fusion in fusions(wildcards.dataset, model)
    ]


def training_histories(wildcards):
    """training.csv of the models trained on this data set; one trained on another shows its own there."""
    entry, elsewhere = DATASETS[wildcards.dataset], imported(wildcards.dataset)
    own = [
        model
        for model in entry["models"]
        if weights_of(model) == model and model not in elsewhere
    ]
    return expand(
        "results/{dataset}/{model}/training.csv", dataset=wildcards.dataset, model=own
    )


def inspections(wildcards):
    """inspection.h5 of the models whose weights are here."""
    elsewhere = imported(wildcards.dataset)
    own = [m for m in DATASETS[wildcards.dataset]["models"] if m not in elsewhere]
    return expand(
        "results/{dataset}/{model}/inspection.h5", dataset=wildcards.dataset, model=own
    )


def model_folders(wildcards):
    """`--model NAME=DIR` for every model of the data set, and which fusions of it the report shows."""
    name, models = wildcards.dataset, DATASETS[wildcards.dataset]["models"]
    folders = [("--model", f"{model}=results/{name}/{model}") for model in models]
    own = [
        ("--model-fusion", f"{model}={','.join(fusions(name, model))}")
        for model in models
        if fusions(name, model) != fusions(name)
    ]
    return [
        word
        for words in [*folders, ("--fusion", *fusions(name)), *own]
        for word in words
    ]


def foreign_histograms(wildcards):
    """`--foreign-histograms NAME=SOURCE` for every model whose scores use another data set's histograms."""
    name = wildcards.dataset
    words = []
    for model in DATASETS[name]["models"]:
        source = model.partition("@")[2]
        if (
            source not in ("", name)
            and settings("joint", name, model)["histograms_from"] == "source"
        ):
            words += ["--foreign-histograms", f"{model}={source}"]
    return words


def made_by(dataset, model):
    """What decides a model's features: how it is trained and asked, or the file they come in."""
    if model in imported(dataset):
        return {"features": imported(dataset)[model]}
    source = model.partition("@")[2]
    return {
        "train": settings("train", source or dataset, weights_of(model)),
        "extract": settings("extract", dataset, model),
        "inspect": settings("inspect", dataset, model),
    }


def model_histograms(wildcards):
    """The other data sets' histograms that some models' scores use: model -> file."""
    name = wildcards.dataset
    used = {model: histograms_of(name, model) for model in DATASETS[name]["models"]}
    return {
        model: path
        for model, path in used.items()
        if path != f"results/{name}/histograms.h5"
    }


def model_histogram_flags(wildcards):
    """`--model-histograms NAME=FILE` for every model whose scores use another data set's histograms."""
    return [
        word
        for model, path in model_histograms(wildcards).items()
        for word in ("--model-histograms", f"{model}={path}")
    ]


def clock(wildcards):
    """How the report and the explorer read the data set's times, as flags."""
    values = settings("report", wildcards.dataset)
    return flags(
        {name: values[name] for name in ("time_unit", "units_per_second", "seed")}
    )


def configuration(wildcards):
    """Everything that decides this data set's results, as JSON for the report."""
    name, models = wildcards.dataset, DATASETS[wildcards.dataset]["models"]
    general = {
        section: settings(section, name)
        for section in ("prepare", "histograms", "report")
    }
    if name in RENDERED:
        general["render"] = settings("render", name)
    per_model = {
        model: {
            **made_by(name, model),
            **{
                section: settings(section, name, model)
                for section in ("joint", "rerank")
            },
        }
        for model in models
    }
    return json.dumps(
        {"format": DATASETS[name]["format"], **general, "models": per_model},
        sort_keys=True,
    )


_sections = {
    "train": config["train"],
    **{
        f"models.{name}.train": entry.get("train", {})
        for name, entry in config["models"].items()
    },
    **{
        f"datasets.{name}.train": entry.get("train", {})
        for name, entry in DATASETS.items()
    },
    **{
        f"datasets.{name}.model_settings.{model}.train": own.get("train", {})
        for name, entry in DATASETS.items()
        for model, own in entry.get("model_settings", {}).items()
    },
}
for _where, _section in _sections.items():
    if _section.get("architecture") not in (None, *ARCHITECTURES):
        raise WorkflowError(
            f"config: {_where}.architecture is {_section['architecture']!r}; known: {', '.join(ARCHITECTURES)}"
        )
for _name, _entry in DATASETS.items():
    if _entry["format"] not in FORMATS:
        raise WorkflowError(
            f"config: datasets.{_name}.format is {_entry['format']!r}; known: {', '.join(FORMATS)}"
        )
for _name in RENDERED:
    if Path(DATASETS[_name]["root"]) != Path("data") / _name:
        raise WorkflowError(
            f"config: datasets.{_name} is rendered, so its root must be data/{_name}"
        )
# Model names that would stand for something else among a data set's results.
RESERVED = ("benchmarks", "figures", "logs", "shards", "work")
for _model in config["models"]:
    if _model.lower() in RESERVED:
        raise WorkflowError(
            f"config: models.{_model} cannot be called so, as results have a folder of that name; rename it"
        )
_trained = [name for name in config["models"] if weights_of(name) == name]
for _name in config["models"]:
    if weights_of(_name) not in _trained:
        raise WorkflowError(
            f"config: models.{_name}.weights_of names {weights_of(_name)!r}, which is no model that is trained itself"
        )
for _name, _entry in DATASETS.items():
    _elsewhere = imported(_name)
    for _model in _elsewhere:
        if _model in config["models"] or _model not in _entry["models"]:
            raise WorkflowError(
                f"config: datasets.{_name}.features brings {_model!r}: a name that datasets.{_name}.models must list "
                "and models must not describe"
            )
    for _model, _settings in _entry.get("model_settings", {}).items():
        if _model not in config["models"]:
            raise WorkflowError(
                f"config: datasets.{_name}.model_settings names {_model!r}, which models does not describe"
            )
        if "train" in _settings and weights_of(_model) != _model:
            raise WorkflowError(
                f"config: datasets.{_name}.model_settings.{_model} has a section train, but {_model} has the weights of "
                f"{weights_of(_model)}: put it there"
            )
    for _model in _entry["models"]:
        if _model not in _elsewhere and _model.split("@")[0] not in config["models"]:
            raise WorkflowError(
                f"config: datasets.{_name}.models names {_model!r}, which models does not describe"
            )
        if "@" in _model and _model.split("@")[1] not in DATASETS:
            raise WorkflowError(
                f"config: datasets.{_name}.models names {_model!r}: no data set {_model.split('@')[1]!r}"
            )

# The runs whose features are extracted in shards. A rule is for them, or for the others, by what its data set is
# followed by in a path; a model of another data set is extracted as one of its own.
SHARDED = [
    f"{re.escape(f'{dataset}/{model}')}(?:@[^/]+)?/"
    for dataset in sorted(DATASETS)
    for model in sorted(config["models"])
    if settings("extract", dataset, model)["shards"] > 1
]
_IMPORTED = [f"{re.escape(run)}/" for run in IMPORTED]
EXTRACTED_AT_ONCE = f"(?!{'|'.join(SHARDED + _IMPORTED) or '(?!)'})(?:{DATASET_NAMES})"
EXTRACTED_IN_SHARDS = f"(?={'|'.join(SHARDED) or '(?!)'})(?:{DATASET_NAMES})"
MADE_ELSEWHERE = f"(?={'|'.join(_IMPORTED) or '(?!)'})(?:{DATASET_NAMES})"
