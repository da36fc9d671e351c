"""config.yaml and the declarations of its settings: what is refused, in which words, and that they say the same."""

import copy
import datetime
import math
import re
from typing import Any

import pytest
import yaml
from conftest import ROOT
from pydantic import TypeAdapter

from streid.data.layouts import FORMATS
from streid.scoring.fusion_records import FUSIONS
from streid.scoring.joint_settings import JointSettings
from streid.workflow.configuration import PATH, Configuration, PathText, read_configuration, section_of
from streid.workflow.cross_checks import plan_problems
from streid.workflow.plan import Plan

TEXT = (ROOT / "config" / "config.yaml").read_text(encoding="utf-8")
CONFIG: dict[str, Any] = yaml.safe_load(TEXT)
SECTIONS = [name for name in Configuration.model_fields if name not in ("datasets", "models")]
SETTINGS = [(name, str(field.alias)) for name in SECTIONS for field in section_of(name).model_fields.values()]
LINE = re.compile(r"^  (?P<key>\w+):(?: (?P<value>.*?))?\s*# (?P<meaning>.+)$", re.MULTILINE)


def with_changes(config: dict[str, Any], changes: dict[Any, Any]) -> dict[str, Any]:
    """A configuration with a further file's values, as Snakemake's --configfile lays them over it."""
    merged = dict(config)
    for key, value in changes.items():
        nested = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = with_changes(merged[key], value) if nested else value
    return merged


def problems(changes: dict[Any, Any]) -> list[str]:
    return read_configuration(with_changes(CONFIG, changes))[1]


@pytest.mark.parametrize("changes", [None, "all_models.yaml"])
def test_the_configurations_that_come_along_are_right(changes: str | None) -> None:
    more = yaml.safe_load((ROOT / "config" / changes).read_text(encoding="utf-8")) if changes else {}
    values, wrong = read_configuration(with_changes(CONFIG, more))
    assert wrong == []
    assert plan_problems(Plan(values)) == []
    if changes:
        assert set(values["datasets"]["demo"]["models"]) == set(values["models"])


@pytest.mark.parametrize("section", SECTIONS)
def test_the_file_says_what_the_declarations_say(section: str) -> None:
    """Each setting has its line, with the default as its value and the meaning as its comment."""
    (body,) = re.findall(rf"^{section}:\n((?:(?:  .*)?\n)+)", TEXT + "\n", re.MULTILINE)
    declared = {
        str(field.alias): (field.get_default(call_default_factory=True), field.description)
        for field in section_of(section).model_fields.values()
    }
    found = {line["key"]: (yaml.safe_load(line["value"]), line["meaning"]) for line in LINE.finditer(body)}
    assert found == declared


def test_what_is_not_given_has_its_default() -> None:
    config = {name: CONFIG[name] for name in ("datasets", "models")}
    values, wrong = read_configuration({**config, "rerank": {"k1": 7}})
    assert wrong == []
    assert values == {**CONFIG, "rerank": {**CONFIG["rerank"], "k1": 7}}


def test_numbers_stay_as_they_were_written() -> None:
    values, _ = read_configuration(with_changes(CONFIG, {"histograms": {"sigma": 20}, "train": {"flip": 0.25}}))
    assert isinstance(values["histograms"]["sigma"], int)
    assert values["train"]["flip"] == 0.25


def test_there_is_an_entry_for_every_format_of_the_field() -> None:
    """One that is added needs none here."""
    formats = {entry["format"] for entry in CONFIG["datasets"].values()}
    assert {"market1501", "dukemtmc", "msmt17", "mars", "duke_video", "manifest"} <= formats <= set(FORMATS)


def test_every_fusions_settings_are_declared() -> None:
    assert {name for record in FUSIONS.values() for name in record.settings} <= set(JointSettings.model_fields)


@pytest.mark.parametrize(
    "path",
    [
        (),
        ("datasets", "demo"),
        ("datasets", "demo", "train"),
        ("datasets", "demo", "model_settings", "pcb"),
        ("datasets", "demo", "model_settings", "pcb", "train"),
        ("models", "pcb"),
        *[(section,) for section in SECTIONS],
    ],
)
def test_unknown_keys_are_refused(path: tuple[str, ...]) -> None:
    change: dict[str, Any] = {"no_such_key": 1}
    for key in reversed(path):
        change = {key: change}
    assert problems(change) == [f"no_such_key is not known{' in ' if path else ''}{'.'.join(path)}"]


def test_a_near_name_is_offered() -> None:
    assert problems({"train": {"epoch": 3}}) == ["epoch is not known in train; is epochs meant?"]
    assert problems({"rerank": {"lambda_": 0.3}}) == ["lambda_ is not known in rerank; is lambda meant?"]


@pytest.mark.parametrize(("section", "key"), SETTINGS)
def test_the_line_names_the_key_of_a_bad_value(section: str, key: str) -> None:
    """Every key refuses a number that is none, and something that is neither number nor text."""
    for value in (math.nan, {"a": 1}, None):
        (line,) = problems({section: {key: value}})
        assert line.startswith(f"{section}.{key} is ")
        assert line.isprintable()
        assert len(line) < 400


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"train": {"height": 5.5}}, "train.height is 5.5; it must be a whole number of at least 32 and at most 4096"),
        ({"train": {"backbone": "vgg16"}}, "train.backbone is 'vgg16'; it must be one of resnet18, resnet34"),
        ({"models": {"pcb": {"train": {"architecture": "vgg"}}}}, "models.pcb.train.architecture is 'vgg'; it must be"),
        ({"train": {"processes": 0}}, "train.processes is 0; it must be auto or a whole number of at least 1"),
        ({"train": {"ema_decay": 1}}, "train.ema_decay is 1; it must be a number of at least 0 and below 1"),
        ({"train": {"step_epochs": [3, 0]}}, "train.step_epochs[1] is 0; it must be a whole number of at least 1"),
        ({"histograms": {"sigma": 1e7}}, "histograms.sigma is 10000000; it must be a number of at least 1e-06 and"),
        ({"joint": {"weight": "often"}}, "joint.weight is 'often'; it must be auto or a number of at least 0 and at"),
        ({"joint": {"fusions": ["sum"]}}, "joint.fusions[0] is 'sum'; it must be one of logistic, likelihood, none"),
        ({"joint": {"fusions": []}}, "joint.fusions is []; it must be a list of at least one"),
        ({"joint": {"fusions": ["none", "none"]}}, "joint.fusions is ['none', 'none']; an entry is listed twice"),
        ({"prepare": {"pack": "yes"}}, "prepare.pack is 'yes'; it must be true or false"),
        ({"rerank": None}, "rerank is None; it must be a section of its own, with keys and values"),
        (
            {"datasets": {"market": {"format": "cuhk"}}},
            "datasets.market.format is 'cuhk'; it must be one of",
        ),
        ({"datasets": {"new": {"root": "x", "models": ["pcb"]}}}, "datasets.new.format is missing; it must be one of"),
        ({"datasets": {"market": {"root": "a\x1b[2Jb"}}}, r"datasets.market.root is 'a\x1b[2Jb'; it must be a path"),
        ({"datasets": {"market": {"root": "a/{x}"}}}, "datasets.market.root is 'a/{x}'; it must be a path without"),
        ({"datasets": {"market": {"root": "a/<x>"}}}, "datasets.market.root is 'a/<x>'; it must be a path without"),
        ({"datasets": {"market": {"root": "-x"}}}, "datasets.market.root is '-x'; it must be a path"),
        (
            {"datasets": {"market": {"models": ["a b"]}}},
            "datasets.market.models[0] is 'a b'; it must be a model",
        ),
        ({"datasets": {"$(id)": {}}}, "datasets has the key '$(id)'; it must be a name of at most 100 letters"),
        ({"models": {"pcb\n": {}}}, r"models has the key 'pcb\n'; it must be a name"),
        (
            {"datasets": {"demo": {"model_settings": {"pcb": {"train": {"epochs": 0}}}}}},
            "datasets.demo.model_settings.pcb.train.epochs is 0; it must be a whole number of at least 1",
        ),
        ({"datasets": {"demo": {"features": {"osnet": ""}}}}, "datasets.demo.features.osnet is ''; it must be a path"),
    ],
)
def test_what_is_wrong_is_one_line(changes: dict[str, Any], line: str) -> None:
    (found,) = problems(changes)
    assert found.startswith(line)
    assert found.isprintable()


def test_every_wrong_value_has_its_line() -> None:
    wrong = problems({"train": {"height": 1, "flip": 2}, "rerank": {"foo": 1}})
    assert [line.partition(" ")[0] for line in wrong] == ["train.height", "train.flip", "foo"]


@pytest.mark.parametrize(
    "name", ["../up", "a b", "$(id)", "", ".hidden", "a/b", "a\n", "-a", "<b>", "a;b", "ü", "a" * 101]
)
def test_names_that_are_no_plain_folder_names_are_refused(name: str) -> None:
    (line,) = problems({"datasets": {name: CONFIG["datasets"]["market"]}})
    assert line.startswith("datasets has the key ")


@pytest.mark.parametrize(("read", "name"), [(2024, "2024"), (datetime.date(2024, 1, 31), "2024-01-31"), ("no", "no")])
def test_names_whose_writing_is_clear_are_taken(read: object, name: str) -> None:
    config = with_changes(
        CONFIG, {"datasets": {read: {**CONFIG["datasets"]["market"], "models": [read], "root": read}}}
    )
    config["models"] = {**config["models"], read: {"weights_of": "pcb"}, "more": {"train": {"epochs": 3}}}
    values, wrong = read_configuration(config)
    assert wrong == []
    assert values["datasets"][name] == {"format": "market1501", "root": name, "models": [name]}
    assert values["models"][name] == {"weights_of": "pcb"}
    assert plan_problems(Plan(values)) == []


@pytest.mark.parametrize("read", [False, None, 1.5, datetime.datetime(2024, 1, 31, 10)])
def test_names_that_yaml_changed_are_to_be_quoted(read: object) -> None:
    entry = CONFIG["datasets"]["market"]
    (line,) = problems({"datasets": {read: {"root": "x", "nonsense": 1}}})
    assert line.startswith(f"datasets has the key {read!r}; YAML reads ")
    assert line.endswith("write it in quotes if it is a name")
    (line,) = problems({"datasets": {"market": {**entry, "models": ["pcb", read]}}})
    assert line.startswith(f"datasets.market.models[1] is {read!r}; YAML reads ")
    (line,) = problems({"models": {"again": {"weights_of": read}}})
    assert line.startswith(f"models.again.weights_of is {read!r}; YAML reads ")


def test_a_name_that_stands_there_as_number_and_as_text_is_refused() -> None:
    entry = CONFIG["datasets"]["market"]
    (line,) = problems({"datasets": {2024: entry, "2024": entry}})
    assert "it has 2024 as a number and as a text: write it in quotes everywhere, or nowhere" in line


def test_what_came_as_text_on_the_command_line_is_read() -> None:
    """Snakemake reads what stands inside the braces of --config 'train={epochs: 3}' as text."""
    given = {"train": {"epochs": "3", "flip": "0.5", "compile": "true", "start_weights": "7"}}
    values, wrong = read_configuration(with_changes(copy.deepcopy(CONFIG), given))
    assert wrong == []
    assert {key: values["train"][key] for key in given["train"]} == {
        "epochs": 3,
        "flip": 0.5,
        "compile": True,
        "start_weights": "7",
    }


@pytest.mark.parametrize("path", ["data/a b's$x", "./-x", "/abs/é", "2024"])
def test_paths_may_hold_what_does_no_harm(path: str) -> None:
    assert PATH.fits(path)
    assert TypeAdapter(PathText).validate_python(path) == path


def test_a_network_is_a_file_or_a_section_with_one() -> None:
    for given in ("n.onnx", {"file": "n.onnx"}):
        values, wrong = read_configuration(with_changes(CONFIG, {"models": {"zoo": {"network": given}}}))
        assert wrong == []
        assert values["models"]["zoo"] == {"network": {"file": "n.onnx"}}
    (line,) = problems({"models": {"zoo": {"network": {"file": "n.onnx", "color": "bgr"}}}})
    assert line == "color is not known in models.zoo.network; is colour meant?"
    (line,) = problems({"models": {"zoo": {"network": {"file": "n.onnx", "std": [0]}}}})
    assert line.startswith("models.zoo.network.std[0] is 0; it must be a number above 0")
    (line,) = problems({"models": {"zoo": {"network": 5}}})
    assert line.startswith("models.zoo.network is 5; it must be ")
