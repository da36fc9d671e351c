"""The declarations of config.yaml, and messages about a wrong one: one line for each key."""

import difflib
from collections.abc import Container, Mapping, Sequence
from typing import Annotated, Any, Literal, get_args, get_origin

from annotated_types import MinLen
from pydantic import BeforeValidator, Field, ValidationError
from pydantic_core import ErrorDetails

from streid.appearance.export_settings import ExportSettings
from streid.appearance.extract_settings import ExtractSettings
from streid.appearance.inspect_settings import InspectSettings
from streid.appearance.network_settings import NetworkSettings
from streid.appearance.train_settings import TrainSettings
from streid.data.layouts import FORMATS
from streid.data.prepare_settings import PrepareSettings
from streid.data.rendered.render_settings import RenderSettings
from streid.reporting.explorer.explorer_settings import ExplorerSettings
from streid.reporting.report.report_settings import ReportSettings
from streid.scoring.joint_settings import JointSettings
from streid.scoring.rerank_settings import RerankSettings
from streid.spatiotemporal.histogram_settings import HistogramSettings
from streid.stage.settings import DIFFERENT, Jobs, OneOf, Section, Text, annotation_of, in_words
from streid.workflow.yaml_names import FROM_YAML, refuse_twice

SHOWN = 80
NAME = "[A-Za-z0-9][A-Za-z0-9_.-]*"
NO_CONTROLS = r"<>{}\x00-\x1f\x7f-\x9f"  # Snakemake reads <name> and {name} in a path as its own variables

Name = Annotated[
    str,
    Text("a name of at most 100 letters, digits, _ . and -, the first of them a letter or digit", NAME, longest=100),
    FROM_YAML,
]
ModelName = Annotated[str, Text("a model's name, or model@data-set", f"{NAME}(?:@{NAME})?", longest=201), FROM_YAML]
PATH = Text(
    "a path without control characters and < > { }, that does not start with - or ~ (write ./-name or the whole path)",
    f"[^-~{NO_CONTROLS}][^{NO_CONTROLS}]*",
)
PathText = Annotated[str, PATH, FROM_YAML]
NAMED = BeforeValidator(refuse_twice)


def _as_file(network: object) -> object:
    return {"file": network} if isinstance(network, str) else network


class ComputeSettings(Section):
    """Devices and threads of the stages."""

    device: Literal["auto", "cpu", "cuda"] = "auto"
    """auto (a GPU if there is one), cpu, or cuda; with cpu, jobs request no GPU"""
    gpu_job_threads: Jobs = 2
    """CPU threads of a training or extraction job"""
    scoring_threads: Jobs = 8
    """CPU threads of an evaluation or re-ranking job; --cores limits them"""


class ModelSettings(Section):
    """Sections of a model."""

    train: TrainSettings = Field(default_factory=TrainSettings)
    extract: ExtractSettings = Field(default_factory=ExtractSettings)
    export: ExportSettings = Field(default_factory=ExportSettings)
    inspect: InspectSettings = Field(default_factory=InspectSettings)
    joint: JointSettings = Field(default_factory=JointSettings)
    rerank: RerankSettings = Field(default_factory=RerankSettings)


class NetworkEntry(NetworkSettings):
    """A network of another program."""

    file: PathText = ""
    """the network: .onnx, or OpenVINO's .xml with its .bin beside it"""


class ModelEntry(ModelSettings):
    """A name and an entry for each model."""

    weights_of: Name = ""
    """another entry, whose weights it uses; it is then not trained itself and has no section train"""
    train_on: Annotated[list[Name], DIFFERENT] = Field(default_factory=list)
    """data sets to train it on together, once for all that list it; empty: each data set trains its own"""
    network: Annotated[NetworkEntry, BeforeValidator(_as_file)] = Field(default_factory=NetworkEntry)
    """a network of another program, not trained here (docs/networks.md): FILE, or {file: FILE} and keys of network"""


class DatasetEntry(ModelSettings):
    """A name and an entry for each data set."""

    format: Annotated[str, OneOf(FORMATS)]
    """layout of the data set"""
    root: PathText
    """the folder with the pictures"""
    manifest: PathText = ""
    """your own CSV, only for the format manifest"""
    models: Annotated[list[ModelName], MinLen(1), DIFFERENT]
    """what to train and test on it: entries of models; name@source takes the model trained on data set source"""
    features: Annotated[dict[Name, PathText], NAMED] = Field(default_factory=dict)
    """features made by another program (docs/features.md): the name of a model in the list models, and its file"""
    model_settings: Annotated[dict[Name, ModelSettings], NAMED] = Field(default_factory=dict)
    """the name of a model, and values for it on this data set only"""
    render: RenderSettings = Field(default_factory=RenderSettings)
    prepare: PrepareSettings = Field(default_factory=PrepareSettings)
    histograms: HistogramSettings = Field(default_factory=HistogramSettings)
    report: ReportSettings = Field(default_factory=ReportSettings)
    explorer: ExplorerSettings = Field(default_factory=ExplorerSettings)


class Configuration(Section):
    """All of config.yaml."""

    datasets: Annotated[dict[Name, DatasetEntry], MinLen(1), NAMED]
    models: Annotated[dict[Name, ModelEntry], MinLen(1), NAMED]
    compute: ComputeSettings = Field(default_factory=ComputeSettings)
    render: RenderSettings = Field(default_factory=RenderSettings)
    prepare: PrepareSettings = Field(default_factory=PrepareSettings)
    train: TrainSettings = Field(default_factory=TrainSettings)
    extract: ExtractSettings = Field(default_factory=ExtractSettings)
    export: ExportSettings = Field(default_factory=ExportSettings)
    network: NetworkSettings = Field(default_factory=NetworkSettings)
    inspect: InspectSettings = Field(default_factory=InspectSettings)
    histograms: HistogramSettings = Field(default_factory=HistogramSettings)
    joint: JointSettings = Field(default_factory=JointSettings)
    rerank: RerankSettings = Field(default_factory=RerankSettings)
    report: ReportSettings = Field(default_factory=ReportSettings)
    explorer: ExplorerSettings = Field(default_factory=ExplorerSettings)

    def values(self) -> dict[str, Any]:
        """Everything as plain values: general sections with defaults, data sets and models only with what was given."""
        given = self.model_dump(by_alias=True, exclude_unset=True)
        values = self.model_dump(by_alias=True) | {name: given[name] for name in ("datasets", "models")}
        return {name: _as_written(value) for name, value in values.items()}


def section_of(name: str) -> type[Section]:
    """The class that declares a section of config.yaml."""
    kind = Configuration.model_fields[name].annotation
    if not (isinstance(kind, type) and issubclass(kind, Section)):
        raise KeyError(f"{name} is no section of settings")
    return kind


def read_configuration(config: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """A configuration's values, with defaults for settings that are not given, and what is wrong with it.

    Args:
        config: as read from YAML.

    Returns:
        The values, empty if anything is wrong; and a line for each wrong key: its place, its value and what it must be.
    """
    try:
        return Configuration.model_validate(dict(config)).values(), []
    except ValidationError as error:
        found = error.errors(include_url=False)
        # Errors below an impossible key need no line of their own.
        wrong_keys = {one["loc"][:-1] for one in found if _is_of_key(one)}
        shown = [one for one in found if _is_of_key(one) or not _lies_below(one["loc"], wrong_keys)]
        return {}, list(dict.fromkeys(_one_line(one) for one in shown))


def _is_of_key(error: ErrorDetails) -> bool:
    return error["loc"][-1:] == ("[key]",)


def _lies_below(loc: tuple[int | str, ...], keys: Container[tuple[int | str, ...]]) -> bool:
    return any(loc[:depth] in keys for depth in range(len(loc)))


def _as_written(value: Any) -> Any:
    """A value with 5.0 written as 5."""
    if isinstance(value, dict):
        return {key: _as_written(one) for key, one in value.items()}
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _one_line(error: ErrorDetails) -> str:
    place, kind, rest = _locate(error["loc"])
    if error["type"] == "extra_forbidden":
        return _unknown_key(place, str(rest[0]), kind)
    is_key = rest == ("[key]",)
    wanted = get_args(_plain(kind))[0] if is_key else kind
    said = error["msg"] if error["type"] == "own_message" else f"it must be {in_words(wanted)}"
    if error["type"] == "missing":
        return f"{place} is missing; {said}"
    return f"{place} {'has the key' if is_key else 'is'} {_short(repr(error['input']))}; {said}"


def _locate(loc: Sequence[int | str]) -> tuple[str, Any, tuple[int | str, ...]]:
    """Where an error is: its place as in `train.height`, the type declared there, and the rest of `loc`.

    Numbers in brackets are items of a list, from 0.
    """
    kind: Any = Configuration
    place = ""
    for depth, key in enumerate(loc):
        plain = _plain(kind)
        if isinstance(plain, type) and issubclass(plain, Section):
            fields = {field.alias: field for field in plain.model_fields.values()}
            if key not in fields:
                return place, plain, tuple(loc[depth:])
            kind = annotation_of(fields[str(key)])
        elif get_origin(plain) is dict:
            if loc[depth + 1 : depth + 2] == ("[key]",):
                return place, kind, ("[key]",)
            kind = get_args(plain)[1]
        elif get_origin(plain) is list:
            kind = get_args(plain)[0]
        else:
            return place, kind, tuple(loc[depth:])
        place = f"{place}[{key}]" if get_origin(plain) is list else f"{place}.{key}".removeprefix(".")
    return place, kind, ()


def _plain(annotation: Any) -> Any:
    return get_args(annotation)[0] if get_origin(annotation) is Annotated else annotation


def _unknown_key(place: str, key: str, section: type[Section]) -> str:
    known = [str(field.alias) for field in section.model_fields.values()]
    near = difflib.get_close_matches(key, known, 1)
    return f"{_short(key)} is not known{f' in {place}' if place else ''}{f'; is {near[0]} meant?' if near else ''}"


def _short(text: str, length: int = SHOWN) -> str:
    line = "".join(character if character.isprintable() else ascii(character)[1:-1] for character in text)
    return line if len(line) <= length else f"{line[: length - 3]}..."
