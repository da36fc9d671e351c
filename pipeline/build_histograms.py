"""Build the spatial-temporal histograms and likelihood of a data set from its training and validation identities."""

import argparse
import logging
import time
from dataclasses import replace
from pathlib import Path

from streid.spatiotemporal.histogram_settings import HistogramSettings
from streid.stage.cli import add_compute_arguments, run_stage, set_threads
from streid.stage.setting_flags import add_settings, read_settings

logger = logging.getLogger(__name__)


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--manifest", type=Path, help="manifest.csv of the data set; its splits train and val are used")
    source.add_argument(
        "--features",
        type=Path,
        help="features.h5 made by another program; its groups train and val are used; if there is only val, half of "
        "its identities are held out to choose the likelihood's weight",
    )
    parser.add_argument("--summary", type=Path, help="dataset.json made with the manifest, to check the manifest")
    parser.add_argument("--output", type=Path, required=True, help="histograms.h5 to write")
    add_settings(parser, HistogramSettings)
    add_compute_arguments(parser, device=False)
    return parser.parse_args()


def main() -> None:
    """Read who was seen where and when, count, smooth, fit, write."""
    arguments = parse_arguments()
    set_threads(arguments.threads)
    from streid.files.atomic import check_targets
    from streid.files.histograms import write_histograms
    from streid.spatiotemporal.doubtful_times import doubtful_times
    from streid.spatiotemporal.likelihood import fit_held_out, fit_likelihood
    from streid.spatiotemporal.training_sightings import training_of_features, training_of_manifest
    from streid.spatiotemporal.travel_histograms import build_histograms

    settings = read_settings(arguments, HistogramSettings)
    check_targets((arguments.output,), (arguments.manifest, arguments.summary, arguments.features))
    if arguments.manifest is not None:
        training = training_of_manifest(arguments.manifest, arguments.summary)
    else:
        training = training_of_features(arguments.features, seed=settings.seed)
    started = time.perf_counter()
    histograms = build_histograms(
        training.sightings, bin_width=settings.bin_width, max_bins=settings.max_bins, sigma=settings.sigma
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
    started = time.perf_counter()
    likelihood = fit_likelihood(training.sightings, seed=settings.seed)
    held_out = fit_held_out(training.sightings, training.held_out_H, seed=settings.seed)
    logger.info(
        "likelihood of %d identities, %d cameras, %d sessions, bins of %d%s; %s (%.2f s)",
        likelihood.identities,
        len(likelihood.cameras_C),
        likelihood.sessions,
        likelihood.bin_width,
        f", wider from bin {likelihood.equal_bins} on" if likelihood.equal_bins else "",
        f"and again without {len(held_out.pids_H)} held out" if held_out else "no identities held out",
        time.perf_counter() - started,
    )
    doubts = doubtful_times(training.sightings)
    for doubt in doubts:
        logger.warning("%s", doubt)
    warnings = (*histograms.warnings, *doubts)
    write_histograms(arguments.output, replace(histograms, likelihood=likelihood, held_out=held_out, warnings=warnings))


if __name__ == "__main__":
    run_stage(main)
