"""What the jobs ask for."""

import pytest
from unit.workflow.configurations import make_config

from streid.workflow.job_resources import (
    extraction_gpus,
    gpus,
    started_processes,
    training_gpus,
    training_processes,
    training_threads,
)
from streid.workflow.plan import Plan


def test_a_training_asks_for_as_much_for_each_process() -> None:
    plan = Plan(make_config(datasets={"a": {"train": {"processes": 3}}}))
    assert [training_processes(plan, name, "pcb") for name in "ab"] == [3, 1]
    assert [training_gpus(plan, name, "pcb") for name in "ab"] == [3, 1]
    assert [training_threads(plan, name, "pcb") for name in "ab"] == [6, 2]


def test_without_a_gpu_none_is_asked_for() -> None:
    plan = Plan(make_config(compute={"device": "cpu"}, train={"processes": 3}))
    assert (gpus(plan), training_gpus(plan, "a", "pcb")) == (0, 0)


def test_openvino_asks_for_no_gpu() -> None:
    models = {name: {"network": {"file": file}} for name, file in (("zoo", "n.xml"), ("other", "n.onnx"))}
    plan = Plan(make_config(models=models))
    assert [extraction_gpus(plan, name) for name in ("pcb", "other", "zoo")] == [1, 1, 0]


@pytest.mark.parametrize(("asked", "granted", "started"), [("auto", 0, 1), ("auto", 4, 4), (3, 4, 3), (3, 0, 3)])
def test_a_training_starts_a_process_for_each_gpu_it_was_granted(asked: str | int, granted: int, started: int) -> None:
    assert started_processes(Plan(make_config(train={"processes": asked})), "a", "pcb", granted) == started
