"""Re-rank the joint scores by k-reciprocal neighbours and measure the result."""

import argparse
import logging
import time
from pathlib import Path

from streid.scoring.rerank_settings import RerankSettings
from streid.scoring.scoring_arguments import add_scoring_arguments, chosen_fusion
from streid.stage.cli import run_stage, set_threads
from streid.stage.processes import peak_memory
from streid.stage.setting_flags import add_settings, read_settings

logger = logging.getLogger(__name__)


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    add_scoring_arguments(parser, output="reranked.h5", metrics="reranked.json")
    parser.add_argument(
        "--scores", type=Path, help="scores.h5 of the same features and fusion, to record the gain of re-ranking"
    )
    add_settings(parser, RerankSettings)
    return parser.parse_args()


def main() -> None:
    """Read features and histograms, re-rank, write ranking and figures."""
    arguments = parse_arguments()
    set_threads(arguments.threads)
    from streid.files.atomic import check_targets
    from streid.files.histograms import read_histograms
    from streid.files.rankings import read_query_results
    from streid.scoring.evaluation import check_test, read_scene, summary, write_results
    from streid.scoring.products import PairProducts, product_device
    from streid.scoring.rerank import rerank

    check_targets((arguments.output, arguments.metrics), (arguments.features, arguments.histograms, arguments.scores))
    settings = read_settings(arguments, RerankSettings)
    device = product_device(arguments.device)
    histograms = read_histograms(arguments.histograms)
    scene = read_scene(arguments.features)
    check_test(scene.query, scene.gallery, arguments.features)
    fusion = chosen_fusion(arguments, scene, histograms)
    earlier = read_query_results(arguments.scores, len(scene.query)) if arguments.scores else {}
    products = PairProducts(scene.features_ND, device, settings.precision)
    started = time.perf_counter()
    ranker = rerank(scene, fusion, products, settings)
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
