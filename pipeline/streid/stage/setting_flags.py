"""The command-line flags of a section's settings: their type, bounds, default and help come from the declarations."""

import argparse
from collections.abc import Callable, Container
from typing import Any, TypeVar, get_args, get_origin

from pydantic import ConfigDict, TypeAdapter, ValidationError

from streid.stage.settings import Passing, Section, annotation_of, in_words, passing

Settings = TypeVar("Settings", bound=Section)
STRICT = ConfigDict(strict=True, allow_inf_nan=False)


def add_settings(parser: argparse.ArgumentParser, kind: type[Section], *, only: Container[str] | None = None) -> None:
    """Add a flag for every setting of a section, in a group for each class that declares some.

    Args:
        only: names of the settings to add; None adds all except those that only shape the workflow.
    """
    for declaring in reversed(kind.__mro__):
        own = getattr(declaring, "__annotations__", {}) if issubclass(declaring, Section) else {}
        names = [
            name
            for name in own
            if name in kind.model_fields and passing(kind.model_fields[name]) is not Passing.WORKFLOW_ONLY
        ]
        names = [name for name in names if only is None or name in only]
        if names:
            group = parser.add_argument_group((declaring.__doc__ or "").partition("\n")[0].rstrip("."))
            for name in names:
                _add_flag(group, kind, name)


def read_settings(arguments: argparse.Namespace, kind: type[Settings]) -> Settings:
    """A section with the values of the command line, and defaults for settings without a flag.

    Raises:
        InputError: the values do not fit together.
    """
    given = {name: getattr(arguments, name) for name in kind.model_fields if hasattr(arguments, name)}
    return kind.of(**given)


def _add_flag(group: argparse._ArgumentGroup, kind: type[Section], name: str) -> None:
    field = kind.model_fields[name]
    annotation, default = annotation_of(field), field.get_default(call_default_factory=True)
    many: dict[str, Any] = {}
    if get_origin(field.annotation) is list:
        (annotation,) = get_args(field.annotation)
        many = {"nargs": "*"}
    group.add_argument(
        f"--{field.alias}".replace("_", "-"),
        dest=name,
        type=_reader(annotation),
        default=default,
        help=f"{field.description} ({in_words(annotation)}; default: {_shown(default)})".replace("%", "%%"),
        **many,
    )


def _shown(default: Any) -> str:
    """A default as it is written on the command line."""
    if isinstance(default, list):
        return " ".join(map(str, default))
    return str(default).lower() if isinstance(default, bool) else f"{default}"


def _reader(annotation: Any) -> Callable[[str], Any]:
    """A function that reads a flag's text, as an argparse type."""

    def read(text: str) -> Any:
        try:
            return TypeAdapter(annotation, config=STRICT).validate_python(text)
        except ValidationError:
            raise argparse.ArgumentTypeError(f"{text!r} given; it must be {in_words(annotation)}") from None

    return read
