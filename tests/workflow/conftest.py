"""What several tests of the workflow share."""

from pathlib import Path

import pytest
from conftest import MakeOnce
from project import REPORT, Project


@pytest.fixture(scope="session")
def finished(make_once: MakeOnce, tiny_results: Path) -> tuple[Project, str]:
    """A project in which the demo's report has been made, to be copied, never changed; and what Snakemake said.

    It is made after `tiny_results`, so that numba's functions are compiled and copied.
    """

    def make(folder: Path) -> None:
        (folder / "said.txt").write_text(Project(folder / "project").snakemake(REPORT))

    folder = make_once("finished", make)
    return Project.made(folder / "project"), (folder / "said.txt").read_text()
