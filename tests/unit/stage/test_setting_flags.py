"""Flags of settings: type, bounds, default and help come from the declarations."""

import argparse
from typing import Annotated

import pytest

from streid.errors import InputError
from streid.stage.setting_flags import add_settings, read_settings
from streid.stage.settings import Amount, Auto, Count, OneOf, Passing, Section, Truth


class Pot(Section):
    """The pot."""

    size_of_it: Count = 3
    """litres, 100 % full"""

    def check(self) -> None:
        """Refuse seven."""
        if self.size_of_it == 7:
            raise InputError("no pot holds 7")


class Cooking(Pot):
    """The cooking.

    More about it.
    """

    lambda_: Amount = 0.5
    """of the fire"""
    herbs: list[Count] = []  # noqa: RUF012
    """which ones"""
    lid: Truth = True
    """closed"""
    cooks: Auto | Count = "auto"
    """how many"""
    order: Annotated[str, OneOf(("first", "last")), Passing.WORKFLOW_ONLY] = "last"
    """when"""


def parse(*words: str, only: set[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_settings(parser, Cooking, only=only)
    return parser.parse_args(words)


def test_without_flags_a_section_has_its_defaults() -> None:
    assert read_settings(parse(), Cooking) == Cooking()


def test_flags_are_read() -> None:
    words = ["--lambda", "2", "--size-of-it", "5", "--herbs", "1", "2", "--lid", "False", "--cooks", "4"]
    assert read_settings(parse(*words), Cooking) == Cooking(size_of_it=5, lambda_=2, herbs=[1, 2], lid=False, cooks=4)
    assert parse("--herbs").herbs == []


def test_what_shapes_the_workflow_alone_is_no_flag(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse("--order", "first")
    assert "unrecognized arguments: --order first" in capsys.readouterr().err


def test_some_settings_alone(capsys: pytest.CaptureFixture[str]) -> None:
    assert vars(parse("--lambda", "2", only={"lambda_"})) == {"lambda_": 2}
    assert read_settings(parse("--lambda", "2", only={"lambda_"}), Cooking) == Cooking(lambda_=2)
    with pytest.raises(SystemExit):
        parse("--cooks", "2", only={"lambda_"})
    assert "unrecognized arguments" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (
            ["--size-of-it", "0"],
            "argument --size-of-it: '0' given; it must be a whole number of at least 1",
        ),
        (["--lambda", "x"], "argument --lambda: 'x' given; it must be a number of at least 0"),
        (["--lambda", "nan"], "argument --lambda: 'nan' given; it must be a number"),
        (["--herbs", "1", "-3"], "argument --herbs: '-3' given; it must be a whole number of at least 1"),
        (["--lid", "yes"], "argument --lid: 'yes' given; it must be true or false"),
        (["--cooks", "all"], "argument --cooks: 'all' given; it must be auto or a whole number"),
    ],
)
def test_a_wrong_flag_is_one_line(words: list[str], line: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse(*words)
    assert line in capsys.readouterr().err.splitlines()[-1]


def test_values_that_do_not_fit_together_are_refused() -> None:
    with pytest.raises(InputError, match="no pot holds 7"):
        read_settings(parse("--size-of-it", "7"), Cooking)


def test_help_tells_meaning_bounds_and_default_in_the_groups_of_the_classes() -> None:
    parser = argparse.ArgumentParser(prog="cook")
    add_settings(parser, Cooking)
    text = " ".join(parser.format_help().split())
    assert "The pot: --size-of-it SIZE_OF_IT litres, 100 % full (a whole number of at least 1 and at most" in text
    assert "The cooking: --lambda" in text
    assert "closed (true or false; default: true)" in text
    assert text.index("The pot:") < text.index("The cooking:")
