"""Compare the models of a finished report: what each reached, from what chance, and for how much training.

Prints Markdown tables, rank-1 / mAP in percent.
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "pipeline"))

from streid.stage.cli import positive_int, run_stage, set_threads


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("results", type=Path, help="a data set's results, with report.json: results/demo")
    parser.add_argument(
        "--draws", type=positive_int, default=5, help="of random scores, for chance (default: %(default)s)"
    )
    return parser.parse_args()


def main() -> None:
    """Read the report, measure chance, print."""
    arguments = parse_arguments()
    set_threads(1)
    from model_tables import compare_models, read_models, tell_training

    models = read_models(arguments.results, draws=arguments.draws)
    print(compare_models(models))
    print()
    print(tell_training(models))


if __name__ == "__main__":
    run_stage(main)
