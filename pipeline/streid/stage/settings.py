"""Declarations of settings: each is declared once, with its type, bounds, default and meaning.

A section of config.yaml is a class of settings, in the package that uses it. The text below a setting is its meaning.
The checks of config.yaml, the stages' flags (streid.stage.setting_flags), the comments in config.yaml and
docs/configuration.md are made from the declarations.
"""

import re
import types
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Annotated, Any, Literal, Self, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt, MinLen
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, GetCoreSchemaHandler, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from streid.errors import InputError

EXACT = 2**53  # above it, float64 does not hold every integer
BOUNDS = ((Ge, "ge", "of at least"), (Gt, "gt", "above"), (Le, "le", "at most"), (Lt, "lt", "below"))


class Section(BaseModel):
    """A section of config.yaml. A setting whose name is a Python keyword has an underscore after it.

    Each value is checked when a section is made. Whether values fit together is a separate `check`, because the section
    of a data set or model may hold only some of them.
    """

    model_config = ConfigDict(
        alias_generator=lambda name: name.rstrip("_"),
        allow_inf_nan=False,
        extra="forbid",
        frozen=True,
        strict=True,
        use_attribute_docstrings=True,
        validate_by_name=True,
        validate_by_alias=True,
    )

    @classmethod
    def of(cls, **values: object) -> Self:
        """A section with a program's values, checked; the error names only the first wrong value.

        Raises:
            InputError: a value is out of bounds, or they do not fit together.
        """
        try:
            made = cls.model_validate(values)
        except ValidationError as error:
            wrong = error.errors(include_url=False)[0]
            name = str(wrong["loc"][0]) if wrong["loc"] else cls.__name__
            field = cls.model_fields.get(name)
            expected = f"it must be {in_words(annotation_of(field))}" if field else "there is no such setting"
            raise InputError(f"{name} is {wrong['input']!r}; {expected}") from None
        made.check()
        return made

    def check(self) -> None:
        """Refuse values that do not fit together.

        Raises:
            InputError: the values do not fit together.
        """


class Passing(Enum):
    """How a setting that is not simply a flag reaches its stage."""

    WORKFLOW_ONLY = "it shapes the workflow; no stage has a flag for it"
    BY_RULE = "the stage's rule works out the flag's value"


@dataclass(frozen=True)
class OneOf:
    """A text that is one of some names."""

    names: tuple[str, ...]

    def __get_pydantic_core_schema__(self, _source: Any, _handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.literal_schema(list(self.names))

    @property
    def words(self) -> str:
        """What the text must be."""
        return f"one of {', '.join(self.names)}"


@dataclass(frozen=True)
class Text:
    """A text of a certain form. words: what it must be. pattern: what the whole text matches."""

    words: str
    pattern: str
    longest: int | None = None

    def __get_pydantic_core_schema__(self, _source: Any, _handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.str_schema(pattern=f"^(?:{self.pattern})$", max_length=self.longest, strict=True)

    def fits(self, text: str) -> bool:
        """Whether a text is of this form."""
        return re.fullmatch(self.pattern, text) is not None and len(text) <= (self.longest or len(text))


def _read_text(value: object) -> object:
    """Turn text into a number or truth value: Snakemake passes the values of --config 'joint={alpha: 4}' as text.

    A whole number written as 5.0 becomes 5, and numpy's numbers become Python's.
    """
    if isinstance(value, str):
        if value.lower() in ("true", "false"):
            return value.lower() == "true"
        for kind in (int, float):
            try:
                value = kind(value)
                break
            except ValueError:
                continue
    if hasattr(value, "item"):
        value = value.item()
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < EXACT else value


def _refuse_repeats(values: list[Any]) -> list[Any]:
    if len(set(values)) < len(values):
        raise PydanticCustomError("own_message", "an entry is listed twice")
    return values


READ = BeforeValidator(_read_text)
DIFFERENT = AfterValidator(_refuse_repeats)
Truth = Annotated[bool, READ]
Count = Annotated[int, Ge(1), Le(1_000_000_000), READ]
Whole = Annotated[int, Ge(0), Le(1_000_000_000), READ]
Seed = Annotated[int, Ge(0), Le(2**32 - 1), READ]
Jobs = Annotated[int, Ge(1), Le(1024), READ]
Workers = Annotated[int, Ge(0), Le(1024), READ]
Pixels = Annotated[int, Ge(32), Le(4096), READ]
Fraction = Annotated[float, Ge(0), Le(1), READ]
Positive = Annotated[float, Gt(0), Le(1e9), READ]
Amount = Annotated[float, Ge(0), Le(1e9), READ]
Precision = Literal["fp32", "bf16", "fp16"]
Auto = Literal["auto"]


def annotation_of(field: FieldInfo) -> Any:
    """A setting's type with its bounds."""
    return Annotated[field.annotation, *field.metadata] if field.metadata else field.annotation


def passing(field: FieldInfo) -> Passing | None:
    """How a setting reaches its stage if not simply as a flag."""
    return next((one for one in field.metadata if isinstance(one, Passing)), None)


def in_words(annotation: Any) -> str:
    """What a value must be: its type, choices and bounds."""
    kind, metadata = _unpacked(annotation)
    choices = get_args(kind)
    origin = get_origin(kind)
    words = next((one.words for one in metadata if isinstance(one, OneOf | Text)), "")
    if not words and origin is Literal:
        words = f"{'one of ' if len(choices) > 1 else ''}{', '.join(map(str, choices))}"
    elif not words and origin in (Union, types.UnionType):
        words = " or ".join(in_words(one) for one in choices)
    elif not words and origin is list:
        some = " of at least one" if any(isinstance(one, MinLen) for one in metadata) else ""
        words = f"a list{some}, each {in_words(*choices)}"
    elif not words and origin is dict:
        words = f"names, each with {in_words(choices[1])}"
    elif not words and kind in (int, float):
        words = f"a {'whole ' if kind is int else ''}number {' and '.join(_bounds(metadata))}".strip()
    return words or ("true or false" if kind is bool else "a section of its own, with keys and values")


def _unpacked(annotation: Any) -> tuple[Any, tuple[Any, ...]]:
    if get_origin(annotation) is not Annotated:
        return annotation, ()
    kind, *metadata = get_args(annotation)
    return kind, tuple(metadata)


def _bounds(metadata: tuple[Any, ...]) -> Iterator[str]:
    for kind, name, words in BOUNDS:
        for one in metadata:
            if isinstance(one, kind):
                bound = getattr(one, name)
                yield f"{words} {bound if isinstance(bound, int) else f'{bound:g}'}"
