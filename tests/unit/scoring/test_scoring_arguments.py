"""The scoring stages' shared flags."""

import argparse

import pytest

from streid.scoring.fusion_records import FUSIONS
from streid.scoring.scoring_arguments import add_scoring_arguments, fusion_settings

NEEDED = ["--features", "f.h5", "--histograms", "h.h5", "--output", "s.h5", "--metrics", "s.json"]


@pytest.fixture
def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser()
    add_scoring_arguments(made, output="scores.h5", metrics="scores.json")
    return made


def test_a_fusion_gets_its_own_settings_alone(parser: argparse.ArgumentParser) -> None:
    given = ["--alpha", "3", "--weight", "0.5"]
    found = {name: fusion_settings(parser.parse_args([*NEEDED, *given, "--fusion", name])) for name in FUSIONS}
    assert found == {"logistic": {"alpha": 3.0}, "likelihood": {"weight": 0.5}, "none": {}}
    assert fusion_settings(parser.parse_args([*NEEDED, "--fusion", "likelihood", "--weight", "auto"])) == {
        "weight": None
    }


@pytest.mark.parametrize("wrong", [("--fusion", "sum"), ("--alpha", "0"), ("--weight", "-1"), ("--bootstrap", "0")])
def test_flags_out_of_range_are_refused(parser: argparse.ArgumentParser, wrong: tuple[str, str]) -> None:
    with pytest.raises(SystemExit):
        parser.parse_args([*NEEDED, *wrong])
