"""Import a features.h5 made by another program: check its rows against the manifest, name data set and model."""

import argparse
import logging
from pathlib import Path

from streid.stage.cli import add_compute_arguments, run_stage, set_threads

logger = logging.getLogger(__name__)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    add = parser.add_argument
    add("--features", required=True, type=Path, help="features.h5 made by another program (docs/features.md)")
    add("--manifest", required=True, type=Path, help="manifest.csv of its data set")
    add("--dataset", required=True, help="the data set's name in results and reports")
    add("--name", required=True, help="the model's name in results and reports")
    add("--output", required=True, type=Path, help="features.h5 to write")
    add_compute_arguments(parser, device=False)
    return parser.parse_args()


def main() -> None:
    arguments = parse_arguments()
    set_threads(arguments.threads)
    from streid.data.imported import read_imported
    from streid.files.atomic import check_targets
    from streid.files.features import write_features

    check_targets((arguments.output,), (arguments.features, arguments.manifest))
    features = read_imported(arguments.features, arguments.manifest)
    write_features(
        arguments.output,
        dataset=arguments.dataset,
        model=arguments.name,
        dimension=features.groups["query"].features_ND.shape[1],
        groups={name: (group.sightings, [group.features_ND]) for name, group in features.groups.items()},
        unit=features.unit,
    )
    rows = ", ".join(f"{len(group.sightings):,} of {name}" for name, group in features.groups.items())
    logger.info("%s rows, %d values each", rows, features.groups["query"].features_ND.shape[1])


if __name__ == "__main__":
    run_stage(main)
