"""Imports run one way, from stage scripts down to the files, and rooms stay as the design has them."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from streid.stage.fingerprints import code_digests

PIPELINE = Path(__file__).resolve().parents[2] / "pipeline"
SCRIPTS = sorted(PIPELINE.glob("*.py"))
MODULES = sorted((PIPELINE / "streid").rglob("*.py"))
BASE = {"errors", "arrays"}
STAGE = BASE | {"files", "stage"}
MAY_IMPORT = {
    "files": BASE | {"files"},
    "stage": STAGE,
    "data": STAGE | {"data"},
    "appearance": STAGE | {"data", "appearance"},
    "spatiotemporal": STAGE | {"data", "spatiotemporal"},
    "scoring": STAGE | {"data", "spatiotemporal", "scoring"},
    "reporting": STAGE | {"data", "spatiotemporal", "scoring", "reporting"},
    "api": BASE | {"files", "spatiotemporal", "scoring"},
    "workflow": STAGE | {"data", "appearance", "spatiotemporal", "scoring", "reporting", "workflow"},
}
GRAB_BAGS = {"utils", "util", "helpers", "common", "misc"}


def imported_names(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{path}: relative import"
            names.add(node.module)
    return names


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(PIPELINE).as_posix())
def test_rooms_import_downwards_only(path: Path) -> None:
    room = path.relative_to(PIPELINE / "streid").parts[0].removesuffix(".py")
    rooms = {name.split(".")[1] for name in imported_names(path) if name.startswith("streid.")}
    assert rooms <= MAY_IMPORT.get(room, BASE), f"{path.name} imports {rooms - MAY_IMPORT.get(room, BASE)}"
    assert path.stem not in GRAB_BAGS
    if path.name == "__init__.py":
        assert path.read_text() == ""


def test_pictures_are_opened_in_one_place() -> None:
    """Where a path that leads out of the data set's root is refused."""
    opening = re.compile(r"\bImage\.open\((?!io\.BytesIO)|\bread_content\(")
    found = {path.name for path in (*MODULES, *SCRIPTS) if opening.search(path.read_text(encoding="utf-8"))}
    assert found == {"images.py", "picture_files.py", "picture_source.py"}


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_scripts_import_streid_and_no_other_script(path: Path) -> None:
    others = {script.stem for script in SCRIPTS}
    assert not {name.split(".")[0] for name in imported_names(path)} & others
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 150


def test_the_workflow_imports_nothing_heavy() -> None:
    """Snakemake reads the rules again in each job's process."""
    imports = "; ".join(
        f"import streid.workflow.{path.stem}" for path in sorted((PIPELINE / "streid" / "workflow").glob("[!_]*.py"))
    )
    code = f"import sys; sys.path.insert(0, {str(PIPELINE)!r}); {imports}; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"torch", "numpy", "pandas", "h5py", "snakemake"} & set(loaded)


def test_scoring_and_histograms_need_no_model() -> None:
    for stage in ("build_histograms", "evaluate_joint", "rerank_scores"):
        rooms = {Path(path).parts[1] for path in code_digests(PIPELINE / f"{stage}.py") if path.startswith("streid/")}
        assert "appearance" not in rooms
        assert "errors.py" in rooms


def test_modules_are_imported_by_statements_alone() -> None:
    """What a stage runs is read from its sources: nothing is imported by a name put together at run time."""
    for path in [*SCRIPTS, *MODULES]:
        text = path.read_text(encoding="utf-8")
        assert "import_module" not in text, path
        assert "__import__" not in text, path
