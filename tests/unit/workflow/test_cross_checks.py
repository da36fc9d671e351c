"""What no single value shows: each wrong configuration, and the line it gets."""

import re
from typing import Any

import pytest
from conftest import ROOT
from unit.workflow.configurations import make_config

from streid.workflow.cross_checks import RESERVED, plan_problems
from streid.workflow.plan import Plan


def test_nothing_is_wrong_with_a_plain_configuration() -> None:
    assert plan_problems(Plan(make_config(datasets={"a": {"models": ["pcb", "pcb@b"], "render": {}}}))) == []


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        (
            {"datasets": {"a": {"format": "manifest"}}},
            "datasets.a.manifest is missing; the format manifest needs it: the CSV that lists the pictures",
        ),
        (
            {"datasets": {"a": {"manifest": "x.csv"}}},
            "datasets.a.manifest is 'x.csv', but the format market1501 has none; leave the key out",
        ),
        (
            {"models": {"again": {"weights_of": "pcb", "train": {"epochs": 1}}}},
            "models.again has weights_of and train; leave one out",
        ),
        (
            {"models": {"wide": {"train_on": ["a"]}, "again": {"weights_of": "wide", "train_on": ["a", "b"]}}},
            "models.again has weights_of and train_on; leave one out",
        ),
        (
            {"models": {"wide": {"train_on": ["a", "c"]}}},
            "models.wide.train_on names 'c', but datasets has no entry for it",
        ),
        (
            {"models": {"wide": {"train_on": ["a", "b"]}}, "datasets": {"a": {"models": ["wide@b"]}}},
            "datasets.a.models names 'wide@b', but wide is the same everywhere (train_on); write wide",
        ),
        (
            {
                "models": {"wide": {"train_on": ["a", "b"]}},
                "datasets": {"a": {"models": ["wide"], "model_settings": {"wide": {"train": {"epochs": 1}}}}},
            },
            "datasets.a.model_settings.wide has a section train, but wide is trained on a, b once for all data sets",
        ),
        (
            {"models": {"zoo": {"network": {"file": "z.onnx"}, "train": {"epochs": 1}}}},
            "models.zoo has network and train; leave one out: a network of another program is not trained here",
        ),
        (
            {"models": {"zoo": {"network": {"file": "z.onnx"}, "weights_of": "pcb"}}},
            "models.zoo has network and weights_of; leave one out",
        ),
        (
            {"models": {"zoo": {"network": {"colour": "bgr"}}}},
            "models.zoo.network has no file; add file: FILE, the .onnx or .xml",
        ),
        (
            {"models": {"zoo": {"network": {"file": "z.pth"}}}},
            "models.zoo.network: z.pth: a network is an .onnx file, or an OpenVINO .xml with its .bin beside it",
        ),
        (
            {"models": {"zoo": {"network": {"file": "z.onnx", "std": [1, 2]}}}},
            "models.zoo.network: std has 2 values; give one, or three in the order of the network's colours",
        ),
        (
            {"models": {"zoo": {"network": {"file": "z.onnx"}}, "more": {"weights_of": "zoo"}}},
            "models.more.weights_of names 'zoo', which is not trained itself",
        ),
        (
            {"models": {"zoo": {"network": {"file": "z.onnx"}}}, "datasets": {"a": {"models": ["zoo@b"]}}},
            "datasets.a.models names 'zoo@b', but zoo is not trained on a data set here: write zoo",
        ),
        (
            {
                "models": {"zoo": {"network": {"file": "z.onnx"}}},
                "datasets": {"a": {"model_settings": {"zoo": {"train": {"epochs": 3}}}}},
            },
            "datasets.a.model_settings.zoo has a section train, but zoo is a network of another program: leave it out",
        ),
        (
            {"datasets": {"a": {"train": {"frames": 4}}}},
            "datasets.a, model pcb: train: frames is 4, but pcb takes single pictures: set frames to 1",
        ),
        (
            {"datasets": {"a": {"models": ["pcb@b"]}, "b": {"train": {"batch_size": 9, "sampler": "pk"}}}},
            "datasets.b, model pcb: train: batch_size 9 is not a multiple of pictures_per_identity 4",
        ),
        (
            {"models": {"pcb": {"train": {"warmup_epochs": 60}}}, "datasets": {"b": {"train": {"epochs": 61}}}},
            "datasets.a, model pcb: train: warmup_epochs 60 is not below epochs 60",
        ),
        (
            {"datasets": {"a": {"train": {"start_weights": "a/{x}.pth"}}}},
            "datasets.a, model pcb: train.start_weights is 'a/{x}.pth'; it must be a path without control characters",
        ),
        (
            {"datasets": {"a": {"render": {"train_identities": 9000, "test_identities": 1000}}}},
            "datasets.a: render: train_identities 9000 and test_identities 1000 are more than 9999 together",
        ),
        (
            {"datasets": {"a": {"render": {}, "root": "data/b"}}},
            "datasets.a is rendered, so its root must be data/a",
        ),
        (
            {"models": {"Logs": {}}},
            "models.Logs is not allowed as a name, because results have a folder of that name; rename",
        ),
        (
            {"models": {"report.json": {}}},
            "models.report.json is not allowed as a name, because results have a file of that name",
        ),
        (
            {"datasets": {"a": {"models": ["manifest.csv"], "features": {"manifest.csv": "F.h5"}}}},
            "datasets.a.features.manifest.csv is not allowed as a name, because results have a file of that name",
        ),
        (
            {"models": {"again": {"weights_of": "vit"}}},
            "models.again.weights_of names 'vit', which is not trained itself",
        ),
        (
            {"models": {"again": {"weights_of": "pcb"}, "more": {"weights_of": "again"}}},
            "models.more.weights_of names 'again', which is not trained itself",
        ),
        ({"datasets": {"a": {"models": ["vit"]}}}, "datasets.a.models names 'vit', but models has no entry for it"),
        ({"datasets": {"a": {"models": ["pcb@c"]}}}, "datasets.a.models names 'pcb@c': no data set 'c'"),
        (
            {"datasets": {"a": {"features": {"osnet": "F.h5"}}}},
            "datasets.a.features names 'osnet': datasets.a.models must ",
        ),
        (
            {"datasets": {"a": {"features": {"pcb": "F.h5"}}}},
            "datasets.a.features names 'pcb': datasets.a.models must ",
        ),
        (
            {"datasets": {"a": {"model_settings": {"vit": {}}}}},
            "datasets.a.model_settings names 'vit', but models has no entry for it",
        ),
        (
            {
                "models": {"again": {"weights_of": "pcb"}},
                "datasets": {"a": {"model_settings": {"again": {"train": {"epochs": 2}}}}},
            },
            "datasets.a.model_settings.again has a section train, but again has the weights of pcb: put it there",
        ),
    ],
)
def test_what_does_not_fit_together_is_one_line(changes: dict[str, Any], line: str) -> None:
    (problem,) = plan_problems(Plan(make_config(**changes)))
    assert problem.startswith(line)


def test_every_problem_is_said() -> None:
    config = make_config(models={"logs": {}}, datasets={"a": {"format": "manifest"}, "b": {"models": ["x"]}})
    assert len(plan_problems(Plan(config))) == 3


def test_names_of_every_file_of_a_data_set_are_reserved() -> None:
    """Those that the rules write directly into results/{dataset}, and the folders of a model."""
    rules = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "workflow" / "rules").glob("*.smk"))
    written = set(re.findall(r'"results/\{dataset\}/([\w.]+)[/"]', rules))
    assert {"report.json", "figures", "manifest.csv", "pictures.h5"} <= written <= set(RESERVED)
