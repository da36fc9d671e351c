"""The whole road over a data set whose folder, files and weights have names that shells and pages take for commands."""

import csv
from html.parser import HTMLParser
from pathlib import Path

import pytest
import torch
from conftest import write_picture
from project import Project
from torchvision import models

pytestmark = pytest.mark.faults

EVIL = """it's "here" ; touch ran $(touch ran) `touch ran` & | %s \\n $HOME #! ü * [a] ?"""
COLUMNS = ("path", "split", "pid", "camid", "session", "time", "tracklet")
NAMES = (
    "-rf.jpg",
    "--help .jpg",
    "$(touch ran).jpg",
    "`touch ran`.jpg",
    "'; touch ran; '.jpg",
    '"><script>alert(1)</script>.jpg',
    "a,b\\c.jpg",
    "&amp;{{ 7*7 }}{% x %}.jpg",
    "%2e%2e%2f.jpg",
    " .jpg",
    "ünï ☃.jpg",
    "~root.jpg",
)


def write_data_set(root: Path) -> None:
    """Four people in three cameras, two to train on; every name once, and its manifest beside the pictures."""
    rows = []
    names = iter(range(1000))
    for pid in range(1, 5):
        for camid in range(1, 4):
            for _ in range(2):
                number = next(names)
                split = "train" if pid < 3 else ("query" if camid == 1 else "gallery")
                path = f"{split} <b onclick=alert(1)>{EVIL}/{number // len(NAMES)}/{NAMES[number % len(NAMES)]}"
                write_picture(root / path, seed=pid, size=(32, 64))
                rows.append((path, split, pid, camid, 0, 100 * camid + number, ""))
    with (root / "mine.csv").open("w", encoding="utf-8", newline="") as handle:
        csv.writer(handle).writerows([COLUMNS, *rows])


class Elements(HTMLParser):
    """The page's element names, its attributes' names, and its scripts' texts."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.attributes: set[str] = set()
        self.scripts: list[str] = []
        self._in_script = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes |= {name for name, _ in attrs}
        self._in_script = tag == "script"
        if self._in_script:
            self.scripts.append("")

    def handle_data(self, data: str) -> None:
        if self._in_script:
            self.scripts[-1] += data

    def handle_endtag(self, tag: str) -> None:
        self._in_script = self._in_script and tag != "script"


def test_names_run_nothing_and_leave_nothing_outside_the_results(tmp_path: Path) -> None:
    made = Project(tmp_path / "project", fresh=True)
    folder = f"data/{EVIL}"
    write_data_set(made.folder / folder)
    weights = f"{folder}/{EVIL}.pth"
    torch.save(models.resnet18(weights=None).state_dict(), made.folder / weights)
    name = "Evil-1.0_x"
    with made.edited_config() as config:
        demo = config["datasets"]["demo"]
        config["models"] = {"pcb": {}, "A.b-c_1": {"train": {"architecture": "baseline"}}}
        train = demo["train"] | {"batch_size": 4, "start_weights": weights, "workers": 0}
        entry = {"format": "manifest", "root": folder, "manifest": f"{folder}/mine.csv", "models": ["pcb", "A.b-c_1"]}
        config["datasets"] = {name: {**entry, "train": train, "prepare": {"pack": True}, "report": {"queries": 2}}}
    before = {path for path in tmp_path.rglob("*") if ".snakemake" not in path.parts}
    made.snakemake(f"results/{name}/report.json")
    found = {path for path in tmp_path.rglob("*") if ".snakemake" not in path.parts} - before
    strange = [path for path in found if not path.is_relative_to(made.folder / "results")]
    assert [path for path in strange if not path.name.startswith("said-") and "__pycache__" not in path.parts] == []
    assert not list(tmp_path.rglob("ran"))
    pages = sorted((made.folder / "results").rglob("*.html"))
    assert pages
    for page in pages:
        elements = Elements(page.read_text(encoding="utf-8"))
        assert "alert(1)" not in [text.strip() for text in elements.scripts]
        assert not any(attribute.startswith("on") for attribute in elements.attributes)
        assert "<script>alert" not in page.read_text(encoding="utf-8")
