"""Pages beside the report, each one file that needs nothing else, and links from one to another."""

import os
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined

FOLDER = Path(__file__).parent / "pages"


def relative_link(target: Path, page: Path) -> str:
    """A link from the page to another file, for as long as they stay where they are to each other."""
    return quote(Path(os.path.relpath(target.absolute(), page.absolute().parent)).as_posix())


def render(template: str, **content: Any) -> str:
    """A page of the folder `pages`; every name and path in it is escaped."""
    environment = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template(template).render(content)
