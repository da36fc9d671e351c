"""Search a gallery for one person by one or several pictures and, if known, their camera and time."""

import argparse
import logging
import time
from pathlib import Path
from typing import TYPE_CHECKING

from streid.appearance.network_settings import TRAINED, network_kind
from streid.scoring.scoring_arguments import add_fusion_arguments, chosen_fusion
from streid.stage.cli import add_compute_arguments, non_negative_int, positive_int, run_stage, set_threads

if TYPE_CHECKING:
    from streid.appearance.feature_model import FeatureModel

logger = logging.getLogger(__name__)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    model = parser.add_mutually_exclusive_group(required=True)
    model.add_argument("--model", type=Path, metavar="DIR", help="the model's folder, with model.safetensors")
    model.add_argument("--network", type=Path, metavar="FILE", help="the .onnx or .xml that made the features instead")
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
    kind, files = check_request(arguments, tables if timed else None)
    from streid.appearance.feature_model import Reading
    from streid.appearance.feature_models import open_model
    from streid.appearance.network_file import features_settings
    from streid.data.picture_source import PictureSource
    from streid.files.atomic import write_text
    from streid.files.histograms import read_histograms
    from streid.reporting.search_page import list_finds, render_finds, tabulate
    from streid.scoring.evaluation import read_scene
    from streid.scoring.search import Gallery, place_and_time

    scene = read_scene(arguments.features)
    reading = Reading(
        source=PictureSource(Path(), confined=False),
        device=arguments.device,
        threads=arguments.threads,
        dataset=scene.dataset,
        batch_size=64 if kind == TRAINED else len(arguments.image),
    )
    model = open_model(kind, files[0], features_settings(arguments.features, kind), reading)
    check_match(arguments.features, scene.features_ND.shape[1], files[0], model)
    fusion = histograms = query = None
    if timed:
        histograms = read_histograms(tables)
        place = {name: getattr(arguments, name) for name in ("camid", "session", "time")}
        query = place_and_time(scene.gallery, histograms, **place)
        fusion = chosen_fusion(arguments, scene, histograms)
    gallery = Gallery(
        sightings=scene.gallery,
        features_GD=scene.features_ND[len(scene.query) :],
        fusion=fusion,
        histograms=histograms,
    )
    started = time.perf_counter()
    camids = None if arguments.camid is None else [[arguments.camid]]
    (features_1D,) = model.features([[tuple(map(str, arguments.image))]], camids)
    found = gallery.search(features_1D[0], query, top=arguments.top)
    logger.info("searched %d pictures in %.2f s", len(scene.gallery), time.perf_counter() - started)
    finds = list_finds(scene, found, fusion, query, [str(image) for image in arguments.image])
    if arguments.html:
        write_text(arguments.html, render_finds(finds, PictureSource(arguments.root, arguments.packed)))
    print(finds.json() if arguments.json else tabulate(finds))


def check_request(arguments: argparse.Namespace, tables: Path | None) -> tuple[str, tuple[Path, ...]]:
    """Check inputs and outputs before anything is loaded; returns the model's kind and files."""
    from streid.appearance.feature_models import model_files
    from streid.errors import InputError
    from streid.files.atomic import check_targets

    if tables and not tables.is_file():
        raise InputError(f"{tables}: no such file; give the data set's histograms.h5 with --histograms to use the time")
    if arguments.html and not (arguments.root or arguments.packed):
        raise InputError("--html needs the gallery's pictures: give --root or --packed")
    for image in arguments.image:
        if not image.is_file():
            raise InputError(f"{image}: no such picture")
    kind = network_kind(str(arguments.network)) if arguments.network else TRAINED
    files = model_files(kind, arguments.network or arguments.model / "model.safetensors")
    check_targets((arguments.html,), (*files, arguments.features, tables, arguments.packed, *arguments.image))
    return kind, files


def check_match(features: Path, values: int, weights: Path, model: "FeatureModel") -> None:
    """Refuse features made by another model."""
    from streid.errors import InputError
    from streid.files.features import feature_origin

    made_with, _ = feature_origin(features)
    if made_with and made_with != model.weights():
        raise InputError(
            f"{features}: was made with other weights than {weights}; give the model it was made with, or extract again"
        )
    if values != model.feature_length:
        raise InputError(
            f"{features}: features have {values} values, those of {weights} {model.feature_length}; "
            "give the model they were made with"
        )
    if not made_with:
        logger.warning("%s does not say which weights made it: make sure they are %s", features, weights)


if __name__ == "__main__":
    run_stage(main)
