"""The command-line flags that every scoring stage has."""

import argparse
from pathlib import Path

from streid.scoring.fusion_records import DEFAULT_FUSION, FUSIONS
from streid.stage.cli import add_compute_arguments, automatic_or_number, positive_float, positive_int, seed_number


def add_scoring_arguments(parser: argparse.ArgumentParser, *, output: str, metrics: str) -> None:
    """Add inputs, outputs, the fusion's settings and the bootstrap's, and where to compute.

    Args:
        output: name of the rankings file, for the help text.
        metrics: name of the figures file.
    """
    parser.add_argument(
        "--features",
        type=Path,
        required=True,
        help="features.h5 with the groups query and gallery, and val to choose a weight on",
    )
    parser.add_argument("--histograms", type=Path, required=True, help="histograms.h5 of the data set")
    parser.add_argument("--output", type=Path, required=True, help=f"{output} to write: the rankings")
    parser.add_argument("--metrics", type=Path, required=True, help=f"{metrics} to write: the figures")
    add_fusion_arguments(parser)
    parser.add_argument(
        "--bootstrap",
        type=positive_int,
        default=1000,
        help="draws of people for the confidence intervals (default: %(default)s)",
    )
    add_compute_arguments(parser)


def add_fusion_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the fusion, its settings, and the seed of what is drawn."""
    parser.add_argument(
        "--fusion",
        choices=FUSIONS,
        default=DEFAULT_FUSION,
        help="how appearance and time become the joint score (default: %(default)s)",
    )
    parser.add_argument(
        "--alpha", type=positive_float, default=5.0, help="steepness of the logistic fusion (default: %(default)g)"
    )
    parser.add_argument(
        "--weight",
        type=automatic_or_number,
        default=None,
        metavar="auto|NUMBER",
        help="weight of the likelihood's log ratio beside the cosine; auto chooses it on the held-out identities of "
        "the features' group val, or takes a default from the spread of the cosines (default: auto)",
    )
    parser.add_argument(
        "--seed",
        type=seed_number,
        default=0,
        help="seed of the resampling, and of the pictures a weight is chosen on (default: %(default)s)",
    )


def fusion_settings(arguments: argparse.Namespace) -> dict[str, float | None]:
    """The given fusion's own settings among the arguments; None where it is to choose one."""
    return {name: getattr(arguments, name) for name in FUSIONS[arguments.fusion].settings}
