"""What no single value shows: each wrong configuration, and the line it gets."""

from typing import Any

import pytest
from unit.workflow.configurations import make_config

from streid.workflow.cross_checks import plan_problems
from streid.workflow.plan import Plan


def test_nothing_is_wrong_with_a_plain_configuration() -> None:
    assert plan_problems(Plan(make_config(datasets={"a": {"models": ["pcb", "pcb@b"], "render": {}}}))) == []


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"train": {"architecture": "vit"}}, "train.architecture is 'vit'; known: baseline, pcb, stcanet, stgcn"),
        ({"models": {"pcb": {"train": {"architecture": "vit"}}}}, "models.pcb.train.architecture is 'vit'; known"),
        ({"datasets": {"a": {"train": {"architecture": "vit"}}}}, "datasets.a.train.architecture is 'vit'; known"),
        (
            {"datasets": {"a": {"model_settings": {"pcb": {"train": {"architecture": "vit"}}}}}},
            "datasets.a.model_settings.pcb.train.architecture is 'vit'; known",
        ),
        ({"datasets": {"a": {"format": "cuhk"}}}, "datasets.a.format is 'cuhk'; known: market1501, dukemtmc, "),
        (
            {"datasets": {"a": {"render": {}, "root": "data/b"}}},
            "datasets.a is rendered, so its root must be data/a",
        ),
        ({"models": {"Logs": {}}}, "models.Logs cannot be called so, as results have a folder of that name; rename"),
        (
            {"models": {"again": {"weights_of": "vit"}}},
            "models.again.weights_of names 'vit', which is no model that is trained itself",
        ),
        (
            {"models": {"again": {"weights_of": "pcb"}, "more": {"weights_of": "again"}}},
            "models.more.weights_of names 'again', which is no model that is trained itself",
        ),
        ({"datasets": {"a": {"models": ["vit"]}}}, "datasets.a.models names 'vit', which models does not describe"),
        ({"datasets": {"a": {"models": ["pcb@c"]}}}, "datasets.a.models names 'pcb@c': no data set 'c'"),
        ({"datasets": {"a": {"features": {"osnet": "F.h5"}}}}, "datasets.a.features brings 'osnet': a name that "),
        ({"datasets": {"a": {"features": {"pcb": "F.h5"}}}}, "datasets.a.features brings 'pcb': a name that "),
        (
            {"datasets": {"a": {"model_settings": {"vit": {}}}}},
            "datasets.a.model_settings names 'vit', which models does not describe",
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
    config = make_config(train={"architecture": "vit"}, datasets={"a": {"format": "cuhk"}, "b": {"models": ["x"]}})
    assert len(plan_problems(Plan(config))) == 3
