"""Re-rank the joint scores by k-reciprocal neighbours and measure the result."""

import argparse
import logging
import time
from pathlib import Path

from streid.scoring.scoring_arguments import add_scoring_arguments, fusion_settings
from streid.stage.cli import fraction, positive_int, run_stage, set_threads
from streid.stage.processes import peak_memory

logger = logging.getLogger(__name__)


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    add_scoring_arguments(parser, output="reranked.h5", metrics="reranked.json")
    parser.add_argument(
        "--scores", type=Path, help="scores.h5 of the same features and fusion, to record the gain of re-ranking"
    )
    parser.add_argument("--k1", type=positive_int, default=20, help="neighbours to use (default: %(default)s)")
    parser.add_argument("--k2", type=positive_int, default=6, help="neighbours to average over (default: %(default)s)")
    parser.add_argument(
        "--average",
        choices=("nearest", "cross-camera"),
        default="nearest",
        help="which k2 neighbours: the nearest, as in the paper, or half from its own camera and half from other "
        "cameras, so that the camera's look does not dominate the average (default: %(default)s)",
    )
    parser.add_argument(
        "--lambda",
        dest="lambda_",
        type=fraction,
        default=0.3,
        help="weight of the original distance (default: %(default)g)",
    )
    parser.add_argument(
        "--precision",
        choices=("fp32", "bf16"),
        default="fp32",
        help="of the products between all pictures; bf16 finds candidates with rounded features, four times as many as "
        "needed, and scores these again in float32 (default: %(default)s)",
    )
    parser.add_argument(
        "--block-rows",
        type=positive_int,
        default=2048,
        help="pictures per block of scores; fewer need less memory (default: %(default)s)",
    )
    return parser.parse_args()


def main() -> None:
    """Read features and histograms, re-rank, write ranking and figures."""
    arguments = parse_arguments()
    set_threads(arguments.threads)
    from streid.files.atomic import check_targets
    from streid.files.histograms import read_histograms
    from streid.files.rankings import read_query_results
    from streid.scoring.evaluation import check_test, read_scene, summary, write_results
    from streid.scoring.fusion_records import FusionRequest, make_fusion
    from streid.scoring.products import PairProducts, product_device
    from streid.scoring.rerank import RerankSettings, rerank

    check_targets((arguments.output, arguments.metrics), (arguments.features, arguments.histograms, arguments.scores))
    settings = RerankSettings(k1=arguments.k1, k2=arguments.k2, lambda_=arguments.lambda_, average=arguments.average)
    device = product_device(arguments.device)
    histograms = read_histograms(arguments.histograms)
    scene = read_scene(arguments.features)
    check_test(scene.query, scene.gallery, arguments.features)
    request = FusionRequest(
        histograms=histograms,
        scene=scene,
        features=arguments.features,
        settings=fusion_settings(arguments),
        seed=arguments.seed,
    )
    fusion = make_fusion(arguments.fusion, request)
    earlier = read_query_results(arguments.scores, len(scene.query)) if arguments.scores else {}
    products = PairProducts(scene.features_ND, device, arguments.precision)
    started = time.perf_counter()
    ranker = rerank(scene, fusion, products, settings, block_rows=arguments.block_rows)
    content = summary(
        scene,
        histograms,
        {
            "name": fusion.name,
            **fusion.parameters,
            "k1": settings.k1,
            "k2": settings.k2,
            "lambda": settings.lambda_,
            "average": settings.average,
            "precision": products.precision,
        },
        {"reranked": ranker.outcomes},
        resamples=arguments.bootstrap,
        seed=arguments.seed,
        earlier=earlier,
    )
    logger.info(
        "re-ranked %d pictures: %.1f s, peak memory %.2f GB",
        len(products),
        time.perf_counter() - started,
        peak_memory() / 1e9,
    )
    figures = content["streams"]["reranked"]
    logger.info("reranked: rank-1 %.2f %%, mAP %.2f %%", 100 * figures["rank1"], 100 * figures["mAP"])
    write_results(arguments.output, arguments.metrics, scene, content, {"reranked": ranker})


if __name__ == "__main__":
    run_stage(main)
