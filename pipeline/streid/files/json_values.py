"""Checks of values in a JSON object; the error of a wrong value names its place."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from streid.errors import InputError

LARGEST = 1e300
SHOWN_LENGTH = 60


def require_mapping(content: Mapping[str, Any], name: str, where: str | Path) -> Mapping[str, Any]:
    """The object `name` of `content`; InputError if it is missing or not an object, as in all functions here."""
    value = content.get(name)
    if not isinstance(value, Mapping):
        raise wrong_value(where, name, value, "an object")
    return value


def require_text(content: Mapping[str, Any], name: str, where: str | Path) -> None:
    """Refuse anything but a text."""
    if not isinstance(content.get(name), str):
        raise wrong_value(where, name, content.get(name), "a text")


def require_texts(content: Mapping[str, Any], name: str, where: str | Path) -> None:
    """Refuse anything but a list of texts."""
    value = content.get(name)
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise wrong_value(where, name, value, "a list of texts")


def require_whole(content: Mapping[str, Any], name: str, where: str | Path) -> None:
    """Refuse anything but a whole number of at least 0."""
    value = content.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise wrong_value(where, name, value, "a whole number of at least 0")


def require_number(
    content: Mapping[str, Any], name: str, where: str | Path, *, low: float = 0.0, high: float = math.inf
) -> None:
    """Refuse anything but a finite number from `low` to `high`."""
    if not _all_numbers([content.get(name)], low, high):
        raise wrong_value(where, name, content.get(name), _range(low, high))


def require_numbers(
    content: Mapping[str, Any], name: str, where: str | Path, *, low: float = 0.0, high: float = math.inf
) -> list[float]:
    """The list `name` of finite numbers from `low` to `high`."""
    value = content.get(name)
    if not isinstance(value, list) or not _all_numbers(value, low, high):
        raise wrong_value(where, name, value, f"a list, each {_range(low, high)}")
    return value


def wrong_value(where: str | Path, name: str, value: Any, expected: str) -> InputError:
    """The error that says what was found at a place and what was expected."""
    if value is None:
        return InputError(f"{where}: lacks {name} ({expected}); make it again")
    return InputError(f"{where}: {name} is {shown_value(value)}, expected {expected}; make it again")


def shown_value(value: Any) -> str:
    """A value as an error message shows it, shortened if it is long."""
    text = repr(value)
    return text if len(text) <= SHOWN_LENGTH else f"{text[: SHOWN_LENGTH - 3]}..."


def _all_numbers(values: list[Any], low: float, high: float) -> bool:
    numbers = [value for value in values if isinstance(value, int | float) and not isinstance(value, bool)]
    within = [low <= number <= high and abs(number) < LARGEST for number in numbers]
    return all(within) and len(numbers) == len(values)


def _range(low: float, high: float) -> str:
    if math.isinf(high):
        return "a number" if math.isinf(low) else f"a number of at least {low:g}"
    return f"a number from {low:g} to {high:g}"
