"""Names and paths that YAML reads as something else: taken where the meaning is clear, else refused with advice."""

import datetime
from collections.abc import Mapping

from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError

QUOTE = "write it in quotes"


def read_name(value: object) -> object:
    """The text of a name: of a whole number or a day the one it was written as.

    Raises:
        PydanticCustomError: YAML lost how it was written; the message is to be said as it is.
    """
    lost = ""
    if value is None:
        lost = "YAML reads ~, null and nothing at all so"
    elif isinstance(value, bool):
        lost = "YAML reads no, off, yes, on, false and true so"
    elif isinstance(value, float | datetime.datetime):
        lost = "YAML reads it as a number or a time"
    if lost:
        raise PydanticCustomError("as_it_is", f"{lost}: {QUOTE} if it is a name")
    return str(value) if isinstance(value, int | datetime.date) else value


def refuse_twice(named: object) -> object:
    """Refuse a mapping in which a name stands twice, once as a number and once as a text.

    Raises:
        PydanticCustomError: as above.
    """
    keys = [str(key) for key in named] if isinstance(named, Mapping) else []
    twice = sorted({key for key in keys if keys.count(key) > 1})
    if twice:
        raise PydanticCustomError(
            "as_it_is", f"it has {', '.join(twice)} as a number and as a text: {QUOTE} everywhere, or nowhere"
        )
    return named


FROM_YAML = BeforeValidator(read_name)
