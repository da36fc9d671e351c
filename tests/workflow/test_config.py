"""config.yaml and its schema: every key described, unknown keys refused."""

import copy
from typing import Any

import jsonschema
import pytest
import yaml
from conftest import ROOT

from streid.data.layouts import FORMATS

CONFIG: dict[str, Any] = yaml.safe_load((ROOT / "config" / "config.yaml").read_text(encoding="utf-8"))
SCHEMA: dict[str, Any] = yaml.safe_load(
    (ROOT / "workflow" / "schemas" / "config.schema.yaml").read_text(encoding="utf-8")
)
SECTIONS = ("render", "prepare", "train", "extract", "histograms", "joint", "rerank", "report")


def problems(config: dict[str, Any]) -> list[str]:
    return [error.message for error in jsonschema.Draft202012Validator(SCHEMA).iter_errors(config)]


def test_the_configuration_is_valid_and_complete() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert problems(CONFIG) == []
    for section in SECTIONS:
        assert set(CONFIG[section]) == set(SCHEMA["$defs"][section]["properties"]), section
        assert SCHEMA["properties"][section]["required"] == list(SCHEMA["$defs"][section]["properties"])


def test_every_key_has_a_comment() -> None:
    lines = (ROOT / "config" / "config.yaml").read_text(encoding="utf-8").split("\nrender:\n")[1].splitlines()
    keys = [line for line in lines if line.startswith("  ")]
    assert keys
    assert [line for line in keys if "#" not in line] == []


@pytest.mark.parametrize(
    "path",
    [
        (),
        ("compute",),
        ("datasets", "demo"),
        ("datasets", "demo", "train"),
        ("models", "pcb"),
        *[(s,) for s in SECTIONS],
    ],
)
def test_unknown_keys_are_refused(path: tuple[str, ...]) -> None:
    config = copy.deepcopy(CONFIG)
    place = config
    for key in path:
        place = place[key]
    place["no_such_key"] = 1
    assert any("no_such_key" in problem for problem in problems(config))


@pytest.mark.parametrize(
    ("section", "key", "value"),
    [
        ("train", "backbone", "vgg16"),
        ("train", "epochs", 0),
        ("train", "height", 8),
        ("train", "flip", 1.5),
        ("train", "sampler", "random"),
        ("train", "processes", 0),
        ("train", "ema_decay", 1),
        ("extract", "shards", 0),
        ("joint", "histograms_from", "other"),
        ("joint", "fusions", ["sum"]),
        ("joint", "fusions", []),
        ("joint", "fusions", ["logistic", "logistic"]),
        ("joint", "alpha", -1),
        ("joint", "weight", -1),
        ("joint", "weight", "often"),
        ("histograms", "seed", -1),
        ("rerank", "lambda", 2),
        ("rerank", "k1", 0),
        ("rerank", "average", "farthest"),
        ("rerank", "precision", "fp16"),
        ("histograms", "sigma", 0),
        ("prepare", "unreadable", "ignore"),
        ("prepare", "validation_list", "test"),
        ("prepare", "pass_gap", -1),
        ("prepare", "pack", "yes"),
    ],
)
def test_values_out_of_range_are_refused(section: str, key: str, value: object) -> None:
    config = copy.deepcopy(CONFIG)
    config[section][key] = value
    assert problems(config)
    del config[section][key]
    assert problems(config)


@pytest.mark.parametrize("name", ["../up", "a b", "$(id)", "", ".hidden", "a/b"])
def test_names_that_are_no_plain_folder_names_are_refused(name: str) -> None:
    config = copy.deepcopy(CONFIG)
    config["datasets"][name] = config["datasets"]["market"]
    assert problems(config)


def test_formats_are_those_that_can_be_read() -> None:
    assert SCHEMA["$defs"]["dataset"]["properties"]["format"]["enum"] == list(FORMATS)
    assert {entry["format"] for entry in CONFIG["datasets"].values()} == set(FORMATS)
