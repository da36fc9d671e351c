"""Which code counts for a job: what its stage imports and its choices need, without comments, docstrings and layout."""

import ast
from collections.abc import Mapping
from pathlib import Path

import pytest
import torch
from conftest import ROOT

from streid.appearance.architectures import ARCHITECTURES, build_network
from streid.appearance.backbones import BACKBONES
from streid.data.layouts import FORMATS
from streid.stage.fingerprints import CHOOSERS, code_digests, fingerprint_run

PIPELINE = ROOT / "pipeline"
SOURCES = sorted(path.relative_to(PIPELINE).as_posix() for path in PIPELINE.rglob("*.py"))
JOB = {"kind": "trained", "architecture": "pcb", "backbone": "resnet50", "format": "market1501"}
STAGES = {
    "render_demo",
    "prepare_dataset",
    "train_appearance",
    "extract_features",
    "merge_features",
    "import_features",
    "inspect_model",
    "build_histograms",
    "evaluate_joint",
    "rerank_scores",
    "write_explorer",
    "write_report",
}
PAGES = {"write_explorer", "write_report"}
SCORING = {"evaluate_joint", "rerank_scores"}
NETWORK = {"train_appearance", "extract_features", "inspect_model"}


def write_project(root: Path) -> Path:
    files = {
        "stage.py": "import json\ndef main():\n    from streid.room import first\n    import streid.alone\n",
        "streid/__init__.py": "",
        "streid/alone.py": "x = 1\n",
        "streid/unused.py": "x = 1\n",
        "streid/room/__init__.py": "",
        "streid/room/first.py": "from streid.room.second import y\nfrom streid import alone\n",
        "streid/room/second.py": "import numpy\nfrom streid.room.first import x\n",
    }
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root / "stage.py"


def users(path: str, **changes: str) -> set[str]:
    """The stages that run a file's code in a job like `JOB`, with these choices instead of its own."""
    return {stage for stage in STAGES if path in code_digests(PIPELINE / f"{stage}.py", JOB | changes)}


def one_file(root: Path, text: str, *, path: str = "stage.py", chosen: Mapping[str, str] | None = None) -> str:
    """The digest of a file with this text."""
    (root / "stage.py").write_text(f"import {path.removesuffix('.py').replace('/', '.')}\n")
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text(text)
    return code_digests(root / "stage.py", chosen)[path]


def test_imports_are_followed_with_those_in_functions(tmp_path: Path) -> None:
    script = write_project(tmp_path)
    assert list(code_digests(script)) == [
        "stage.py",
        "streid/alone.py",
        "streid/room/first.py",
        "streid/room/second.py",
    ]


def test_comments_docstrings_and_layout_of_no_source_count(tmp_path: Path) -> None:
    for path in SOURCES:
        text = (PIPELINE / path).read_text(encoding="utf-8")
        tree = ast.parse(text)
        for node in ast.walk(tree):
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
                has_docstring = ast.get_docstring(node) is not None
                node.body[:has_docstring] = [ast.Expr(ast.Constant("Another docstring."))]
        rewritten = f"# A comment.\n{ast.unparse(ast.fix_missing_locations(tree))}\n"
        before = one_file(tmp_path, text)
        assert one_file(tmp_path, rewritten) == before, path
        assert one_file(tmp_path, f"{text}\nEDITED = True\n") != before


@pytest.mark.parametrize(
    ("before", "after", "same"),
    [
        ("x = (1 +\n     2)", "x = 1 + 2", True),
        ("x = 'a' 'b'", 'x = "ab"', True),
        ("def f():\n    'Says so.'\n    return 1", "def f():\n    return 1", True),
        ("x = 1", "x = True", False),
        ("x = None", "x = 0", False),
        ("x = 0", "x = 0.0", False),
        ("f(a, b)", "f(b, a)", False),
        ("x = []", "x = ()", False),
        ("if TYPE_CHECKING:\n    import one", "if TYPE_CHECKING:\n    import two", True),
        ("if TYPE_CHECKING:\n    x = 1\nelse:\n    x = 2", "if TYPE_CHECKING:\n    x = 1\nelse:\n    x = 3", False),
    ],
)
def test_what_python_runs_counts(tmp_path: Path, before: str, after: str, same: bool) -> None:
    assert (one_file(tmp_path, before) == one_file(tmp_path, after)) == same


def test_imports_for_type_checkers_do_not_count(tmp_path: Path) -> None:
    script = write_project(tmp_path)
    script.write_text("if TYPE_CHECKING:\n    from streid.room import first\nimport streid.alone\n")
    assert list(code_digests(script)) == ["stage.py", "streid/alone.py"]


def test_a_table_and_a_match_count_for_the_chosen_name_alone(tmp_path: Path) -> None:
    text = 'SIZES = {"small": 1, "large": 2}\nmatch name:\n  case "small":\n    f()\n  case "large":\n    g()\n'
    path = "streid/appearance/backbones.py"

    def digests(text: str) -> list[str]:
        return [one_file(tmp_path, text, path=path, chosen={"backbone": name}) for name in ("small", "large")]

    small, large = digests(text)
    for edited in (text.replace("2}", "3}"), text.replace("g()", "g(1)"), text.replace("2}", '2, "huge": 4}')):
        assert digests(edited)[0] == small
        assert one_file(tmp_path, edited, path=path) != one_file(tmp_path, text, path=path)
    assert digests(text.replace("g()", "g(1)"))[1] != large
    assert digests(text.replace("1,", "0,"))[0] != small
    assert digests(text + "x = 1\n")[0] != small


def test_a_name_with_a_colon_counts_as_its_kind_and_others_take_the_last_case() -> None:
    def built(backbone: str) -> bool:
        return "streid/appearance/timm_backbones.py" in code_digests(
            PIPELINE / "train_appearance.py", {"backbone": backbone}
        )

    assert built("timm:resnet18")
    assert not built("resnet18")


def test_only_the_modules_that_choose_are_cut(tmp_path: Path) -> None:
    text = 'WORDS = {"small": 1, "large": 2}\n'
    chosen = {"backbone": "small"}
    assert one_file(tmp_path, text, chosen=chosen) != one_file(tmp_path, text.replace("2}", "3}"), chosen=chosen)
    assert all((PIPELINE / path).is_file() for path in CHOOSERS)


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_a_model_counts_its_own_architecture(name: str) -> None:
    with torch.device("meta"):
        backbone = "timm:test_vit" if name == "vit" else "resnet18"
        network = build_network(name, backbone, 3, 2 if ARCHITECTURES[name].clips else 1)
    own = type(network).__module__
    for stage in NETWORK:
        files = code_digests(PIPELINE / f"{stage}.py", {"architecture": name, "backbone": "resnet18"})
        built = {path for path in files if Path(path).stem in ARCHITECTURES}
        assert built == {f"{own.replace('.', '/')}.py"}


def test_networks_of_other_programs_and_trained_models_count_apart() -> None:
    """An edit of what runs one kind makes no features of another again, nor any training."""
    own = {"streid/appearance/onnx_network.py": "onnx", "streid/appearance/openvino_network.py": "openvino"}
    shared = {"streid/appearance/external_network.py", "streid/data/network_pictures.py"}
    for kind in ("trained", "onnx", "openvino"):
        chosen = {"kind": kind, "architecture": "pcb", "backbone": "resnet18"}
        files = set(code_digests(PIPELINE / "extract_features.py", chosen))
        assert {own[path] for path in own.keys() & files} == {kind} - {"trained"}
        assert bool(files & shared) == (kind != "trained")
        assert ("streid/appearance/pcb.py" in files) == (kind == "trained")
        assert "streid/appearance/feature_models.py" in files
    assert not (own.keys() | shared) & set(code_digests(PIPELINE / "train_appearance.py"))


def test_a_data_set_counts_its_own_format() -> None:
    loaders = {"manifest": "own"} | {name: name for name in FORMATS if name != "manifest"}
    for name in FORMATS:
        files = code_digests(PIPELINE / "prepare_dataset.py", {"format": name})
        assert {Path(path).stem for path in files} & set(loaders.values()) == {loaders[name]}


def test_another_backbone_changes_no_model() -> None:
    cut = {name: code_digests(PIPELINE / "train_appearance.py", {"backbone": name}) for name in BACKBONES}
    digests = {name: files["streid/appearance/backbones.py"] for name, files in cut.items()}
    assert len(set(digests.values())) == len(BACKBONES)


@pytest.mark.parametrize(
    ("path", "stages"),
    [
        ("streid/files/atomic.py", STAGES),
        ("streid/files/locks.py", STAGES),
        ("streid/stage/cli.py", STAGES),
        ("streid/stage/finished_work.py", {"train_appearance", "extract_features"}),
        ("streid/stage/fingerprints.py", {"train_appearance", "extract_features"}),
        ("streid/files/rankings.py", SCORING),
        ("streid/files/inspections.py", {"inspect_model"}),
        ("streid/files/histograms.py", SCORING | {"build_histograms"}),
        ("streid/files/feature_shards.py", {"extract_features", "merge_features"}),
        ("streid/appearance/pcb.py", NETWORK),
        ("streid/appearance/stgcn.py", set()),
        ("streid/appearance/losses.py", {"train_appearance"}),
        ("streid/appearance/inspection.py", {"inspect_model"}),
        ("streid/data/market1501.py", {"prepare_dataset", "render_demo"}),
        ("streid/data/mars.py", set()),
        ("streid/scoring/metrics.py", SCORING),
        ("streid/scoring/rerank.py", {"rerank_scores"}),
        ("streid/spatiotemporal/pair_counts.py", {"build_histograms"}),
        ("streid/reporting/runs.py", set()),
        ("streid/reporting/report/published.py", set()),
        ("streid/workflow/configuration.py", set()),
    ],
)
def test_an_edit_counts_where_it_is_executed(path: str, stages: set[str]) -> None:
    """The pages aside, which are made again after every other stage."""
    assert (PIPELINE / path).is_file()
    assert users(path) - PAGES == stages - PAGES


def test_a_choice_of_other_jobs_counts_in_theirs() -> None:
    assert users("streid/appearance/stgcn.py", architecture="stgcn") == NETWORK
    assert users("streid/appearance/pcb.py", architecture="stgcn") == set()
    assert users("streid/data/mars.py", format="mars") == {"prepare_dataset"}
    assert users("streid/data/market1501.py", format="mars") == {"render_demo"}


def test_reporting_counts_in_the_pages_alone() -> None:
    for stage in STAGES - PAGES:
        assert not [path for path in code_digests(PIPELINE / f"{stage}.py") if path.startswith("streid/reporting/")]


def test_fingerprint_changes_with_code_inputs_and_settings_alone(tmp_path: Path) -> None:
    script = write_project(tmp_path)
    data = tmp_path / "data.csv"
    data.write_text("1")

    def fingerprint(**settings: object) -> str:
        return fingerprint_run(script, inputs=[data], settings={"rate": 0.1} | settings)

    first = fingerprint()
    (tmp_path / "streid" / "unused.py").write_text("x = 2\n")
    (tmp_path / "streid" / "alone.py").write_text('"""What it is."""\nx = 1  # one\n')
    script.touch()
    assert fingerprint() == first
    assert fingerprint(rate=0.2) != first
    data.write_text("2")
    assert fingerprint() != first
    data.write_text("1")
    (tmp_path / "streid" / "room" / "second.py").write_text("y = 3\n")
    assert fingerprint() != first
