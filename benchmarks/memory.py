"""What every stage takes at three sizes, beside what its rule asks for.

Runs the stages' scripts as processes, on the CPU, on random pictures and features. Prints a Markdown table of
megabytes: the most that a stage and the processes it starts held together, sampled, pages that several share counted
once.
"""

import argparse
import math
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "pipeline"))

import memory_inputs
from streid.stage.cli import positive_int
from streid.workflow import memory
from streid.workflow.memory_requests import feature_shapes

PIPELINE = Path(__file__).resolve().parents[1] / "pipeline"
INTERVAL = 0.05
SCENES = ((1000, 512), (4000, 1024), (12000, 2048))  # pictures, values of a feature
NETWORKS: tuple[dict[str, Any], ...] = (
    {"architecture": "pcb", "backbone": "resnet18", "height": 96, "width": 48, "batch_size": 16, "workers": 1},
    {"architecture": "baseline", "backbone": "resnet50", "height": 128, "width": 64, "batch_size": 16, "workers": 2},
    {"architecture": "stcanet", "backbone": "resnet50", "height": 256, "width": 128, "batch_size": 16, "workers": 0},
)
BINS, PAGE_MB = 5000, 25  # the defaults of histograms.max_bins and explorer.megabytes
MANIFESTS = ((10_000, 6), (100_000, 30), (400_000, 200))  # rows, cameras


@dataclass(frozen=True, kw_only=True)
class Case:
    """A stage at one size: what its rule asks for, in megabytes, and its command line."""

    stage: str
    size: str
    asked: int
    arguments: list[object]


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=positive_int, default=3, help="the first so many of three (default: 3)")
    parser.add_argument("--stages", nargs="+", help="only these (default: all); what they need is made all the same")
    parser.add_argument("--threads", type=positive_int, default=os.cpu_count() or 1, help="(default: %(default)s)")
    return parser.parse_args()


def peak_megabytes(command: list[str]) -> int:
    """The most memory that a command and the processes it starts hold together, in megabytes of 10^6 bytes.

    Proportional set sizes, which count a page that n processes share as an nth of one in each, and at least the largest
    resident set of the command's own process so far. (The one that the system reports when it has ended may be this
    process's, of before the command took its place.)
    """
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(command, stdout=said, stderr=said)
        most = 0
        while True:
            most = max(most, sum(map(held_kilobytes, family(process.pid))), largest_kilobytes(process.pid))
            try:
                process.wait(INTERVAL)
                break
            except subprocess.TimeoutExpired:
                continue
        if process.returncode:
            said.seek(0)
            sys.exit(f"{' '.join(command)} failed:\n{said.read().decode(errors='replace')}")
    return math.ceil(most * 1024 / memory.MEGABYTE)


def family(pid: int) -> Iterator[int]:
    """A process and all that it and its own have started; one that has just ended has started none."""
    yield pid
    try:
        listed = [path.read_text(encoding="ascii") for path in Path(f"/proc/{pid}/task").glob("*/children")]
    except OSError:
        return
    for child in " ".join(listed).split():
        yield from family(int(child))


def held_kilobytes(pid: int) -> int:
    """A process's proportional set size; 0 where it has just ended."""
    return read_kilobytes(pid, "smaps_rollup", "Pss:")


def largest_kilobytes(pid: int) -> int:
    """A process's largest resident set so far; 0 where it has just ended."""
    return read_kilobytes(pid, "status", "VmHWM:")


def read_kilobytes(pid: int, file: str, name: str) -> int:
    """A value of a file of a process in /proc; 0 where the process has just ended."""
    try:
        lines = Path(f"/proc/{pid}/{file}").read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith(name)), 0)


def options(**values: object) -> list[object]:
    """Command-line flags with their values."""
    return [word for name, value in values.items() for word in (f"--{name.replace('_', '-')}", value)]


def preparation(folder: Path, pictures: int, threads: int) -> Case:
    """The preparation of random pictures in `folder`."""
    source = memory_inputs.write_pictures(folder / "data", pictures)
    known = options(manifest=folder / "manifest.csv", summary=folder / "dataset.json", threads=threads)
    return Case(
        stage="prepare_dataset",
        size=f"{pictures:,} pictures",
        asked=memory.preparing(pictures=pictures, threads=threads),
        arguments=options(dataset="m", format="manifest", root=folder / "data", source_manifest=source) + known,
    )


def feature_stages(folder: Path, pictures: int, values: int, threads: int) -> Iterator[Case]:
    """Import, merging and travel times of a prepared data set, in order: each makes what later stages read."""
    made, manifest = folder / "made.h5", folder / "manifest.csv"
    size, run = f"{pictures:,} pictures x {values:,}", options(threads=threads)
    groups = memory_inputs.write_features(made, manifest, values)
    names = options(manifest=manifest, dataset="m", name="m")
    yield Case(
        stage="import_features",
        size=size,
        asked=memory.importing(features=4 * sum(groups.values()) * values, pictures=pictures),
        arguments=[*options(features=made, output=folder / "m" / "features.h5"), *names, *run],
    )
    shards = memory_inputs.write_shards(folder, made)
    yield Case(
        stage="merge_features",
        size=size,
        asked=memory.merging(pictures=pictures, values=values),
        arguments=["--shards", *shards, *options(output=folder / "merged.h5"), *run],
    )
    tables = options(manifest=manifest, summary=folder / "dataset.json", output=folder / "histograms.h5")
    yield Case(
        stage="build_histograms",
        size=f"{pictures:,} pictures, {memory_inputs.CAMERAS} cameras",
        asked=memory.counting(pictures=pictures, cameras=memory_inputs.CAMERAS, bins=BINS),
        arguments=[*tables, *run],
    )


def scoring_stages(folder: Path, pictures: int, values: int, threads: int) -> Iterator[Case]:
    """Scoring and pages of a data set with features and histograms."""
    model, fusion = folder / "m", folder / "m" / "likelihood"
    size, run = f"{pictures:,} pictures x {values:,}", options(threads=threads)
    shapes = feature_shapes(str(model / "features.h5"))
    groups = {"queries": "query", "gallery": "gallery", "held_out": "val"}
    rows = {name: shapes[group][0] for name, group in groups.items()}
    kept = {"k1": 20, "k2": 6, "candidates": 1, "block_rows": 2048}
    asked = {
        "evaluate_joint": memory.evaluating(**rows, values=values, gpu=False),
        "rerank_scores": memory.reranking(**rows, values=values, **kept, gpu=False),
    }
    histograms = options(histograms=folder / "histograms.h5", fusion="likelihood")
    for stage, name in (("evaluate_joint", "scores"), ("rerank_scores", "reranked")):
        outputs = options(output=fusion / f"{name}.h5", metrics=fusion / f"{name}.json")
        read = options(features=model / "features.h5", device="cpu")
        yield Case(stage=stage, size=size, asked=asked[stage], arguments=[*read, *histograms, *outputs, *run])
    rankings = sum((fusion / f"{name}.h5").stat().st_size for name in ("scores", "reranked"))
    shown = [*options(dataset="m", root=folder / "data", model=f"m={model}"), *histograms, *run]
    yield Case(
        stage="write_explorer",
        size=size,
        asked=memory.exploring(
            features=4 * sum(rows.values()) * values, rankings=rankings, pictures=pictures, page_mb=PAGE_MB
        ),
        arguments=[*shown, *options(output=folder / "explorer.html")],
    )
    known = options(manifest=folder / "manifest.csv", summary=folder / "dataset.json")
    outputs = options(output=folder / "report.json", page=folder / "report.html", figures=folder / "figures")
    yield Case(
        stage="write_report",
        size=size,
        asked=memory.reporting(rankings=rankings, pictures=pictures, runs=1),
        arguments=[*shown, *known, *outputs],
    )


def network_stages(folder: Path, network: dict[str, Any], threads: int) -> Iterator[Case]:
    """Training, extraction and inspection of one network on a prepared data set in `folder`."""
    own = folder / "-".join(map(str, network.values()))
    weights = own / "model.safetensors"
    read = options(manifest=folder / "manifest.csv", summary=folder / "dataset.json", root=folder / "data")
    read += options(device="cpu", threads=threads)
    size = ", ".join(map(str, network.values()))
    batch = {name: network[name] for name in ("batch_size", "workers")}
    sizes = {"pixels": network["height"] * network["width"], "pictures": SCENES[0][0], "gpu": False}
    sizes["attended"] = memory.attended_cells(frames=1) if network["architecture"] == "stcanet" else 0
    learned: dict[str, Any] = {"processes": 1, "optimizer": "sgd", "average": False, "compiled": False}
    learned |= {"backbone": network["backbone"], "weights": memory.network_weights(network["backbone"])}
    short = options(start_weights="none", epochs=1, max_steps=4, validate_every=1)
    outputs = options(output=weights, history=own / "training.csv", work=own / "work")
    yield Case(
        stage="train_appearance",
        size=size,
        asked=memory.training(**sizes, **batch, **learned, held_out=SCENES[0][0] // 4),
        arguments=[*read, *options(**network), *short, *outputs],
    )
    described = [*read, *options(model=weights, name="m")]
    yield Case(
        stage="extract_features",
        size=size,
        asked=memory.extracting(weights=weights.stat().st_size, **sizes, **batch),
        arguments=described + options(output=own / "features.h5", work=own / "extraction", **batch),
    )
    yield Case(
        stage="inspect_model",
        size=size,
        asked=memory.inspecting(weights=weights.stat().st_size, units=8, **sizes),
        arguments=[*described, *options(output=own / "inspection.h5")],
    )


def counted(folder: Path, rows: int, cameras: int, threads: int) -> Iterator[Case]:
    """The histograms of many pictures, few people and many cameras."""
    manifest = memory_inputs.write_manifest(folder / "manifest.csv", rows, cameras)
    yield Case(
        stage="build_histograms",
        size=f"{rows:,} pictures, {cameras} cameras",
        asked=memory.counting(pictures=rows, cameras=cameras, bins=BINS),
        arguments=options(manifest=manifest, output=folder / "histograms.h5", threads=threads),
    )


def cases(folder: Path, arguments: argparse.Namespace) -> Iterator[Case]:
    """All cases, each to be run before the next is asked for."""
    threads = arguments.threads
    for processes in (1, 4, 8)[: arguments.sizes]:
        world = options(output=folder / f"world-{processes}", workers=processes)
        yield Case(
            stage="render_demo",
            size=f"{processes} processes",
            asked=memory.rendering(processes=processes),
            arguments=[*world, *options(train_identities=8, test_identities=8)],
        )
    for number, (pictures, values) in enumerate(SCENES[: arguments.sizes]):
        own = folder / str(number)
        own.mkdir()
        yield preparation(own, pictures, threads)
        yield from feature_stages(own, pictures, values, threads)
        yield from scoring_stages(own, pictures, values, threads)
    for network in NETWORKS[: arguments.sizes]:
        yield from network_stages(folder / "0", network, threads)
    for rows, cameras in MANIFESTS[: arguments.sizes]:
        own = folder / f"rows-{rows}"
        own.mkdir()
        yield from counted(own, rows, cameras, threads)


def main() -> None:
    """Run every case and print the table, a line at a time."""
    arguments = parse_arguments()
    print(
        "| stage | size | measured, MB | asked for, MB | asked / measured |\n| --- | --- | --- | --- | --- |",
        flush=True,
    )
    with tempfile.TemporaryDirectory() as folder:
        for case in cases(Path(folder), arguments):
            command = [sys.executable, str(PIPELINE / f"{case.stage}.py"), *map(str, case.arguments)]
            held = peak_megabytes(command)
            if not arguments.stages or case.stage in arguments.stages:
                ratio = f"{case.asked / held:.1f}"
                print(f"| {case.stage} | {case.size} | {held:,} | {case.asked:,} | {ratio} |", flush=True)


if __name__ == "__main__":
    main()
