"""Public networks on the real Market-1501: figures, seconds and memory of every stage, beside published figures.

The networks are the person-reidentification-retail ones of the Open Model Zoo (Apache-2.0), as OpenVINO's `.xml` and
`.bin`. A fifth of the training identities is held out, to choose the likelihood's weight. Prints Markdown tables.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "pipeline"))

from markdown_tables import markdown_table
from streid.reporting.report.published import PUBLISHED
from streid.stage.cli import positive_int

PIPELINE = Path(__file__).resolve().parents[1] / "pipeline"
HELD_OUT = 150  # of 751 training identities
NETWORKS = ("0288", "0287", "0286", "0277")  # the smallest first
INPUT = ("--colour", "bgr", "--scale", 1, "--mean", 0, "--std", 1, "--flip", "false")  # as the zoo describes them
FIGURES = {
    "appearance": ("logistic.scores", "visual"),
    "paper's joint": ("logistic.scores", "joint"),
    "paper's, re-ranked": ("logistic.nearest", "reranked"),
    "times alone": ("likelihood.scores", "spatiotemporal"),
    "likelihood joint": ("likelihood.scores", "joint"),
    "re-ranked": ("likelihood.nearest", "reranked"),
    "re-ranked, cross-camera": ("likelihood.cross-camera", "reranked"),
}
COSTS = {
    "extract_features": "extraction",
    "build_histograms": "histograms",
    "likelihood.scores": "evaluation",
    "likelihood.cross-camera": "re-ranking",
}


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What a stage took: seconds, and the most memory that its process held, in bytes."""

    seconds: float
    memory: int


@dataclass(kw_only=True)
class Run:
    """A network's stages: their costs, and their metrics by name."""

    network: str
    costs: dict[str, Cost] = field(default_factory=dict)
    metrics: dict[str, Any] = field(default_factory=dict)


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=Path, required=True, help="Market-1501's folder")
    parser.add_argument("--networks", type=Path, required=True, help="folder below which the networks lie")
    parser.add_argument("--only", nargs="+", default=NETWORKS, help="these of them (default: %(default)s)")
    parser.add_argument("--work", type=Path, help="keep the stages' outputs here (default: a temporary folder)")
    parser.add_argument("--threads", type=positive_int, default=os.cpu_count() or 1, help="(default: %(default)s)")
    return parser.parse_args()


def run_stage(stage: str, *flags: object) -> Cost:
    """Run a stage's script to its end; its log is shown only if it fails."""
    with tempfile.TemporaryFile("w+") as log:
        started = time.perf_counter()
        command = [sys.executable, str(PIPELINE / f"{stage}.py"), *map(str, flags)]
        process = subprocess.Popen(command, stdout=log, stderr=log)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            log.seek(0)
            sys.exit(f"{' '.join(command)} ended with status {process.returncode}:\n{log.read()}")
    return Cost(seconds=time.perf_counter() - started, memory=usage.ru_maxrss * 1024)


def prepare(root: Path, work: Path, threads: int) -> None:
    """The manifest, with identities held out."""
    run_stage(
        "prepare_dataset",
        *("--dataset", "market", "--format", "market1501", "--root", root, "--holdout-identities", HELD_OUT),
        *("--manifest", work / "manifest.csv", "--summary", work / "dataset.json", "--threads", threads),
    )


def run_network(network: str, file: Path, root: Path, work: Path, threads: int) -> Run:
    """Features, travel times, both fusions and their re-rankings of one network."""
    run = Run(network=network)
    folder = work / network
    folder.mkdir(exist_ok=True)
    features, histograms, common = folder / "features.h5", folder / "histograms.h5", ("--threads", threads)
    manifest = ("--manifest", work / "manifest.csv", "--summary", work / "dataset.json")
    run.costs["extract_features"] = run_stage(
        "extract_features",
        *(*manifest, "--root", root),
        *("--network", file, *INPUT, "--name", network, "--work", folder / "work", "--output", features),
        *("--device", "cpu", *common),
    )
    run.costs["build_histograms"] = run_stage("build_histograms", *manifest, "--output", histograms, *common)
    for name, stage, flags in scorings():
        metrics = folder / f"{name}.json"
        run.costs[name] = run_stage(
            stage,
            *("--features", features, "--histograms", histograms, "--device", "cpu", *flags),
            *("--output", folder / f"{name}.h5", "--metrics", metrics, *common),
        )
        run.metrics[name] = json.loads(metrics.read_text(encoding="utf-8"))
    return run


def scorings() -> Iterator[tuple[str, str, list[str]]]:
    """Name, stage and flags of every scoring."""
    for fusion in ("logistic", "likelihood"):
        yield f"{fusion}.scores", "evaluate_joint", ["--fusion", fusion]
        yield f"{fusion}.nearest", "rerank_scores", ["--fusion", fusion, "--average", "nearest"]
    yield "likelihood.cross-camera", "rerank_scores", ["--fusion", "likelihood", "--average", "cross-camera"]


def figures_table(runs: list[Run], show: Callable[[dict[str, Any]], str]) -> str:
    """Every step's figures, a line a network."""
    rows = [
        [run.network, *(show(run.metrics[name]["streams"][stream]) for name, stream in FIGURES.values())]
        for run in runs
    ]
    return markdown_table(["network", *FIGURES], rows)


def pair(stream: dict[str, Any]) -> str:
    """Rank-1 / mAP in percent."""
    return f"{100 * stream['rank1']:.2f} / {100 * stream['mAP']:.2f}"


def intervals(stream: dict[str, Any]) -> str:
    """The 95 % intervals over identities of the same."""
    ci95 = stream["ci95"]
    return " / ".join(f"{100 * low:.1f}-{100 * high:.1f}" for low, high in (ci95["rank1"], ci95["mAP"]))


def costs_table(runs: list[Run], pictures: int) -> str:
    """Seconds and gigabytes of a stage; of the extraction also pictures a second."""
    rows = []
    for run in runs:
        costs = [f"{run.costs[name].seconds:.1f}, {run.costs[name].memory / 1e9:.2f}" for name in COSTS]
        rows.append([run.network, f"{pictures / run.costs['extract_features'].seconds:.0f}", *costs])
    return markdown_table(["network", "pictures/s", *(f"{title}, s, GB" for title in COSTS.values())], rows)


def published_table() -> str:
    """What others have published on Market-1501."""
    rows = []
    for result in PUBLISHED["market1501"]:
        figures = [f"{value}" if value is not None else "-" for value in (result.rank1, result.mean_ap)]
        rows.append([result.method, " / ".join(figures), result.source])
    return markdown_table(["published", "rank-1 / mAP", "source"], rows)


def find_networks(folder: Path, names: list[str]) -> dict[str, Path]:
    """The OpenVINO file of each network, in the order of their names."""
    found = {}
    for name in names:
        files = sorted(path for path in folder.rglob("*.xml") if re.search(rf"\b{name}\b", path.stem))
        if not files:
            sys.exit(f"no {name}.xml below {folder}")
        found[name] = files[0]
    return found


def main() -> None:
    """Print the tables."""
    arguments = parse_arguments()
    networks = find_networks(arguments.networks, arguments.only)
    with tempfile.TemporaryDirectory() as temporary:
        work = arguments.work or Path(temporary)
        work.mkdir(parents=True, exist_ok=True)
        prepare(arguments.root, work, arguments.threads)
        summary = json.loads((work / "dataset.json").read_text(encoding="utf-8"))
        pictures = sum(summary["counts"][split]["pictures"] for split in ("query", "gallery", "val"))
        runs = [run_network(name, file, arguments.root, work, arguments.threads) for name, file in networks.items()]
    tables = (figures_table(runs, pair), figures_table(runs, intervals), costs_table(runs, pictures), published_table())
    print(*tables, sep="\n\n")


if __name__ == "__main__":
    main()
