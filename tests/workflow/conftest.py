"""What several tests of the workflow share."""

import pytest
from project import REPORT, Project


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Project, str]:
    """A project in which the demo's report has been made, to be copied, never changed; and what Snakemake said."""
    made = Project(tmp_path_factory.mktemp("finished") / "project")
    return made, made.snakemake(REPORT)
