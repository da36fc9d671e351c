"""What config.yaml may hold: numbers that came as text, and what the schema says against a configuration."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import yaml
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

TEXT_KEYS = ("format", "root", "manifest", "models", "start_weights", "weights_of")
EXACT = 2**53  # floats beyond are no exact integers
SHOWN = 80
BOUNDS = {"minimum": "of at least", "exclusiveMinimum": "above", "maximum": "at most", "exclusiveMaximum": "below"}


def with_numbers(value: Any) -> Any:
    """A configuration value whose numbers and truth values, if they came as text, are such again.

    Snakemake reads what stands inside the braces of --config 'joint={alpha: 4}' as text. A whole number
    written as 5.0 becomes 5. Names and paths stay texts.
    """
    if isinstance(value, Mapping):
        return {key: with_numbers(one) if _holds_numbers(key, one) else one for key, one in value.items()}
    if isinstance(value, list):
        return [with_numbers(one) for one in value]
    if isinstance(value, str):
        try:
            read = yaml.safe_load(value)
        except yaml.YAMLError:
            return value
        return with_numbers(read) if isinstance(read, int | float) else value
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < EXACT else value


def _holds_numbers(key: str, value: Any) -> bool:
    """Whether a key's value is no name or path; `models` lists names in a data set, and has sections at the top."""
    return key not in TEXT_KEYS or isinstance(value, Mapping)


def configuration_problems(config: Mapping[str, Any], schema: Mapping[str, Any]) -> list[str]:
    """What is wrong with a configuration, one line for each key: its place, its value and what it must be.

    Args:
        config: as read from YAML.
        schema: a JSON schema, draft 2020-12; a `description` beside what fails tells what is wanted.
    """
    problems = [f"{place} is {value}; a finite number is needed" for place, value in _not_finite(config, ())]
    errors = Draft202012Validator(dict(schema)).iter_errors(config)
    return problems + sorted({_one_line(error) for error in errors})


def _not_finite(value: Any, place: tuple[object, ...]) -> Iterator[tuple[str, float]]:
    """The numbers that are NaN, which no bound of a schema refuses, or infinite."""
    if isinstance(value, float) and not math.isfinite(value):
        yield _dotted(place), value
    elif isinstance(value, Mapping):
        for key, one in value.items():
            yield from _not_finite(one, (*place, key))
    elif isinstance(value, list):
        for number, one in enumerate(value):
            yield from _not_finite(one, (*place, number))


def _one_line(error: ValidationError) -> str:
    place = _dotted(error.absolute_path)
    if error.validator == "additionalProperties":
        unknown = sorted(str(key) for key in error.instance if key not in error.schema.get("properties", {}))
        return f"{_short(', '.join(unknown))} is not known{f' in {place}' if place else ''}"
    wanted = _wanted(error.schema) if isinstance(error.schema, Mapping) else None
    if wanted is None:
        return _short(f"{place}: {error.message}" if place else error.message, 3 * SHOWN)
    if "propertyNames" in error.absolute_schema_path:
        return f"{place} has the key {_short(repr(error.instance))}; it must be {wanted}"
    return f"{place} is {_short(repr(error.instance))}; it must be {wanted}"


def _wanted(schema: Mapping[str, Any]) -> str | None:
    """What a schema asks of a value, in words, where it is a number, one of several, or described."""
    if "description" in schema:
        return str(schema["description"])
    if "enum" in schema:
        return f"one of {', '.join(map(str, schema['enum']))}"
    if schema.get("type") not in ("integer", "number"):
        return None
    bounds = [f"{word} {_plain(schema[key])}" for key, word in BOUNDS.items() if key in schema]
    return f"a {'whole ' if schema['type'] == 'integer' else ''}number {' and '.join(bounds)}".strip()


def _plain(bound: float) -> str:
    return str(bound) if isinstance(bound, int) else f"{bound:g}"


def _dotted(place: Sequence[object]) -> str:
    """A key's place as in the documentation, `train.height`; numbers in brackets, from 0, stand for items of a list."""
    return "".join(f"[{one}]" if isinstance(one, int) else f".{one}" for one in place).removeprefix(".")


def _short(text: str, length: int = SHOWN) -> str:
    line = "".join(character if character.isprintable() else ascii(character)[1:-1] for character in text)
    return line if len(line) <= length else f"{line[: length - 3]}..."
