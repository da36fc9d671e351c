"""Values of JSON objects: the right ones pass, any other is named with its place and what was expected."""

import math
from collections.abc import Callable
from typing import Any

import pytest

from streid.errors import InputError
from streid.files.json_values import (
    require_mapping,
    require_number,
    require_numbers,
    require_text,
    require_texts,
    require_whole,
    shown_value,
)

Check = Callable[..., object]


@pytest.mark.parametrize(
    ("check", "values"),
    [
        (require_mapping, [{}, {"b": 1}]),
        (require_text, ["", "text"]),
        (require_texts, [[], ["a", "b"]]),
        (require_whole, [0, 3]),
        (require_number, [0, 0.5, 7]),
        (require_numbers, [[], [0, 0.5]]),
    ],
)
def test_right_values_pass(check: Check, values: list[Any]) -> None:
    for value in values:
        check({"a": value}, "a", "x.json")


@pytest.mark.parametrize(
    ("check", "value", "found"),
    [
        (require_mapping, [1], "a is [1], expected an object"),
        (require_text, 3, "a is 3, expected a text"),
        (require_texts, ["a", 3], "a is ['a', 3], expected a list of texts"),
        (require_texts, "ab", "a is 'ab', expected a list of texts"),
        (require_whole, True, "a is True, expected a whole number of at least 0"),
        (require_whole, 1.0, "a is 1.0, expected a whole number of at least 0"),
        (require_whole, -1, "a is -1, expected a whole number of at least 0"),
        (require_number, -0.5, "a is -0.5, expected a number of at least 0"),
        (require_number, math.nan, "a is nan, expected a number of at least 0"),
        (require_number, math.inf, "a is inf, expected a number of at least 0"),
        (require_number, False, "a is False, expected a number of at least 0"),
        (require_number, "1", "a is '1', expected a number of at least 0"),
        (require_numbers, [1, None], "a is [1, None], expected a list, each a number of at least 0"),
        (require_numbers, 1, "a is 1, expected a list, each a number of at least 0"),
    ],
)
def test_wrong_values_are_named_with_their_place(check: Check, value: object, found: str) -> None:
    with pytest.raises(InputError) as refused:
        check({"a": value}, "a", "x.json")
    assert str(refused.value) == f"x.json: {found}; make it again"


def test_missing_values_are_reported() -> None:
    with pytest.raises(InputError, match=r"^x\.json: lacks a \(a text\); make it again$"):
        require_text({}, "a", "x.json")


def test_bounds_belong_to_the_range() -> None:
    for value in (-1, 0, 1):
        require_number({"a": value}, "a", "x", low=-1, high=1)
    for value in (-1.001, 1.001):
        with pytest.raises(InputError, match="expected a number from -1 to 1"):
            require_number({"a": value}, "a", "x", low=-1, high=1)
    with pytest.raises(InputError, match="expected a number;"):
        require_number({"a": "x"}, "a", "x", low=-math.inf)


def test_long_values_are_shortened() -> None:
    assert shown_value("short") == "'short'"
    assert shown_value("x" * 100) == "'" + "x" * 56 + "..."
