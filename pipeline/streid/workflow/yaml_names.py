"""Names and paths that YAML reads as something else: accepted if the meaning is clear, else refused with advice."""

import datetime
from collections.abc import Mapping

from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError

QUOTE = "write it in quotes"


def read_name(value: object) -> object:
    """The text of a name; a whole number or a date becomes the text that was written.

    Raises:
        PydanticCustomError: it is not known how the name was written; the message is complete as it is.
    """
    lost = ""
    if value is None:
        lost = "YAML reads ~, null and nothing as no value"
    elif isinstance(value, bool):
        lost = "YAML reads no, off, yes, on, false and true as truth values"
    elif isinstance(value, float | datetime.datetime):
        lost = "YAML reads it as a number or a time"
    if lost:
        raise PydanticCustomError("own_message", f"{lost}: {QUOTE} if it is a name")
    return str(value) if isinstance(value, int | datetime.date) else value


def refuse_twice(named: object) -> object:
    """Refuse a mapping that has a name twice, once as a number and once as a text.

    Raises:
        PydanticCustomError: it has such a name.
    """
    keys = [str(key) for key in named] if isinstance(named, Mapping) else []
    twice = sorted({key for key in keys if keys.count(key) > 1})
    if twice:
        raise PydanticCustomError(
            "own_message", f"it has {', '.join(twice)} as a number and as a text: {QUOTE} everywhere, or nowhere"
        )
    return named


FROM_YAML = BeforeValidator(read_name)
