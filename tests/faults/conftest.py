"""The undisturbed road that the disturbed ones are compared with."""

import pytest
from road import Undisturbed, make_road


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    return make_road(tmp_path_factory.mktemp("undisturbed") / "road")
