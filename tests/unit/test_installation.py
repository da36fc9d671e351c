"""What `pip install .` gives: the library with its templates, usable outside a checkout, asking for what it imports."""

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from environment_versions import ROOT, requested_packages

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
USE = "import streid.files.features, streid.scoring.rerank; print(streid.files.features.__file__)"


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an installation made from a copy of the checkout, as a build leaves files in its source."""
    source, target = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("installed")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    shutil.copytree(ROOT / "pipeline", source / "pipeline", ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([*pip, "--target", str(target), str(source)], check=True, capture_output=True, timeout=300)
    return target


def test_the_library_is_installed_with_its_templates(installed: Path) -> None:
    package = ROOT / "pipeline" / "streid"
    files = (path.relative_to(package) for path in package.rglob("*") if path.is_file())
    wanted = {path for path in files if "__pycache__" not in path.parts}
    assert {path.relative_to(installed / "streid") for path in (installed / "streid").rglob("*")} >= wanted
    assert not list(installed.glob("*.py"))


def test_it_is_used_outside_a_checkout(installed: Path, tmp_path: Path) -> None:
    environment = {"PYTHONPATH": str(installed), "NUMBA_CACHE_DIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", USE],
        cwd=tmp_path,
        env=environment,
        check=True,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.stdout.strip() == str(installed / "streid" / "files" / "features.py")


def test_it_asks_for_packages_that_are_locked() -> None:
    asked = [*PROJECT["dependencies"], *(one for extra in PROJECT["optional-dependencies"].values() for one in extra)]
    names = {re.split(r"[~=<>\[; ]", one)[0].lower() for one in asked}
    assert names <= set(requested_packages((ROOT / "requirements.in").read_text(encoding="utf-8")))
