"""Score query against gallery by appearance, by time, and by both, and measure each stream."""

import argparse
import logging
import time

from streid.scoring.scoring_arguments import add_scoring_arguments, chosen_fusion
from streid.stage.cli import run_stage, set_threads
from streid.stage.processes import peak_memory

logger = logging.getLogger(__name__)


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    add_scoring_arguments(parser, output="scores.h5", metrics="scores.json")
    return parser.parse_args()


def main() -> None:
    """Read features and histograms, rank the streams, write rankings and figures."""
    arguments = parse_arguments()
    set_threads(arguments.threads)
    from streid.files.atomic import check_targets
    from streid.files.histograms import read_histograms
    from streid.scoring.audit import log_audit
    from streid.scoring.evaluation import check_test, rank_streams, read_scene, summary, write_results
    from streid.scoring.products import PairProducts, product_device

    check_targets((arguments.output, arguments.metrics), (arguments.features, arguments.histograms))
    device = product_device(arguments.device)
    histograms = read_histograms(arguments.histograms)
    scene = read_scene(arguments.features)
    check_test(scene.query, scene.gallery, arguments.features)
    fusion = chosen_fusion(arguments, scene, histograms)
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
        peak_memory() / 1e9,
    )
    log_audit(content["audit"], fusion.name)
    for name, figures in content["streams"].items():
        logger.info("%s: rank-1 %.2f %%, mAP %.2f %%", name, 100 * figures["rank1"], 100 * figures["mAP"])
    write_results(arguments.output, arguments.metrics, scene, content, rankers)


if __name__ == "__main__":
    run_stage(main)
