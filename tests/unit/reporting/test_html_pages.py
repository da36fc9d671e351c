"""Pages from templates, and links between them."""

from pathlib import Path

import pytest
from jinja2 import UndefinedError

from streid.reporting.html_pages import relative_link, render
from streid.reporting.palette import style_sheet


def test_links_are_relative_and_quoted(tmp_path: Path) -> None:
    page = tmp_path / "results" / "report.html"
    assert relative_link(tmp_path / "results" / "explorer.html", page) == "explorer.html"
    assert relative_link(tmp_path / "all's" / "ü b.html", page) == "../all%27s/%C3%BC%20b.html"
    assert relative_link(Path("javascript:alert(1)"), Path("report.html")) == "javascript%3Aalert%281%29"


def test_values_are_escaped_and_colours_given(tmp_path: Path) -> None:
    template = tmp_path / "page.html.jinja"
    template.write_text('{% include "gallery.css" %}{{ palette }}|{{ name }}')
    made = render(template, name='<b> & "x"')
    assert made.endswith(f"{style_sheet()}|&lt;b&gt; &amp; &#34;x&#34;")
    assert "font" in made.split(":root")[0]  # a shared template
    with pytest.raises(UndefinedError):
        render(template)
