"""Search a gallery for one person by one or several pictures and, if known, their camera and time."""

import argparse
import logging
import time
from pathlib import Path

from streid.scoring.scoring_arguments import add_fusion_arguments, fusion_settings
from streid.stage.cli import add_compute_arguments, non_negative_int, positive_int, run_stage, set_threads

logger = logging.getLogger(__name__)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--model", required=True, type=Path, metavar="DIR", help="the model's folder, with model.safetensors")
    add("--features", required=True, type=Path, help="features.h5 whose gallery is searched, made with that model")
    add("--image", required=True, type=Path, nargs="+", help="picture of the person, or several of one pass")
    add("--camid", type=non_negative_int, help="the picture's camera, as the data set numbers it")
    add("--session", type=non_negative_int, help="session of its time; not needed if the gallery has only one")
    add(
        "--time",
        type=non_negative_int,
        help="its time on the session's clock; without camera and time only appearance counts",
    )
    add("--top", type=positive_int, default=10, help="number of pictures to show (default: %(default)s)")
    add("--histograms", type=Path, help="histograms.h5 (default: the one in the features' data set's folder)")
    add_fusion_arguments(parser)
    add("--json", action="store_true", help="print JSON instead of a table")
    add("--html", type=Path, metavar="FILE", help="also write a page with the pictures; needs --root or --packed")
    add("--root", type=Path, help="the data set's folder, for the gallery's pictures")
    add("--packed", type=Path, help="the data set's pictures in one file, instead of the folder")
    add_compute_arguments(parser)
    return parser.parse_args()


def main() -> None:
    arguments = parse_arguments()
    set_threads(arguments.threads)
    timed = any(value is not None for value in (arguments.camid, arguments.session, arguments.time))
    tables = arguments.histograms or arguments.features.absolute().parent.parent / "histograms.h5"
    weights = check_request(arguments, tables if timed else None)
    import torch

    from streid.appearance.inference import Inference
    from streid.appearance.models import load_model
    from streid.data.picture_source import PictureSource
    from streid.files.atomic import write_text
    from streid.files.histograms import read_histograms
    from streid.reporting.search_page import list_finds, render_finds, tabulate
    from streid.scoring.evaluation import read_scene
    from streid.scoring.fusion_records import FusionRequest, make_fusion
    from streid.scoring.search import Gallery, place_and_time
    from streid.stage.devices import choose_device

    model, config = load_model(weights)
    scene = read_scene(arguments.features)
    check_match(arguments.features, scene.features_ND.shape[1], weights, model.feature_length)
    fusion = histograms = asking = None
    if timed:
        histograms = read_histograms(tables)
        place = {name: getattr(arguments, name) for name in ("camid", "session", "time")}
        asking = place_and_time(scene.gallery, histograms, **place)
        request = FusionRequest(
            histograms=histograms,
            scene=scene,
            features=arguments.features,
            settings=fusion_settings(arguments),
            seed=arguments.seed,
        )
        fusion = make_fusion(arguments.fusion, request)
    device = choose_device(arguments.device)
    torch.set_num_threads(arguments.threads)
    inference = Inference(config=config, source=PictureSource(Path(), confined=False), device=device, batch_size=64)
    model = model.to(device).to(memory_format=torch.channels_last)
    gallery = Gallery(
        sightings=scene.gallery,
        features_GD=scene.features_ND[len(scene.query) :],
        fusion=fusion,
        histograms=histograms,
    )
    started = time.perf_counter()
    (features_1D,) = inference.features(model, [[tuple(map(str, arguments.image))]])
    found = gallery.search(features_1D[0], asking, top=arguments.top)
    logger.info("searched %d pictures in %.2f s", len(scene.gallery), time.perf_counter() - started)
    finds = list_finds(scene, found, fusion, asking, [str(image) for image in arguments.image])
    if arguments.html:
        write_text(arguments.html, render_finds(finds, PictureSource(arguments.root, arguments.packed)))
    print(finds.json() if arguments.json else tabulate(finds))


def check_request(arguments: argparse.Namespace, tables: Path | None) -> Path:
    """Check inputs and outputs before anything is loaded; returns the model's file."""
    from streid.errors import InputError
    from streid.files.atomic import check_targets

    if tables and not tables.is_file():
        raise InputError(f"{tables}: no such file; give the data set's histograms.h5 by --histograms to use the time")
    if arguments.html and not (arguments.root or arguments.packed):
        raise InputError("--html needs the gallery's pictures: give --root or --packed")
    for image in arguments.image:
        if not image.is_file():
            raise InputError(f"{image}: no such picture")
    weights: Path = arguments.model / "model.safetensors"
    check_targets((arguments.html,), (weights, arguments.features, tables, arguments.packed, *arguments.image))
    return weights


def check_match(features: Path, values: int, weights: Path, model_values: int) -> None:
    """Refuse features made by another model."""
    from streid.errors import InputError
    from streid.files.checksums import digest_file
    from streid.files.features import feature_weights

    made_with = feature_weights(features)
    if made_with and made_with != digest_file(weights):
        raise InputError(
            f"{features}: was made with other weights than {weights}; give the model it was made with, or extract again"
        )
    if values != model_values:
        raise InputError(
            f"{features}: features have {values} values, those of {weights} {model_values}; "
            "give the model they were made with"
        )
    if not made_with:
        logger.warning("%s does not say which weights made it: make sure they are %s", features, weights)


if __name__ == "__main__":
    run_stage(main)
