"""Every setting that the workflow passes is a flag of its stage, and comes back from it as it was given."""

import argparse
import math
import sys
from types import ModuleType

import numpy as np
import pytest

import build_histograms
import evaluate_joint
import export_model
import extract_features
import inspect_model
import prepare_dataset
import render_demo
import rerank_scores
import search_gallery
import train_appearance
import write_explorer
import write_report
from streid.files.histograms import Histograms, neutral_likelihood
from streid.scoring.fusion import likelihood_fusion, logistic_fusion
from streid.scoring.joint_settings import JointSettings
from streid.stage.setting_flags import add_settings, read_settings
from streid.stage.settings import Passing, passing
from streid.workflow.configuration import read_configuration, section_of
from streid.workflow.plan import flags

DATASETS = {"a": {"format": "market1501", "root": "r", "models": ["pcb"]}}
PREPARED = "manifest summary root"
STAGES: list[tuple[str, ModuleType, str]] = [
    ("render", render_demo, "output"),
    ("prepare", prepare_dataset, f"dataset format {PREPARED}"),
    ("train", train_appearance, f"{PREPARED} output history work"),
    ("extract", extract_features, f"{PREPARED} model name output work"),
    ("export", export_model, "model output"),
    ("network", extract_features, f"{PREPARED} network name output work"),
    ("inspect", inspect_model, f"{PREPARED} model name output"),
    ("histograms", build_histograms, "manifest output"),
    ("joint", evaluate_joint, "features histograms output metrics"),
    ("joint", rerank_scores, "features histograms output metrics"),
    ("rerank", rerank_scores, "features histograms output metrics"),
    ("report", write_report, f"dataset {PREPARED} histograms model=m output page figures"),
    ("explorer", write_explorer, "dataset histograms root model=m output"),
]


@pytest.mark.parametrize(("section", "stage", "required"), STAGES)
def test_a_stage_takes_its_sections_settings(
    section: str, stage: ModuleType, required: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind = section_of(section)
    alone = {name for name, field in kind.model_fields.items() if passing(field) is Passing.WORKFLOW_ONLY}
    # Other values than the defaults, so that a flag which is not read would show.
    other = {
        name: value + 1
        for name, value in kind().model_dump(exclude=alone).items()
        if isinstance(value, int) and not isinstance(value, bool) and name != "frames"
    }
    asked = kind().model_copy(update=other)
    values = asked.model_dump(by_alias=True, exclude=alone)
    words = [f"--{name}=x" for name in required.split()]
    monkeypatch.setattr(sys, "argv", ["stage", *words, *flags(values)])
    assert read_settings(stage.parse_arguments(), kind) == asked


def test_a_search_takes_the_fusions_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    words = ["--model", "m", "--features", "f", "--image", "i", "--alpha", "4", "--weight", "0.5", "--seed", "3"]
    monkeypatch.setattr(sys, "argv", ["stage", *words])
    arguments = search_gallery.parse_arguments()
    assert (arguments.alpha, arguments.weight, arguments.seed) == (4, 0.5, 3)


NUMBERS = (-1, -0.5, 0, 1e-12, 0.5, 1, 1.5, 2, 31, 1e7, 1e10, 1e16, 1e31, 2**32, 2**63, 10**40, math.nan, math.inf)
VALUES = (*NUMBERS, "", "x", "1", True, False, "auto", "none")


@pytest.mark.parametrize("section", sorted({section for section, _, _ in STAGES}))
def test_a_flag_takes_what_the_configuration_takes_and_nothing_else(
    section: str, capsys: pytest.CaptureFixture[str]
) -> None:
    kind, tried = section_of(section), 0
    parser = argparse.ArgumentParser()
    add_settings(parser, kind)
    for name, field in kind.model_fields.items():
        if passing(field) is Passing.WORKFLOW_ONLY:
            continue
        for value in VALUES:
            text = str(value)
            given = [text] if isinstance(field.get_default(call_default_factory=True), list) else text
            config = {"datasets": DATASETS, "models": {"pcb": {}}, section: {str(field.alias): given}}
            _, problems = read_configuration(config)
            words = flags({str(field.alias): given})
            try:
                read = getattr(parser.parse_args([f"{words[0]}={words[1]}"]), name)
            except SystemExit:
                assert problems, f"{section}.{name}: the configuration takes {value!r}, the flag does not"
                capsys.readouterr()
            else:
                assert not problems, f"{section}.{name}: the flag takes {value!r}, the configuration does not"
                assert read == getattr(kind(**{name: given}), name)
            tried += 1
    assert tried >= len(VALUES)


@pytest.mark.parametrize("alpha", [5e-324, 1e9])
@pytest.mark.parametrize("weight", [0.0, 1e9])
def test_the_ends_of_the_fusions_settings_can_be_used(alpha: float, weight: float) -> None:
    settings = JointSettings.of(alpha=alpha, weight=weight)
    nothing = np.zeros((2, 2, 1))
    histograms = Histograms(
        cameras_C=np.arange(2),
        counts_CCB=nothing.astype(np.int64),
        density_CCB=nothing,
        bin_width=1.0,
        sigma=1.0,
        identities=0,
        sessions=0,
    )
    assert logistic_fusion(histograms, settings.alpha).name == "logistic"
    assert likelihood_fusion(neutral_likelihood(), weight).name == "likelihood"
