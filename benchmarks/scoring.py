"""Time scoring at the sizes of Market-1501 and MSMT17 beside the bare products and beside Python loops.

Every part runs in a process of its own, the parts in turn, so that memory is each part's and a slow spell of
the machine meets all of them. Prints a Markdown table of medians.
"""

import argparse
import json
import logging
import os
import platform
import subprocess
import sys
from pathlib import Path
from statistics import median
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "pipeline"))

from streid.stage.cli import positive_int, set_threads

SIZES = {"market-2048": ("MARKET", 2048), "market-12288": ("MARKET", 12288), "msmt17-2048": ("MSMT17", 2048)}
PARTS = ("bare", "whole", "whole-bf16", "bare-joint", "joint", "streams", "naive")
LABELS = {
    "bare": "bare product of all pairs (torch)",
    "whole": "all-pairs joint, re-ranking, metrics",
    "whole-bf16": "the same with bf16 candidates",
    "bare-joint": "bare product query x gallery (torch)",
    "joint": "joint stream alone: product, fusion, metrics",
    "streams": "visual, temporal and joint streams",
    "naive": "Python loops, scaled up",
}
BARE = {"whole": "bare", "whole-bf16": "bare", "joint": "bare-joint", "streams": "bare-joint", "naive": "bare"}
Results = dict[str, list[dict[str, Any]]]


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", nargs="+", choices=tuple(SIZES), default=tuple(SIZES))
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS, help="(default: all)")
    parser.add_argument("--repeats", type=positive_int, default=3, help="rounds (default: %(default)s)")
    parser.add_argument("--threads", type=positive_int, default=os.cpu_count() or 1, help="(default: %(default)s)")
    parser.add_argument(
        "--lists", type=Path, help="folder with bounding_box_train.txt, Market-1501's names, for the histogram's timing"
    )
    parser.add_argument("--measure", nargs=2, metavar=("PART", "SIZE"), help=argparse.SUPPRESS)
    return parser.parse_args()


def main() -> None:
    """Run all parts of all sizes and print the tables; or measure one part."""
    arguments = parse_arguments()
    set_threads(arguments.threads)
    if arguments.measure:
        print(json.dumps(measure(arguments.measure[0], arguments.measure[1], arguments.lists)))
        return
    print(machine(arguments.threads))
    found = [run("histogram", "market-2048", arguments) for _ in range(arguments.repeats)]
    seconds = median(one["seconds"] for one in found)
    print(f"\nHistograms of {found[0]['pictures']} training pictures: {seconds:.3f} s")
    for size in arguments.sizes:
        results: Results = {part: [] for part in arguments.parts}
        for _ in range(arguments.repeats):
            for part in arguments.parts:
                results[part].append(run(part, size, arguments))
        print(table(size, results), flush=True)


def measure(part: str, size: str, lists: Path | None) -> dict[str, Any]:
    """One part's seconds, memory and figures, in this process."""
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(message)s")
    import parts
    import scenes

    if part == "histogram":
        return parts.histogram_seconds(lists)
    name, dimension = SIZES[size]
    return parts.measure(part, getattr(scenes, name), dimension)


def run(part: str, size: str, arguments: argparse.Namespace) -> dict[str, Any]:
    """One part measured in a process of its own."""
    command = [sys.executable, __file__, "--measure", part, size, "--threads", str(arguments.threads)]
    command += ["--lists", str(arguments.lists)] if arguments.lists else []
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{part} at {size} failed:\n{done.stderr}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def table(size: str, results: Results) -> str:
    """The Markdown table of one size."""
    import parts
    import scenes

    name, dimension = SIZES[size]
    shape: scenes.Size = getattr(scenes, name)
    total = shape.queries + shape.gallery
    scale = (total / parts.NAIVE_PICTURES) ** 2
    factor = {part: scale if part == "naive" else 1.0 for part in results}
    seconds = {part: factor[part] * median(one["seconds"] for one in found) for part, found in results.items()}
    lines = [
        f"\n{shape.name}: {total:,} pictures ({shape.queries:,} queries) x {dimension:,} values, "
        f"{4 * total * dimension / 1e9:.2f} GB of features\n",
        "| | seconds | / bare product | memory beside features | rank-1 | mAP |",
        "|---|---|---|---|---|---|",
    ]
    for part, found in results.items():
        bare = seconds.get(BARE.get(part, ""))
        ratio = f"{seconds[part] / bare:.2f}" if bare else ""
        memory = factor[part] * median(one["memory"] for one in found) / 1e9
        shown = [f"{found[0][key]:.4f}" if key in found[0] and part != "naive" else "" for key in ("rank1", "mAP")]
        lines.append(f"| {LABELS[part]} | {seconds[part]:,.2f} | {ratio} | {memory:.2f} GB | {' | '.join(shown)} |")
    return "\n".join(lines)


def machine(threads: int) -> str:
    """What was measured on."""
    from importlib.metadata import version

    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    model = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.machine())
    versions = ", ".join(f"{name} {version(name)}" for name in ("numpy", "numba", "torch"))
    return f"{model}, {os.cpu_count()} cores, {threads} threads; Python {platform.python_version()}, {versions}"


if __name__ == "__main__":
    main()
