"""config.yaml and its schema: every key described, unknown keys refused."""

import argparse
import copy
import math
import sys
from typing import Any

import jsonschema
import numpy as np
import pytest
import torch
import yaml
from conftest import ROOT

import build_histograms
import evaluate_joint
import extract_features
import inspect_model
import prepare_dataset
import render_demo
import rerank_scores
import train_appearance
import write_explorer
import write_report
from streid.appearance.recipe import augmentation_config, model_config, training_config
from streid.data.layouts import FORMATS
from streid.data.rendered.world import WorldSize
from streid.errors import InputError
from streid.files.histograms import Histograms, neutral_likelihood
from streid.scoring.fusion import likelihood_fusion, logistic_fusion
from streid.scoring.rerank import RerankSettings
from streid.spatiotemporal.travel_histograms import MOST_BIN_WIDTH, MOST_SIGMA, refuse_outside
from streid.workflow.configuration import configuration_problems, with_numbers

CONFIG: dict[str, Any] = yaml.safe_load((ROOT / "config" / "config.yaml").read_text(encoding="utf-8"))
SCHEMA: dict[str, Any] = yaml.safe_load(
    (ROOT / "workflow" / "schemas" / "config.schema.yaml").read_text(encoding="utf-8")
)
SECTIONS = ("render", "prepare", "train", "extract", "inspect", "histograms", "joint", "rerank", "report", "explorer")
NO_HISTOGRAMS = Histograms(
    cameras_C=np.arange(2),
    counts_CCB=np.zeros((2, 2, 1), np.int64),
    density_CCB=np.zeros((2, 2, 1)),
    bin_width=1.0,
    sigma=1.0,
    identities=0,
    sessions=0,
)


def with_changes(config: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """A configuration with a further file's values, as Snakemake's --configfile lays them over it."""
    merged = dict(config)
    for key, value in changes.items():
        nested = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = with_changes(merged[key], value) if nested else value
    return merged


def problems(config: dict[str, Any]) -> list[str]:
    return configuration_problems(config, SCHEMA)


def test_the_configuration_is_valid_and_complete() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert problems(CONFIG) == []
    for section in SECTIONS:
        assert set(CONFIG[section]) == set(SCHEMA["$defs"][section]["properties"]), section
        assert SCHEMA["properties"][section]["required"] == list(SCHEMA["$defs"][section]["properties"])


def test_the_file_of_all_models_fits_and_names_every_model_there_is() -> None:
    changes = yaml.safe_load((ROOT / "config" / "all_models.yaml").read_text(encoding="utf-8"))
    config = with_changes(CONFIG, changes)
    assert problems(config) == []
    assert set(config["datasets"]["demo"]["models"]) == set(config["models"])
    assert set(config["datasets"]["demo"]["model_settings"]) <= set(config["models"])


def test_a_model_with_the_weights_of_another_has_no_training() -> None:
    config = copy.deepcopy(CONFIG)
    config["models"]["again"] = {"weights_of": "pcb", "extract": {"unit": "tracklet"}}
    assert problems(config) == []
    config["models"]["again"]["train"] = {"epochs": 1}
    assert any("an entry with weights_of or train, not with both" in problem for problem in problems(config))


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
        ("datasets", "demo", "model_settings", "pcb"),
        ("datasets", "demo", "model_settings", "pcb", "train"),
        ("models", "pcb"),
        *[(s,) for s in SECTIONS],
    ],
)
def test_unknown_keys_are_refused(path: tuple[str, ...]) -> None:
    config = copy.deepcopy(CONFIG)
    config["datasets"]["demo"]["model_settings"] = {"pcb": {"train": {"epochs": 1}}}
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
        ("inspect", "units", 0),
        ("inspect", "units", 65),
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


@pytest.mark.parametrize(
    "name", ["../up", "a b", "$(id)", "", ".hidden", "a/b", "a\n", "-a", "<b>", "a;b", "ü", "a" * 101]
)
def test_names_that_are_no_plain_folder_names_are_refused(name: str) -> None:
    config = copy.deepcopy(CONFIG)
    config["datasets"][name] = config["datasets"]["market"]
    assert problems(config)


def test_there_is_an_entry_for_every_format_of_the_field() -> None:
    """One that is added needs none here."""
    formats = {entry["format"] for entry in CONFIG["datasets"].values()}
    assert {"market1501", "dukemtmc", "msmt17", "mars", "duke_video", "manifest"} <= formats <= set(FORMATS)


BAD_NUMBERS = (-1, -0.5, 0, 1e-12, 0.5, 1, 1.5, 2, 1e7, 1e10, 1e16, 1e31, 2**32, 2**63, 2**64, 10**40)
ODD_VALUES = (math.nan, math.inf, -math.inf, "", "x", "1", True, None, [], [0], [-1], ["x"], {}, {"a": 1})
# What else has to be set so that a value within its own bounds also fits the others.
BESIDE: dict[tuple[str, str], dict[str, Any]] = {
    ("train", "padding"): {"height": 4096, "width": 4096},
    ("train", "warmup_epochs"): {"epochs": 10**9 + 1},
    ("train", "frames"): {"architecture": "stcanet"},
    ("train", "batch_size"): {"sampler": "shuffle"},
    ("train", "pictures_per_identity"): {"sampler": "shuffle"},
}
KEYS = [(section, key) for section in SECTIONS for key in SCHEMA["$defs"][section]["properties"]]


def parsed(monkeypatch: pytest.MonkeyPatch, stage: Any, required: str, values: dict[str, Any]) -> argparse.Namespace:
    """The arguments a stage reads from a section's flags; what it refuses raises."""
    words = [f"--{flag}=x" for flag in required.split()]
    for key, value in values.items():
        given = [str(one) for one in value] if isinstance(value, list) else [str(value)]
        words += [f"--{key.replace('_', '-')}", *given]
    monkeypatch.setattr(sys, "argv", ["stage", *words])
    try:
        arguments: argparse.Namespace = stage.parse_arguments()
    except SystemExit:
        raise InputError(f"{values} is no command line") from None
    return arguments


def use(monkeypatch: pytest.MonkeyPatch, section: str, values: dict[str, Any]) -> None:
    """Give a section's values to the stage they are for, up to its own checks of them."""
    if section == "train":
        files = "manifest summary root output history work"
        arguments = parsed(monkeypatch, train_appearance, files, {"architecture": "stcanet", **values})
        training_config(arguments), augmentation_config(arguments), model_config(arguments, 2)
        torch.manual_seed(arguments.seed)
    elif section == "render":
        arguments = parsed(monkeypatch, render_demo, "output", values)
        counts = {"train_identities": 1, "test_identities": 1}
        WorldSize(**counts | {key: getattr(arguments, key) for key in values if key in counts})
    elif section == "prepare":
        parsed(monkeypatch, prepare_dataset, "dataset format root manifest summary", values)
    elif section == "extract":
        parsed(monkeypatch, extract_features, "manifest summary root model name output work", values)
    elif section == "inspect":
        parsed(monkeypatch, inspect_model, "manifest summary root model name output", values)
    elif section == "histograms":
        arguments = parsed(monkeypatch, build_histograms, "manifest output", values)
        for name, largest in (("bin_width", MOST_BIN_WIDTH), ("sigma", MOST_SIGMA)):
            refuse_outside(name, getattr(arguments, name), largest)
    elif section == "report":
        files = "dataset manifest summary histograms root model=m output page figures"
        parsed(monkeypatch, write_report, files, values)
    elif section == "explorer":
        parsed(monkeypatch, write_explorer, "dataset histograms root model=m output", values)
    else:
        stage = evaluate_joint if section == "joint" else rerank_scores
        arguments = parsed(monkeypatch, stage, "features histograms output metrics", values)
        logistic_fusion(NO_HISTOGRAMS, arguments.alpha)
        likelihood_fusion(neutral_likelihood(), arguments.weight or 0.0)
        if section == "rerank":
            RerankSettings(k1=arguments.k1, k2=arguments.k2, lambda_=arguments.lambda_, average=arguments.average)


@pytest.mark.parametrize("section", SECTIONS)
def test_what_a_stage_refuses_the_schema_refuses(section: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # The workflow itself looks up the architecture, in streid.appearance.architectures.
    of_the_workflow = {"fusions", "histograms_from", "pack", "processes", "architecture"}
    part = {"$defs": SCHEMA["$defs"], "$ref": f"#/$defs/{section}"}
    tried = 0
    for key in SCHEMA["$defs"][section]["properties"]:
        for value in (*BAD_NUMBERS, *ODD_VALUES):
            own = with_numbers({key: value})
            tried += 1
            if configuration_problems(own, part) or key in of_the_workflow:
                continue
            values = {**BESIDE.get((section, key), {}), **own}
            try:
                use(monkeypatch, section, values)
            except (InputError, ValueError, OverflowError, RuntimeError) as error:
                pytest.fail(f"{section}.{key}: the schema takes {value!r}, the stage does not: {error}")
    assert tried >= 30


@pytest.mark.parametrize(("section", "key"), [*KEYS, ("compute", "gpu_job_threads"), ("compute", "scoring_threads")])
def test_the_line_names_the_key_of_a_bad_value(section: str, key: str) -> None:
    """Every key refuses a number that is none, and something that is neither number nor text."""
    for value in (math.nan, {"a": 1}):
        config = copy.deepcopy(CONFIG)
        config[section][key] = value
        lines = configuration_problems(config, SCHEMA)
        assert lines
        assert all(f"{section}.{key}" in line and "\n" not in line for line in lines)


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"train": {"height": 5.5}}, "train.height is 5.5; it must be a whole number of at least 32 and at most 4096"),
        ({"histograms": {"sigma": 1e7}}, "histograms.sigma is 10000000.0; it must be a number of at least 1e-06 and"),
        ({"joint": {"weight": "often"}}, "joint.weight is 'often'; it must be auto or a number from 0 to 1e9"),
        ({"joint": {"fusions": ["sum"]}}, "joint.fusions[0] is 'sum'; it must be one of logistic, likelihood, none"),
        ({"rerank": {"foo": 1}}, "foo is not known in rerank"),
        ({"datasets": {"market": {"root": "a\x1b[2Jb"}}}, r"datasets.market.root is 'a\x1b[2Jb'; it must be a path"),
        ({"datasets": {"market": {"root": "a/{x}"}}}, "datasets.market.root is 'a/{x}'; it must be a path without"),
        ({"datasets": {"market": {"root": "a/<x>"}}}, "datasets.market.root is 'a/<x>'; it must be a path without"),
        ({"datasets": {"market": {"root": "-x"}}}, "datasets.market.root is '-x'; it must be a path"),
        ({"datasets": {"$(id)": {}}}, "datasets has the key '$(id)'; it must be a name of at most 100 letters"),
        ({"models": {"pcb\n": {}}}, r"models has the key 'pcb\n'; it must be a name"),
        ({"datasets": {"market": {"manifest": "x"}}}, "it must be an entry without the key manifest, unless"),
    ],
)
def test_what_is_wrong_is_one_line(change: dict[str, Any], line: str) -> None:
    config = copy.deepcopy(CONFIG)
    for section, values in change.items():
        for key, value in values.items():
            kept = config[section].get(key)
            config[section][key] = {**kept, **value} if isinstance(kept, dict) else value
    found = configuration_problems(config, SCHEMA)
    assert any(line in one for one in found), found
    assert all(one.isprintable() and len(one) < 400 for one in found)


def test_text_that_is_a_number_is_one_but_for_names_and_paths() -> None:
    given = {"train": {"epochs": "3", "flip": "0.5", "compile": "true", "start_weights": "7", "x": 5.0, "y": "1e400"}}
    expected = {"epochs": 3, "flip": 0.5, "compile": True, "start_weights": "7", "x": 5, "y": "1e400"}
    assert with_numbers(given) == {"train": expected}
    entry = {"root": "2024", "manifest": "1", "format": "manifest", "models": ["1", "on"], "prepare": {"seed": "4"}}
    assert with_numbers({"datasets": {"1": entry}})["datasets"]["1"] == {**entry, "prepare": {"seed": 4}}
    models = {"1": {"train": {"epochs": "3"}}, "2": {"weights_of": "1"}}
    assert with_numbers({"models": models}) == {"models": {"1": {"train": {"epochs": 3}}, "2": {"weights_of": "1"}}}
    assert isinstance(with_numbers(5.0), int)
    assert with_numbers(1e300) == 1e300
