"""What several rooms' tests share: running stage scripts, and small trees in Market-1501's layout."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from filelock import FileLock
from forked_stage import run_forked
from PIL import Image

from streid.data.manifest import DIGEST_KEY
from streid.errors import InputError
from streid.files.json_files import read_json, write_json

# The suite is the same on every machine: what it checks of GPUs it checks on fake ones.
os.environ["CUDA_VISIBLE_DEVICES"] = ""
# On a virtual machine whose processor has AMX, bf16 through it gave other values each time, sometimes not finite;
# without it the values are those of single precision, rounded, and always the same.
os.environ.setdefault("ONEDNN_MAX_CPU_ISA", "AVX512_CORE_BF16")
# Threads that wait must not keep the processor from the tests beside them.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

ROOT = Path(__file__).resolve().parent.parent
NUMPY_REPR = re.compile(r"\bnp\.\w+\(|\barray\(|dtype=")
# While the first of two processes makes what test_slurm.py needs too, the second does test_train_processes.py.
LONGEST = (
    *("test_road.py", "test_train_processes.py", "test_write_report.py", "test_slurm.py"),
    *("test_workflow.py", "test_kills.py", "test_documentation.py"),
)
RunStage = Callable[..., subprocess.CompletedProcess[str]]
MakeOnce = Callable[[str, Callable[[Path], None]], Path]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files first, so that several processes end together."""
    items.sort(key=lambda item: LONGEST.index(item.path.name) if item.path.name in LONGEST else len(LONGEST))


def stage_command(stage: str, *arguments: object) -> list[str]:
    """The command line that runs a stage script."""
    return [sys.executable, str(ROOT / "pipeline" / f"{stage}.py"), *map(str, arguments)]


@pytest.fixture(scope="session")
def run_stage() -> RunStage:
    """Run a stage script, which must end with the exit status `status`; where it is `fresh`, in a Python of its own."""

    def run(
        stage: str, *arguments: object, status: int = 0, cwd: Path | None = None, fresh: bool = False
    ) -> subprocess.CompletedProcess[str]:
        command = stage_command(stage, *arguments)
        if fresh:
            done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=cwd, timeout=300)
        else:
            done = run_forked(command, cwd=cwd, timeout=300)
        assert done.returncode == status, done.stderr
        return done

    return run


@pytest.fixture(scope="session")
def make_once(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> MakeOnce:
    """A folder that `make` fills, once for all processes that run tests."""
    shared = tmp_path_factory.getbasetemp()
    if worker_id != "master":
        shared = shared.parent

    def made(name: str, make: Callable[[Path], None]) -> Path:
        folder, finished = shared / name, shared / f"{name}.finished"
        with FileLock(shared / f"{name}.lock"):
            if not finished.exists():
                folder.mkdir()
                make(folder)
                finished.touch()
        return folder

    return made


def error_line(said: str) -> str:
    """The one line of a stage's refusal, the last it says: what it logged and its bar of progress come before."""
    lines = said.splitlines()
    assert [line for line in lines if line.startswith(("error: ", "Traceback"))] == lines[-1:]
    assert not NUMPY_REPR.search(lines[-1]), f"a refusal shows a value as numpy does: {lines[-1]}"
    return lines[-1]


def write_picture(path: Path, *, seed: int, size: tuple[int, int] = (64, 128)) -> None:
    """A JPEG with content of its own."""
    path.parent.mkdir(parents=True, exist_ok=True)
    coarse = np.random.default_rng(seed).integers(0, 256, (8, 4, 3), np.uint8)
    Image.fromarray(coarse).resize(size).save(path)


def edit_manifest(table: pd.DataFrame, folder: Path, out: Path) -> None:
    """Write another manifest.csv to `out`, and of the dataset.json in `folder` one that knows no manifest's SHA-256."""
    table.to_csv(out / "manifest.csv", index=False)
    summary = read_json(folder / "dataset.json")
    write_json(out / "dataset.json", {key: value for key, value in summary.items() if key != DIGEST_KEY})


@pytest.fixture(autouse=True)
def plain_refusals(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a test makes a room refuse, the message shows numbers as people write them, not as numpy does."""

    def checked(self: InputError, *said: object) -> None:
        ValueError.__init__(self, *said)
        assert not NUMPY_REPR.search(str(self)), f"a refusal shows a value as numpy does: {self}"

    monkeypatch.setattr(InputError, "__init__", checked)


MARKET_NAMES = {
    "bounding_box_train": ["0002_c1s1_000451_03.jpg", "0002_c2s2_000776_01.jpg", "0007_c1s1_000501_01.jpg"],
    "query": ["0001_c1s1_001051_00.jpg"],
    "bounding_box_test": [
        "-1_c1s1_000401_03.jpg",
        "0000_c2s1_000401_03.jpg",
        "0001_c1s1_001051_03.jpg",
        "0001_c3s2_000301_00.jpg",
    ],
}


@pytest.fixture
def market_tree(tmp_path: Path) -> Path:
    """A few pictures in Market-1501's layout."""
    root = tmp_path / "market"
    paths = [root / folder / name for folder, names in MARKET_NAMES.items() for name in names]
    for seed, path in enumerate(paths):
        write_picture(path, seed=seed)
    return root


@pytest.fixture(scope="session")
def tiny_world(make_once: MakeOnce, run_stage: RunStage) -> Path:
    """A rendered world of a few people, prepared: data/ (the tree), manifest.csv and dataset.json."""

    def make(folder: Path) -> None:
        size = ("--train-identities", 6, "--test-identities", 6, "--distractors", 3, "--junk", 2)
        run_stage("render_demo", "--output", folder / "data", *size, "--workers", 2)
        run_stage(
            *("prepare_dataset", "--dataset", "tiny", "--format", "market1501", "--root", folder / "data"),
            *("--manifest", folder / "manifest.csv", "--summary", folder / "dataset.json"),
        )

    return make_once("world", make)


@pytest.fixture(scope="session")
def train_arguments(tiny_world: Path) -> Callable[[Path], list[object]]:
    """The arguments of a training of seconds into a folder."""

    def arguments(folder: Path) -> list[object]:
        return [
            *("train_appearance", "--manifest", tiny_world / "manifest.csv", "--summary", tiny_world / "dataset.json"),
            *("--root", tiny_world / "data", "--output", folder / "model.safetensors"),
            *("--history", folder / "training.csv", "--work", folder / "work", "--device", "cpu", "--threads", 1),
            *("--backbone", "resnet18", "--start-weights", "none", "--height", 64, "--width", 32),
            *("--epochs", 3, "--batch-size", 16, "--checkpoint-seconds", 0),
        ]

    return arguments


@pytest.fixture(scope="session")
def tiny_model(make_once: MakeOnce, train_arguments: Callable[[Path], list[object]], run_stage: RunStage) -> Path:
    """A folder with a model trained on the tiny world: model.safetensors and training.csv."""
    return make_once("model", lambda folder: run_stage(*train_arguments(folder)))


@pytest.fixture(scope="session")
def tiny_results(make_once: MakeOnce, tiny_world: Path, tiny_model: Path, run_stage: RunStage) -> Path:
    """The tiny world's results as the workflow lays them out: data/, manifest, summary, histograms and the model pcb
    with its features, and its rankings under both fusions."""

    def make(folder: Path) -> None:
        shutil.copytree(tiny_world, folder, dirs_exist_ok=True)
        model = Path(shutil.copytree(tiny_model, folder / "pcb", ignore=shutil.ignore_patterns("work")))
        run_stage(
            *("extract_features", "--manifest", folder / "manifest.csv", "--summary", folder / "dataset.json"),
            *("--root", folder / "data", "--model", model / "model.safetensors", "--name", "pcb"),
            *("--work", model / "work", "--output", model / "features.h5", "--device", "cpu", "--threads", 1),
        )
        tables = folder / "histograms.h5"
        run_stage("build_histograms", "--manifest", folder / "manifest.csv", "--output", tables, "--threads", 1)
        for fusion in ("likelihood", "logistic"):
            for stage, name in (("evaluate_joint", "scores"), ("rerank_scores", "reranked")):
                out = model / fusion / name
                run_stage(
                    *(stage, "--features", model / "features.h5", "--histograms", tables, "--fusion", fusion),
                    *("--output", out.with_suffix(".h5"), "--metrics", out.with_suffix(".json")),
                    *("--device", "cpu", "--threads", 1),
                )

    return make_once("tiny", make)
