"""The road of stage scripts on a tiny world: each stage's command line and what it makes.

A road lies in one folder. A stage reads from a road and writes to one, the same or another.
"""

import os
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from conftest import ROOT, stage_command
from forked_stage import run_forked

HOOK = ROOT / "tests" / "faults" / "hook"
TINY = ("--train-identities", 8, "--test-identities", 6, "--distractors", 3, "--junk", 2)
FUSION = "pcb/likelihood"
TIMED_COLUMN = "pictures_per_second"


def prepared(road: Path) -> list[object]:
    return ["--manifest", road / "manifest.csv", "--summary", road / "dataset.json"]


def pictures(road: Path) -> list[object]:
    return [*prepared(road), "--root", road / "data", "--packed", road / "pictures.h5"]


def render(_: Path, out: Path) -> list[object]:
    return ["render_demo", "--output", out / "data", *TINY, "--workers", 2]


def prepare(road: Path, out: Path) -> list[object]:
    return [
        *("prepare_dataset", "--dataset", "tiny", "--format", "market1501", "--root", road / "data", *prepared(out)),
        *("--pictures", out / "pictures.h5", "--pack", "true", "--holdout-identities", 2, "--threads", 1),
    ]


def train(road: Path, out: Path) -> list[object]:
    return [
        *("train_appearance", *pictures(road), "--output", out / "pcb/model.safetensors"),
        *("--history", out / "pcb/training.csv", "--work", out / "pcb/work/training", "--device", "cpu"),
        *("--backbone", "resnet18", "--start-weights", "none", "--height", 64, "--width", 32, "--threads", 1),
        *("--epochs", 2, "--batch-size", 32, "--checkpoint-seconds", 0, "--validate-every", 0, "--workers", 0),
    ]


def extraction(road: Path, out: Path, name: str) -> list[object]:
    return [
        *("extract_features", *pictures(road), "--model", road / "pcb/model.safetensors", "--name", "pcb"),
        *("--output", out / f"pcb/{name}.h5", "--work", out / f"pcb/work/{name}", "--device", "cpu", "--threads", 1),
    ]


def extract(road: Path, out: Path) -> list[object]:
    return extraction(road, out, "features")


def extract_half(road: Path, out: Path) -> list[object]:
    return [*extraction(road, out, "1-of-2"), "--shard", 1, "--shards", 2]


def extract_other_half(road: Path, out: Path) -> list[object]:
    return [*extraction(road, out, "2-of-2"), "--shard", 2, "--shards", 2]


def merge(road: Path, out: Path) -> list[object]:
    shards = [road / f"pcb/{shard}-of-2.h5" for shard in (1, 2)]
    return ["merge_features", "--shards", *shards, "--output", out / "pcb/merged.h5", "--threads", 1]


def count(road: Path, out: Path) -> list[object]:
    return ["build_histograms", *prepared(road), "--output", out / "histograms.h5", "--threads", 1]


def scoring(stage: str, road: Path, out: Path, name: str) -> list[object]:
    return [
        *(stage, "--features", road / "pcb/features.h5", "--histograms", road / "histograms.h5"),
        *("--output", out / FUSION / f"{name}.h5", "--metrics", out / FUSION / f"{name}.json"),
        *("--fusion", "likelihood", "--device", "cpu", "--threads", 1, "--bootstrap", 50),
    ]


def evaluate(road: Path, out: Path) -> list[object]:
    return scoring("evaluate_joint", road, out, "scores")


def rerank(road: Path, out: Path) -> list[object]:
    return scoring("rerank_scores", road, out, "reranked")


def report(road: Path, out: Path) -> list[object]:
    return [
        *("write_report", "--dataset", "tiny", *pictures(road), "--histograms", road / "histograms.h5"),
        *("--model", f"pcb={road / 'pcb'}", "--fusion", "likelihood", "--queries", 2, "--threads", 1),
        *("--output", out / "report.json", "--page", out / "report.html", "--figures", out / "figures"),
    ]


@dataclass(frozen=True)
class Stage:
    """A stage: its command line from a road to another, the files it makes, and those that hold no times."""

    arguments: Callable[[Path, Path], list[object]]
    outputs: tuple[str, ...]
    compared: tuple[str, ...] | None = None

    def command(self, road: Path, out: Path) -> list[str]:
        stage, *arguments = self.arguments(road, out)
        return stage_command(str(stage), *arguments)

    def contents(self, road: Path) -> dict[str, bytes]:
        """What the stage made in a road, but for what tells how long it took."""
        names = self.outputs if self.compared is None else self.compared
        paths = [path for name in names for path in (sorted((road / name).rglob("*")) or [road / name])]
        return {str(path.relative_to(road)): path.read_bytes() for path in paths if not path.is_dir()}

    def is_made(self, road: Path) -> bool:
        return all((road / name).exists() for name in self.outputs)


STAGES: Mapping[str, Stage] = {
    "render_demo": Stage(render, ("data",)),
    "prepare_dataset": Stage(prepare, ("manifest.csv", "dataset.json", "pictures.h5")),
    "train_appearance": Stage(train, ("pcb/model.safetensors", "pcb/training.csv"), ("pcb/model.safetensors",)),
    "extract_features": Stage(extract, ("pcb/features.h5",)),
    "extract_shard": Stage(extract_half, ("pcb/1-of-2.h5",)),
    "extract_other_shard": Stage(extract_other_half, ("pcb/2-of-2.h5",)),
    "merge_features": Stage(merge, ("pcb/merged.h5",)),
    "build_histograms": Stage(count, ("histograms.h5",)),
    "evaluate_joint": Stage(evaluate, (f"{FUSION}/scores.h5", f"{FUSION}/scores.json")),
    "rerank_scores": Stage(rerank, (f"{FUSION}/reranked.h5", f"{FUSION}/reranked.json")),
    "write_report": Stage(report, ("report.json", "report.html", "figures"), ("report.json",)),
}


# The second shard is as the first.
TRIED = [name for name in STAGES if name != "extract_other_shard"]


@dataclass(frozen=True)
class Undisturbed:
    """A finished road: its folder, and of each stage the seconds it took and its file events (hook)."""

    folder: Path
    seconds: Mapping[str, float]
    events: Mapping[str, int]


def environment(**variables: object) -> dict[str, str]:
    """The environment of a stage with the hook and its variables, as `FAULT_FOLDER`."""
    # Without git: a commit beside the tests would change the report.
    own = {"PYTHONPATH": str(HOOK), "GIT_DIR": os.devnull}
    return {**os.environ, **own, **{name: str(value) for name, value in variables.items()}}


def run(command: list[str], **variables: object) -> subprocess.CompletedProcess[str]:
    """Run a stage with the hook and its variables; its end, however it was."""
    return run_forked(command, timeout=300, env=environment(**variables))


def make_road(folder: Path) -> Undisturbed:
    """Run every stage."""
    seconds: dict[str, float] = {}
    events: dict[str, int] = {}
    counted = folder.with_name("events.txt")
    for name, stage in STAGES.items():
        started = time.monotonic()
        done = run(stage.command(folder, folder), FAULT_FOLDER=folder, FAULT_COUNT_TO=counted)
        assert done.returncode == 0, done.stderr
        seconds[name], events[name] = time.monotonic() - started, int(counted.read_text())
    return Undisturbed(folder, seconds, events)


def leftovers(folder: Path) -> list[str]:
    """Half-written files and locks of outputs; the record of done work beside a work folder is none."""
    found = [*folder.rglob(".*.partial"), *folder.rglob(".*.lock")]
    return sorted(str(path.relative_to(folder)) for path in found if path.parent.name != "work")
