"""The section on training."""

from collections.abc import Callable
from types import SimpleNamespace

import pandas as pd

from streid.reporting.report.sections.training_section import compose_training
from streid.reporting.runs import ModelRun

MakeRun = Callable[..., ModelRun]


def test_a_row_and_curves_for_what_was_trained_here(make_run: MakeRun) -> None:
    history = pd.DataFrame({"epoch": [1.0, 2.0], "loss": [2.0, 1.0]})
    material = SimpleNamespace(runs=[make_run("pcb", history=history), make_run("given")])
    section = compose_training(material)  # type: ignore[arg-type]
    assert [name for name, _ in section.ends] == ["pcb"]
    assert len(section.titles) == len(section.ends[0][1])
    assert [chart.name for chart in section.charts] == ["training_loss"]


def test_nothing_trained_here_is_an_empty_section(make_run: MakeRun) -> None:
    section = compose_training(SimpleNamespace(runs=[make_run()]))  # type: ignore[arg-type]
    assert (section.ends, section.charts) == ([], [])
