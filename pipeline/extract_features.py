"""Extract features of the query, gallery and held-out units to features.h5, or one shard of them; can be resumed."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from streid.appearance.extract_settings import ExtractSettings
from streid.appearance.network_settings import TRAINED, NetworkSettings, network_kind
from streid.stage.cli import add_compute_arguments, positive_int, run_stage, set_threads
from streid.stage.setting_flags import add_settings, read_settings

if TYPE_CHECKING:
    import pandas as pd


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    add = parser.add_argument
    pictures = parser.add_mutually_exclusive_group(required=True)
    pictures.add_argument("--manifest", type=Path, help="manifest.csv; it needs --summary and --root")
    pictures.add_argument("--pictures", type=Path, help="a folder of pictures instead, as a gallery to be searched")
    add("--summary", type=Path, help="dataset.json")
    add("--root", type=Path, help="the data set's folder")
    add("--packed", type=Path, help="pictures.h5; used instead of the folder if it holds pictures")
    model = parser.add_mutually_exclusive_group(required=True)
    model.add_argument("--model", type=Path, help="model.safetensors")
    model.add_argument("--network", type=Path, help="a network of another program instead: .onnx, or OpenVINO's .xml")
    add("--name", required=True, help="the model's name in results and reports")
    add("--output", required=True, type=Path, help="features.h5 to write, or this job's shard of it")
    add("--work", required=True, type=Path, help="folder for unfinished chunks")
    add_settings(parser, ExtractSettings)
    add("--shard", type=positive_int, default=1, help="which part to extract, from 1")
    add_settings(parser, NetworkSettings)
    add_compute_arguments(parser)
    return parser.parse_args()


def main() -> None:
    arguments = parse_arguments()
    set_threads(arguments.threads, keep_memory=True)
    from streid.appearance.extraction import Extractor, cut_chunks, remove_chunks
    from streid.appearance.feature_model import Reading
    from streid.appearance.feature_models import model_files, open_model
    from streid.data.picture_source import PictureSource
    from streid.data.units import choose_unit, make_units
    from streid.errors import InputError
    from streid.files.atomic import check_targets
    from streid.files.feature_shards import ShardHeader, write_shard
    from streid.files.features import write_features
    from streid.stage.circumstances import describe_circumstances
    from streid.stage.fingerprints import fingerprint_run
    from streid.stage.finished_work import exclusive_work

    settings, network_settings = read_settings(arguments, ExtractSettings), read_settings(arguments, NetworkSettings)
    kind = network_kind(str(arguments.network)) if arguments.network else TRAINED
    files = model_files(kind, arguments.network or arguments.model)
    check_targets(
        (arguments.output,), (arguments.manifest, arguments.summary, arguments.packed, *files), work=arguments.work
    )
    if arguments.shard > settings.shards:
        raise InputError(f"--shard {arguments.shard} is more than --shards {settings.shards}")
    table, summary, decisive = read_pictures(arguments)
    reading = Reading(
        source=PictureSource(arguments.pictures or arguments.root, arguments.packed),
        device=arguments.device,
        threads=arguments.threads,
        batch_size=settings.batch_size,
        precision=settings.precision,
        workers=settings.workers,
        dataset=str(summary["dataset"]),
    )
    model = open_model(kind, files[0], network_settings, reading)
    unit = choose_unit(settings.unit, summary.get("unit"), model.frames)
    decisive |= {"dtype": settings.dtype, "precision": settings.precision, "unit": unit, "name": arguments.name}
    run = fingerprint_run(
        Path(__file__),
        inputs=[*([arguments.manifest, arguments.summary] if arguments.manifest else []), *files],
        settings=decisive | {"network": model.network},
        chosen=model.choices,
    )
    splits = {split: table[table["split"] == split] for split in ("val", "query", "gallery")}
    groups = {split: make_units(rows, unit) for split, rows in splits.items() if len(rows) or split != "val"}
    chunks = cut_chunks(groups)[arguments.shard - 1 :: settings.shards]
    kept = {
        "dataset": str(summary["dataset"]),
        "model": arguments.name,
        "dimension": model.feature_length,
        "dtype": settings.dtype,
    }
    kept |= {"weights": model.weights(), "network": model.network, "unit": unit}
    shard = f"{run} {arguments.shard}/{settings.shards}"
    with exclusive_work(arguments.work) as held:
        if held.is_done(shard, [arguments.output]):
            remove_chunks(arguments.work)
            return
        others = {"batch_size": settings.batch_size, **model.circumstances}
        extractor = Extractor(
            model,
            work=arguments.work,
            fingerprint=shard,
            circumstances=describe_circumstances(model.device, arguments.threads, **others),
            dtype=settings.dtype,
        )
        extractor.extract(groups, chunks)
        if settings.shards == 1:
            whole = {name: (units.sightings, extractor.blocks(chunks, name)) for name, units in groups.items()}
            write_features(arguments.output, groups=whole, **kept)
        else:
            header = ShardHeader(run=run, shard=arguments.shard, shards=settings.shards, **kept)
            write_shard(arguments.output, header, extractor.shard(groups, chunks))
        held.mark_done(shard, [arguments.output])
        remove_chunks(arguments.work)


def read_pictures(arguments: argparse.Namespace) -> tuple["pd.DataFrame", dict[str, Any], dict[str, object]]:
    """The table of the pictures, the data set's summary, and what in no input file decides the result."""
    from streid.data.manifest import read_prepared
    from streid.data.picture_folder import describe_folder, read_folder
    from streid.errors import InputError

    if arguments.pictures:
        table, summary = read_folder(arguments.pictures)
        return table, summary, {"pictures": describe_folder(arguments.pictures, table)}
    if not (arguments.summary and arguments.root):
        raise InputError("--manifest needs --summary and --root: what prepare_dataset made, and the data set's folder")
    table, summary = read_prepared(arguments.manifest, arguments.summary)
    if not summary.get("dataset"):
        raise InputError(f"{arguments.summary}: does not name its data set; make it with prepare_dataset")
    return table, summary, {}


if __name__ == "__main__":
    run_stage(main)
