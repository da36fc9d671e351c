"""What threads cost that wait for work awake, beside a job that keeps one core busy.

Trains a small network and scores a set of Market-1501's size, each in a process of its own, with threads that sleep
while they wait, as the stages set it, and with threads that spin, as the libraries do otherwise. Prints a Markdown
table of medians.
"""

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "pipeline"))

from streid.stage.cli import positive_int, set_threads

BUSY = "while True: pass"
POLICIES = {"asleep": {}, "spinning": {"OMP_WAIT_POLICY": "", "GOMP_SPINCOUNT": "300000"}}  # 300,000: libgomp's own
PARTS = {"training": "pictures/s, training", "scoring": "queries/s, scoring"}
BATCH, DIMENSION = 32, 512


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=positive_int, default=os.cpu_count() or 1, help="(default: %(default)s)")
    parser.add_argument("--rounds", type=positive_int, default=3, help="of which the median counts (default: 3)")
    parser.add_argument("--steps", type=positive_int, default=20, help="of training in a round (default: %(default)s)")
    parser.add_argument("--queries", type=positive_int, default=1000, help="scored in a round (default: %(default)s)")
    parser.add_argument("--measure", choices=PARTS, help=argparse.SUPPRESS)
    return parser.parse_args()


def training_speed(steps: int, threads: int) -> float:
    """Pictures per second of forward, backward and update of a ResNet18 on one batch in memory."""
    import torch

    from streid.appearance.losses import training_loss
    from streid.appearance.models import ModelConfig, build_model
    from streid.appearance.train_settings import LossSettings

    torch.set_num_threads(threads)
    shape = ModelConfig(architecture="baseline", backbone="resnet18", identities=100, height=128, width=64)
    model, labels = build_model(shape).train(), torch.arange(BATCH) % 100
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    pictures, no_masks = torch.randn(BATCH, 3, shape.height, shape.width), torch.empty(0)
    started = 0.0
    for step in range(steps + 2):
        if step == 2:
            started = time.perf_counter()
        optimizer.zero_grad(set_to_none=True)
        training_loss(model(pictures), labels, no_masks, LossSettings()).backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    return steps * BATCH / (time.perf_counter() - started)


def scoring_speed(queries: int) -> float:
    """Queries per second of all three streams of a set with Market-1501's gallery."""
    from dataclasses import replace

    import parts
    import scenes

    size = replace(scenes.MARKET, queries=queries)
    scene, histograms = parts.make_scene(size, DIMENSION), parts.make_histograms(size)
    parts.streams(scene, histograms)  # compiles
    return queries / float(parts.timed(lambda: parts.streams(scene, histograms))["seconds"])


def run(part: str, policy: str, arguments: argparse.Namespace) -> float:
    """One part's speed in a process of its own."""
    settings = [f"--{name}={getattr(arguments, name)}" for name in ("threads", "steps", "queries")]
    unset = {name: value for name, value in os.environ.items() if name not in POLICIES["spinning"]}
    done = subprocess.run(
        [sys.executable, __file__, "--measure", part, *settings],
        env=unset | POLICIES[policy],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(f"{part} failed:\n{done.stderr}")
    return float(done.stdout.split()[-1])


def main() -> None:
    """Measure both parts under both policies, alone and beside a busy core; or measure one part."""
    arguments = parse_arguments()
    set_threads(arguments.threads)
    if arguments.measure == "training":
        print(training_speed(arguments.steps, arguments.threads))
    elif arguments.measure == "scoring":
        print(scoring_speed(arguments.queries))
    else:
        print(table(arguments))


def table(arguments: argparse.Namespace) -> str:
    """The Markdown table; the rounds take turns, so that what else the machine does meets all columns."""
    columns = [(company, policy) for company in ("alone", "beside a busy core") for policy in POLICIES]
    lines = ["| | " + " | ".join(f"{company}, {policy}" for company, policy in columns) + " |", "|---" * 5 + "|"]
    for part, label in PARTS.items():
        speeds: dict[tuple[str, str], list[float]] = {column: [] for column in columns}
        for company, policy in columns * arguments.rounds:
            busy = [] if company == "alone" else [subprocess.Popen([sys.executable, "-c", BUSY])]
            try:
                speeds[company, policy].append(run(part, policy, arguments))
            finally:
                for process in busy:
                    process.kill()
                    process.wait()
        lines.append(f"| {label} | " + " | ".join(f"{median(speeds[column]):,.1f}" for column in columns) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
