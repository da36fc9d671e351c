"""Score query against gallery by appearance, by time, and by both, and measure each stream."""

import argparse
import logging
import resource
import time
from pathlib import Path

from streid.cli import add_compute_arguments, non_negative_int, positive_float, positive_int, run_stage, set_threads

logger = logging.getLogger(__name__)


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--features", type=Path, required=True, help="features.h5 with the groups query and gallery")
    parser.add_argument("--histograms", type=Path, required=True, help="histograms.h5 of the data set")
    parser.add_argument("--output", type=Path, required=True, help="scores.h5 to write: the rankings")
    parser.add_argument("--metrics", type=Path, required=True, help="scores.json to write: the figures")
    parser.add_argument(
        "--fusion",
        choices=("logistic", "none"),
        default="logistic",
        help="how appearance and time become the joint score (default: %(default)s)",
    )
    parser.add_argument(
        "--alpha", type=positive_float, default=5.0, help="steepness of the logistic fusion (default: %(default)g)"
    )
    parser.add_argument(
        "--bootstrap",
        type=positive_int,
        default=1000,
        help="resamples for the confidence intervals (default: %(default)s)",
    )
    parser.add_argument(
        "--seed", type=non_negative_int, default=0, help="seed of the resampling (default: %(default)s)"
    )
    add_compute_arguments(parser)
    return parser.parse_args()


def main() -> None:
    """Read features and histograms, rank the streams, write rankings and figures."""
    arguments = parse_arguments()
    set_threads(arguments.threads)
    from streid.artifacts import read_features, read_histograms, write_json, write_rankings
    from streid.scoring.evaluation import make_fusion, make_scene, rank_streams, summary
    from streid.scoring.products import PairProducts, product_device

    device = product_device(arguments.device)
    histograms = read_histograms(arguments.histograms)
    scene = make_scene(read_features(arguments.features))
    fusion = make_fusion(arguments.fusion, histograms, alpha=arguments.alpha)
    started = time.perf_counter()
    rankers = rank_streams(scene, histograms, fusion, PairProducts(scene.features_ND, device))
    content = summary(
        scene,
        histograms,
        {"name": fusion.name, **fusion.parameters},
        {name: ranker.outcomes for name, ranker in rankers.items()},
        resamples=arguments.bootstrap,
        seed=arguments.seed,
    )
    logger.info(
        "%d queries x %d pictures: %.1f s, peak memory %.2f GB",
        len(scene.query),
        len(scene.gallery),
        time.perf_counter() - started,
        resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6,
    )
    if not content["audit"]["pairs_with_time"]:
        logger.warning("no pair of pictures has a spatial-temporal score: that stream ranks by row alone")
    for name, figures in content["streams"].items():
        logger.info("%s: rank-1 %.2f %%, mAP %.2f %%", name, 100 * figures["rank1"], 100 * figures["mAP"])
    streams = {name: ranker.ranking() for name, ranker in rankers.items()}
    write_rankings(arguments.output, dataset=scene.dataset, model=scene.model, streams=streams)
    write_json(arguments.metrics, content)


if __name__ == "__main__":
    run_stage(main)
