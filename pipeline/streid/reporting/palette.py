"""The colours of pages and charts: each has a value on light paper and one on dark paper.

A chart is drawn once, in placeholder colours. In a file they become the light values; on a page they become CSS
variables, so that the reader's colour scheme applies. Colours of streams and series can be told apart by colour-blind
readers too (after Okabe and Ito, and Tol).
"""

import re

from streid.reporting.streams import APPEARANCE, JOINT, RERANKED, TIMES_ALONE, stream_kind

# CSS variable -> its value on light and on dark paper.
COLOURS = {
    "page": ("#f4f6f8", "#12161a"),
    "card": ("#ffffff", "#1b2127"),
    "ink": ("#1b2127", "#e7ebef"),
    "muted": ("#5d6873", "#9da8b3"),
    "line": ("#e1e6ea", "#323a43"),
    "blue": ("#0072b2", "#56b4e9"),
    "orange": ("#c4570a", "#f0a057"),
    "green": ("#00835f", "#3ecf9f"),
    "purple": ("#a23b8c", "#e58fc9"),
    "olive": ("#6b5b00", "#d8c95a"),
    "slate": ("#4d5560", "#c5ccd4"),
    "grey": ("#7a8590", "#9da8b3"),
    "right": ("#00835f", "#3ecf9f"),
    "wrong": ("#c4570a", "#f0833a"),
    "best": ("#e3f1fa", "#17384d"),
    "notice": ("#fff5e6", "#2d261a"),
    "notice-line": ("#e6a84c", "#b5812f"),
}
FONTS = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', sans-serif"
STREAM_COLOURS = {APPEARANCE: "blue", TIMES_ALONE: "grey", JOINT: "green", RERANKED: "purple"}
_FIRST_PLACEHOLDER = 0xFACE00
PLACEHOLDERS = {name: f"#{_FIRST_PLACEHOLDER + number:06x}" for number, name in enumerate(COLOURS)}
_NAMES = {placeholder: name for name, placeholder in PLACEHOLDERS.items()}
_PLACEHOLDER = re.compile("|".join(_NAMES))

PAPER, INK, MUTED, LINE = (PLACEHOLDERS[name] for name in ("card", "ink", "muted", "line"))
SERIES = tuple(PLACEHOLDERS[name] for name in ("blue", "orange", "green", "purple", "olive", "slate"))
LINE_STYLES = ("-", "--", "-.", ":")


def stream_colour(key: str) -> str:
    """The placeholder colour of a stream, the same for every fusion; unknown streams get the muted one."""
    return PLACEHOLDERS[STREAM_COLOURS.get(stream_kind(key), "muted")]


def style_of(number: int) -> tuple[str, str]:
    """Stand-in colour and line style of the series with this number (from 0); the first 24 all differ."""
    return SERIES[number % len(SERIES)], LINE_STYLES[number // len(SERIES) % len(LINE_STYLES)]


def on_light_paper(drawing: str) -> str:
    """A drawing with the light value in place of each placeholder."""
    return _PLACEHOLDER.sub(lambda found: COLOURS[_NAMES[found[0]]][0], drawing)


def in_css_variables(drawing: str) -> str:
    """A drawing with `var(--name)` in place of each placeholder."""
    return _PLACEHOLDER.sub(lambda found: f"var(--{_NAMES[found[0]]})", drawing)


def style_sheet() -> str:
    """The CSS that sets the variables, and `--stream` for each kind of stream; prints use light colours."""
    light, dark = (" ".join(f"--{name}: {values[scheme]};" for name, values in COLOURS.items()) for scheme in (0, 1))
    streams = "\n".join(f".{kind} {{ --stream: var(--{colour}); }}" for kind, colour in STREAM_COLOURS.items())
    dark_rule = f"@media screen and (prefers-color-scheme: dark) {{\n  :root {{ {dark} }}\n}}"
    return f":root {{ color-scheme: light dark; --fonts: {FONTS}; {light} }}\n{dark_rule}\n{streams}\n"
