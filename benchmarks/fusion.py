"""Compare the fusions on simulated appearance: the paper's joint score and the likelihood's, and both re-ranked.

Prints Markdown tables, rank-1 / mAP in percent.
"""

import argparse
import itertools
import logging
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "pipeline"))

from streid.errors import InputError
from streid.stage.cli import (
    add_compute_arguments,
    non_negative_int,
    positive_float,
    positive_int,
    run_stage,
    set_threads,
)

if TYPE_CHECKING:
    from simulated_sets import SimulatedSet

logger = logging.getLogger(__name__)

SETS = ("market", "duke-like", "msmt-like")
STRENGTH_NAMES = ("recipe", "camera 0.6", "camera 2.0", "noise 2")


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--lists",
        type=Path,
        help="folder with Market-1501's picture names, one a line, in bounding_box_train.txt, bounding_box_test.txt "
        "and query.txt; without it the set market is left out",
    )
    parser.add_argument(
        "--sets", nargs="+", choices=SETS, help="what to run (default: all, market only where --lists is given)"
    )
    parser.add_argument("--seeds", nargs="+", type=non_negative_int, default=(0, 1, 2), help="draws (default: 0 1 2)")
    parser.add_argument(
        "--strength",
        nargs="+",
        choices=STRENGTH_NAMES,
        default=("recipe",),
        help="of appearance: recipe, or with smaller or larger camera offsets or more noise (default: recipe)",
    )
    parser.add_argument(
        "--duke-scale",
        type=positive_float,
        default=1.0,
        help="share of DukeMTMC-reID's identities in duke-like (default: %(default)g)",
    )
    parser.add_argument(
        "--msmt-scale",
        type=positive_float,
        default=0.25,
        help="share of MSMT17's identities in msmt-like (default: %(default)g)",
    )
    parser.add_argument(
        "--identities",
        nargs="+",
        type=positive_int,
        default=(),
        help="also the joint scores with only so many training identities",
    )
    parser.add_argument(
        "--all-cameras",
        action="store_true",
        help="also count right matches in the query's own camera, which the protocol ignores",
    )
    add_compute_arguments(parser, device=False)
    return parser.parse_args()


def simulate(arguments: argparse.Namespace, name: str, seed: int) -> "SimulatedSet":
    """The set called `name`, one of SETS, as drawn by `seed`."""
    from simulated_sets import duke_like, market, msmt_like

    if name == "market":
        return market(arguments.lists)
    if name == "duke-like":
        return duke_like(seed=seed, scale=arguments.duke_scale)
    return msmt_like(seed=seed, scale=arguments.msmt_scale)


def main() -> None:
    """Simulate, measure, print."""
    arguments = parse_arguments()
    set_threads(arguments.threads)
    names = arguments.sets or (SETS if arguments.lists else SETS[1:])
    if "market" in names and arguments.lists is None:
        raise InputError("the set market needs Market-1501's picture names; give their folder with --lists")
    from fusion_runs import compare, thin_out
    from fusion_tables import compare_fusions, compare_thinned, compare_weights
    from simulated_sets import STRENGTHS

    logging.getLogger("streid").setLevel(logging.WARNING)
    compared, thinned = [], []
    for strength, name, seed in itertools.product(arguments.strength, names, arguments.seeds):
        started = time.perf_counter()
        label = f"{name} {seed}" if strength == "recipe" else f"{name} {seed}, {strength}"
        world = simulate(arguments, name, seed)
        rows = compare(world, STRENGTHS[strength], label, seed=seed, all_cameras=arguments.all_cameras)
        compared.append(rows)
        thinned += thin_out(world, STRENGTHS[strength], label, arguments.identities, seed=seed)
        logger.info("%s: %.0f s", label, time.perf_counter() - started)
    print(compare_fusions([rows["protocol"] for rows in compared]), end="\n\n")
    print(compare_weights([rows["protocol"] for rows in compared]))
    if arguments.all_cameras:
        print("\nRight matches in the query's own camera counted too:\n")
        print(compare_fusions([rows["all cameras"] for rows in compared]))
    if thinned:
        print("\nFewer training identities, default weight:\n")
        print(compare_thinned(thinned))


if __name__ == "__main__":
    run_stage(main)
