"""CONTRIBUTING.md names files, rooms and make targets that are there."""

import re

import pytest
from conftest import ROOT
from pages import broken_links, prose

GUIDE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
THINGS = {
    *("fusion", "loss", "architecture", "backbone", "data set", "metric", "setting"),
    *("report figure", "file format", "stage"),
}


def section(title: str) -> str:
    """The text of a section of the guide."""
    (found,) = re.findall(rf"^## {title}\n(.*?)(?=^## |\Z)", GUIDE, re.MULTILINE | re.DOTALL)
    return str(found)


def rows(title: str) -> dict[str, str]:
    """The table of a section: its first column -> the rest of the row."""
    return dict(re.findall(r"^\| ([^|]+?) \| (.+) \|$", section(title), re.MULTILINE)[1:])


def test_every_thing_has_a_row() -> None:
    assert {name for name in rows("To add something, touch these") if set(name) != {"-"}} == THINGS


@pytest.mark.parametrize("thing", sorted(THINGS))
def test_the_files_to_touch_are_there(thing: str) -> None:
    named = re.findall(r"`([^`]+/[^`]+)`", rows("To add something, touch these")[thing])
    assert named
    assert [path for path in named if not (ROOT / path).is_file()] == []
    assert any(path.startswith("tests/") for path in named)


def test_every_room_is_described() -> None:
    folders = (ROOT / "pipeline" / "streid").iterdir()
    rooms = {folder.name for folder in folders if folder.is_dir() and (folder / "__init__.py").is_file()}
    assert {name.strip("`") for name in rows("Where things are")} == rooms


def test_every_command_and_link_leads_somewhere() -> None:
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    named = set(re.findall(r"`make ([a-z-]+)`", prose(GUIDE)))
    assert named <= set(targets)
    assert {"test", "test-faults", "test-pages", "lint"} <= named
    assert broken_links(ROOT / "CONTRIBUTING.md") == []
    assert "(CONTRIBUTING.md)" in (ROOT / "README.md").read_text(encoding="utf-8")
