"""Settings: what a value may be, in words, and what is refused."""

from typing import Annotated, Any

import numpy as np
import pytest
from annotated_types import Ge, Le, MinLen
from pydantic import ValidationError

from streid.errors import InputError
from streid.stage.settings import (
    DIFFERENT,
    READ,
    Amount,
    Auto,
    Count,
    Fraction,
    Jobs,
    OneOf,
    Passing,
    Positive,
    Section,
    Text,
    Truth,
    in_words,
    passing,
)


class Cooking(Section):
    """Cooking."""

    minutes: Count = 10
    """in the pot"""
    salt: Fraction = 0.5
    """share of the water"""
    lambda_: Positive = 1.0
    """of the fire"""
    lid: Truth = False
    """true: closed"""
    cooks: Annotated[Auto | Jobs, Passing.BY_RULE] = "auto"
    """auto, or how many"""
    pots: Annotated[list[Annotated[str, OneOf(("small", "large"))]], MinLen(1), DIFFERENT] = ["small"]  # noqa: RUF012
    """side by side"""

    def check(self) -> None:
        """Refuse a closed pot full of salt."""
        if self.lid and self.salt == 1:
            raise InputError("salt 1 needs lid false")


@pytest.mark.parametrize(
    ("annotation", "words"),
    [
        (Count, "a whole number of at least 1 and at most 1000000000"),
        (Positive, "a number above 0 and at most 1e+09"),
        (Annotated[int, READ], "a whole number"),
        (Annotated[float, Ge(0.5), Le(2)], "a number of at least 0.5 and at most 2"),
        (Annotated[str, OneOf(("a", "b"))], "one of a, b"),
        (Auto | Amount, "auto or a number of at least 0 and at most 1e+09"),
        (Annotated[str, Text("a unit", "[a-z]+")], "a unit"),
        (Annotated[list[Count], MinLen(1)], f"a list of at least one, each {in_words(Count)}"),
        (list[Annotated[str, OneOf(("a",))]], "a list, each one of a"),
        (Truth, "true or false"),
        (Cooking, "a section of its own, with keys and values"),
    ],
)
def test_what_is_asked_for_in_words(annotation: Any, words: str) -> None:
    assert in_words(annotation) == words


def test_the_text_below_a_setting_is_its_meaning() -> None:
    assert Cooking.model_fields["minutes"].description == "in the pot"
    assert [name for name, field in Cooking.model_fields.items() if passing(field)] == ["cooks"]


def test_numbers_that_came_as_text_are_numbers() -> None:
    cooked = Cooking.of(minutes="12", salt="0.25", lid="True", cooks="3")
    assert (cooked.minutes, cooked.salt, cooked.lid, cooked.cooks) == (12, 0.25, True, 3)
    assert isinstance(Cooking.of(minutes=5.0).minutes, int)
    assert Cooking.of(minutes=np.int64(3), salt=np.float32(0.5), cooks=np.int8(2)) == Cooking(minutes=3, cooks=2)
    assert Cooking.of(cooks="auto").cooks == "auto"


def test_a_keyword_of_python_is_a_key_without_its_underscore() -> None:
    assert Cooking.model_validate({"lambda": 2}).lambda_ == Cooking.of(lambda_=2).lambda_ == 2
    assert Cooking().model_dump(by_alias=True)["lambda"] == 1


@pytest.mark.parametrize(
    ("values", "line"),
    [
        ({"minutes": 0}, f"minutes is 0; it must be {in_words(Count)}"),
        ({"minutes": 1.5}, "minutes is 1.5; it must be a whole number"),
        ({"minutes": True}, "minutes is True; it must be a whole number"),
        ({"salt": float("nan")}, "salt is nan; it must be a number of at least 0 and at most 1"),
        ({"salt": "1e400"}, "salt is inf; it must be"),
        ({"lid": "yes"}, "lid is 'yes'; it must be true or false"),
        ({"lid": 1}, "lid is 1; it must be true or false"),
        ({"cooks": 0}, "cooks is 0; it must be auto or a whole number of at least 1"),
        ({"pots": []}, "pots is \\[\\]; it must be a list of at least one, each one of small, large"),
        ({"pots": "small"}, "pots is 'small'; it must be a list"),
        ({"pepper": 1}, "pepper is 1; there is no such setting"),
        ({"lid": True, "salt": 1}, "salt 1 needs lid false"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(values: dict[str, object], line: str) -> None:
    with pytest.raises(InputError, match=f"^{line}") as refused:
        Cooking.of(**values)
    assert "\n" not in str(refused.value)


def test_a_list_of_different_names_has_none_twice() -> None:
    with pytest.raises(ValidationError, match="an entry is listed twice"):
        Cooking(pots=["small", "small"])


@pytest.mark.parametrize(
    ("text", "fits"), [("ab", True), ("ab\n", False), ("a b", False), ("", False), ("abcd", False)]
)
def test_a_text_is_of_its_form_as_a_whole(text: str, fits: bool) -> None:
    form = Text("three letters at most", "[a-z]+", longest=3)
    assert form.fits(text) is fits

    class Named(Section):
        name: Annotated[str, form] = "a"

    if fits:
        assert Named.of(name=text).name == text
    else:
        with pytest.raises(InputError, match="it must be three letters at most"):
            Named.of(name=text)
