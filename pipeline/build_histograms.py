"""Build the spatial-temporal histograms of a data set from the identities of its manifest's splits train and val."""

import argparse
import logging
import time
from pathlib import Path

from streid.cli import add_compute_arguments, positive_float, positive_int, run_stage, set_threads

logger = logging.getLogger(__name__)


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--manifest", type=Path, required=True, help="manifest.csv of the data set")
    parser.add_argument("--output", type=Path, required=True, help="histograms.h5 to write")
    parser.add_argument(
        "--bin-width",
        type=positive_float,
        default=100.0,
        help="time per bin, in the manifest's time unit (default: %(default)g)",
    )
    parser.add_argument(
        "--max-bins",
        type=positive_int,
        default=5000,
        help="most bins per camera pair; longer time differences are left out (default: %(default)s)",
    )
    parser.add_argument(
        "--sigma",
        type=positive_float,
        default=50.0,
        help="standard deviation of the smoothing window, in bins (default: %(default)g)",
    )
    add_compute_arguments(parser, device=False)
    return parser.parse_args()


def main() -> None:
    """Read the manifest, count, smooth, write."""
    arguments = parse_arguments()
    set_threads(arguments.threads)
    from streid.data.manifest import read_manifest, sightings
    from streid.spatiotemporal.histograms import build_histograms
    from streid.tables import write_histograms

    table = read_manifest(arguments.manifest)
    training = sightings(table[table["split"].isin(("train", "val"))])
    started = time.perf_counter()
    histograms = build_histograms(
        training, bin_width=arguments.bin_width, max_bins=arguments.max_bins, sigma=arguments.sigma
    )
    logger.info(
        "%d time differences of %d identities, %d cameras, %d sessions, %d bins of %g (%.2f s)",
        histograms.counts_CCB.sum(),
        histograms.identities,
        len(histograms.cameras_C),
        histograms.sessions,
        histograms.counts_CCB.shape[2],
        histograms.bin_width,
        time.perf_counter() - started,
    )
    write_histograms(arguments.output, histograms)


if __name__ == "__main__":
    run_stage(main)
