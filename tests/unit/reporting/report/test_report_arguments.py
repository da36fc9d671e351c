"""The forms of the report's flags."""

import argparse
from pathlib import Path

import pytest

from streid.errors import InputError
from streid.reporting.report.report_arguments import check_names, model_fusions, named_folder, named_source


def test_names_and_what_they_name() -> None:
    assert named_folder("pcb@far=results/a=b") == ("pcb@far", Path("results/a=b"))
    assert named_source("pcb@far=far") == ("pcb@far", "far")
    assert model_fusions("pcb=likelihood,none") == ("pcb", ["likelihood", "none"])


@pytest.mark.parametrize("text", ["", "pcb", "=x", "pcb=", "../x=y", "<b>=y", " a=b"])
def test_unusable_names_are_refused(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="is not NAME=DIR"):
        named_folder(text)


@pytest.mark.parametrize("text", ["pcb", "pcb=", "pcb=other", "pcb=none,none"])
def test_unknown_and_repeated_fusions_are_refused(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="is not NAME=FUSION"):
        model_fusions(text)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"model": [("a", Path()), ("a", Path())]}, "--model: a name is given twice"),
        ({"fusion": ["none", "none"]}, "--fusion: a fusion is given twice"),
        ({"foreign_histograms": [("b", "far")]}, "--foreign-histograms: no --model is called b"),
        ({"model_fusion": [("b", ["none"])]}, "--model-fusion: no --model is called b"),
    ],
)
def test_names_must_fit_each_other(changes: dict[str, object], words: str) -> None:
    given = {"model": [("a", Path())], "fusion": ["none"]}
    check_names(argparse.Namespace(**given))
    with pytest.raises(InputError, match=words):
        check_names(argparse.Namespace(**(given | changes)))
