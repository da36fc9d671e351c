"""Time a search for one picture in a gallery of 100,000: describing the picture, and finding the best rows.

What `search_gallery.py` does after it has loaded model, features and histograms. Each length of features is timed in a
process of its own; the figures are those of the first search and the median of the others.
"""

import argparse
import logging
import os
import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "pipeline"))

from streid.stage.cli import positive_int, set_threads

MODELS = {2048: ("baseline", 256, 128), 12288: ("pcb", 384, 192)}
SEARCHES = 6
ROWS_AT_ONCE = 4096


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=positive_int, default=100_000, help="gallery pictures (default: %(default)s)")
    parser.add_argument("--lengths", type=int, nargs="+", choices=MODELS, default=list(MODELS), help="(default: all)")
    parser.add_argument("--threads", type=positive_int, default=os.cpu_count() or 1, help="(default: %(default)s)")
    parser.add_argument("--measure", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


def main() -> None:
    """Measure one length here, or each in a process of its own, and print a Markdown table."""
    arguments = parse_arguments()
    set_threads(arguments.threads)
    if arguments.measure:
        print(measure(arguments.rows, arguments.lengths[0], arguments.threads))
        return
    print("| rows x values | feature computed, s | gallery searched, s | both, first time, s |\n|---|---|---|---|")
    for length in arguments.lengths:
        command = [sys.executable, __file__, "--measure", "--rows", str(arguments.rows), "--lengths", str(length)]
        done = subprocess.run(
            [*command, "--threads", str(arguments.threads)], check=True, capture_output=True, text=True
        )
        print(done.stdout.splitlines()[-1], flush=True)


def measure(rows: int, length: int, threads: int) -> str:
    """The table's line for features of one length."""
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(message)s")
    import numpy as np
    import torch
    from PIL import Image

    import scenes
    from streid.appearance.inference import Inference
    from streid.appearance.models import ModelConfig, build_model
    from streid.data.picture_source import PictureSource
    from streid.scoring.fusion import logistic_fusion
    from streid.scoring.search import Gallery
    from streid.spatiotemporal.travel_histograms import build_histograms

    torch.set_num_threads(threads)
    training = scenes.simulate_training(scenes.MARKET)
    histograms = build_histograms(training, bin_width=100, max_bins=5000, sigma=50)
    rng = np.random.default_rng(0)
    features_GD = np.empty((rows, length), np.float32)
    for start in range(0, rows, ROWS_AT_ONCE):
        rng.standard_normal(out=features_GD[start : start + ROWS_AT_ONCE], dtype=np.float32)
    features_GD /= np.float32(np.sqrt(length))
    gallery = Gallery(
        sightings=training.take(rng.integers(0, len(training), rows)),
        features_GD=features_GD,
        fusion=logistic_fusion(histograms, 5.0),
        histograms=histograms,
    )
    architecture, height, width = MODELS[length]
    config = ModelConfig(architecture=architecture, backbone="resnet50", identities=751, height=height, width=width)
    model = build_model(config).to(memory_format=torch.channels_last)
    asking = training.take(slice(0, 1))
    with TemporaryDirectory() as folder:
        Image.fromarray(rng.integers(0, 256, (256, 128, 3), np.uint8)).save(Path(folder) / "person.jpg")
        inference = Inference(
            config=config, source=PictureSource(Path(folder)), device=torch.device("cpu"), batch_size=64
        )
        computed, searched = [], []
        for _ in range(SEARCHES):
            started = time.perf_counter()
            (features_1D,) = inference.features(model, [[("person.jpg",)]])
            computed.append(time.perf_counter() - started)
            found = gallery.search(features_1D[0], asking, top=10)
            searched.append(time.perf_counter() - started - computed[-1])
    if len(found.rows_K) != min(10, rows):
        sys.exit("the search found too little")
    first = computed[0] + searched[0]
    return f"| {rows:,} x {length:,} | {median(computed[1:]):.2f} | {median(searched[1:]):.2f} | {first:.2f} |"


if __name__ == "__main__":
    main()
