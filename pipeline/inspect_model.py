"""Write how a model works on a few test people to inspection.h5: feature energy, stripes, graphs and attention."""

import argparse
from pathlib import Path

from streid.appearance.inspect_settings import InspectSettings
from streid.stage.cli import add_compute_arguments, run_stage, set_threads
from streid.stage.setting_flags import add_settings, read_settings


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    add = parser.add_argument
    add("--manifest", required=True, type=Path, help="manifest.csv")
    add("--summary", required=True, type=Path, help="dataset.json")
    add("--root", required=True, type=Path, help="the data set's folder")
    add("--packed", type=Path, help="pictures.h5; used instead of the folder if it holds pictures")
    add("--model", required=True, type=Path, help="model.safetensors")
    add("--name", required=True, help="the model's name in results and reports")
    add("--output", required=True, type=Path, help="inspection.h5 to write")
    add_settings(parser, InspectSettings)
    add_compute_arguments(parser)
    return parser.parse_args()


def main() -> None:
    arguments = parse_arguments()
    set_threads(arguments.threads)
    import torch

    from streid.appearance.inspection import inspect_model
    from streid.appearance.models import load_model
    from streid.data.examples import choose_examples
    from streid.data.manifest import read_prepared
    from streid.data.picture_source import PictureSource
    from streid.errors import InputError
    from streid.files.atomic import check_targets
    from streid.files.inspections import write_inspection
    from streid.stage.devices import choose_device

    settings = read_settings(arguments, InspectSettings)
    read = (arguments.manifest, arguments.summary, arguments.packed, arguments.model)
    check_targets((arguments.output,), read)
    table, summary = read_prepared(arguments.manifest, arguments.summary)
    dataset = str(summary.get("dataset", ""))
    if not dataset:
        raise InputError(f"{arguments.summary}: does not name its data set; make it with prepare_dataset")
    model, config = load_model(arguments.model)
    try:
        examples = choose_examples(table, count=settings.units, frames=config.frames, seed=settings.seed)
    except InputError as error:
        raise InputError(f"{arguments.manifest}: {error}") from None
    torch.set_num_threads(arguments.threads)
    inspection = inspect_model(
        model,
        config,
        examples,
        PictureSource(arguments.root, arguments.packed),
        device=choose_device(arguments.device),
        dataset=dataset,
        name=arguments.name,
    )
    write_inspection(arguments.output, inspection)


if __name__ == "__main__":
    run_stage(main)
