"""Colours: each has two values, and series can be told apart."""

import re

from streid.reporting.palette import (
    COLOURS,
    INK,
    MUTED,
    STREAM_COLOURS,
    in_css_variables,
    on_light_paper,
    stream_colour,
    style_of,
    style_sheet,
)


def test_series_look_different() -> None:
    assert len({style_of(number) for number in range(24)}) == 24
    assert len({stream_colour(name) for name in STREAM_COLOURS}) == len(STREAM_COLOURS)
    assert stream_colour("joint/logistic") == stream_colour("joint")
    assert stream_colour("other") == MUTED


def test_stand_ins_become_colours() -> None:
    drawing = f"fill: {INK}; stroke: #ffffff; stroke: {style_of(1)[0]}"
    assert on_light_paper(drawing) == "fill: #1b2127; stroke: #ffffff; stroke: #c4570a"
    assert in_css_variables(drawing) == "fill: var(--ink); stroke: #ffffff; stroke: var(--orange)"


def test_both_schemes_set_every_variable() -> None:
    light, dark = style_sheet().split("@media screen and (prefers-color-scheme: dark)")
    for place, sheet in enumerate((light, dark)):
        found = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", sheet))
        assert found == {name: values[place] for name, values in COLOURS.items()}
    assert ".joint { --stream: var(--green); }" in dark
