"""Merge the shards that extract_features jobs wrote into one features.h5."""

import argparse
from pathlib import Path

from streid.stage.cli import add_compute_arguments, run_stage, set_threads


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    add = parser.add_argument
    add("--shards", required=True, type=Path, nargs="+", help="every shard of one extraction, in any order")
    add("--output", required=True, type=Path, help="features.h5 to write")
    add_compute_arguments(parser, device=False)
    return parser.parse_args()


def main() -> None:
    arguments = parse_arguments()
    set_threads(arguments.threads)
    from streid.files.atomic import check_targets
    from streid.files.feature_shards import merge_shards

    check_targets((arguments.output,), arguments.shards)
    merge_shards(arguments.shards, arguments.output)


if __name__ == "__main__":
    run_stage(main)
