"""The undisturbed road that the disturbed ones are compared with."""

import json
from dataclasses import asdict
from pathlib import Path

import pytest
from conftest import MakeOnce
from road import Undisturbed, make_road


@pytest.fixture(scope="session")
def undisturbed(make_once: MakeOnce) -> Undisturbed:
    def make(folder: Path) -> None:
        made = asdict(make_road(folder / "road"))
        (folder / "made.json").write_text(json.dumps({name: made[name] for name in ("seconds", "events")}))

    folder = make_once("undisturbed", make)
    return Undisturbed(folder / "road", **json.loads((folder / "made.json").read_text()))
