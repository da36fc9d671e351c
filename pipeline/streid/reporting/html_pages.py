"""Pages as single, self-contained files, and links from one to another."""

import os
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from streid.reporting.palette import style_sheet

SHARED_TEMPLATES = Path(__file__).parent / "templates"


def relative_link(target: Path, page: Path) -> str:
    """A relative link from the page to another file; it works while both keep their relative places."""
    return quote(Path(os.path.relpath(target.absolute(), page.absolute().parent)).as_posix())


def render(template: Path, **content: Any) -> str:
    """A page from a template, which may include templates of its folder and shared ones; values are escaped.

    Args:
        content: the template's variables. `palette`, the style sheet of the colours, is added.
    """
    environment = Environment(
        loader=FileSystemLoader((template.parent, SHARED_TEMPLATES)),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template(template.name).render(content, palette=Markup(style_sheet()))
