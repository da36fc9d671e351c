"""Write a trained model as an ONNX file for other programs, and compare it with the model in onnxruntime."""

import argparse
import logging
from pathlib import Path

from streid.appearance.export_settings import ExportSettings
from streid.stage.cli import add_compute_arguments, run_stage, set_threads
from streid.stage.setting_flags import add_settings, read_settings

logger = logging.getLogger(__name__)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    add = parser.add_argument
    add("--model", required=True, type=Path, help="model.safetensors")
    add("--output", required=True, type=Path, help="model.onnx to write")
    add_settings(parser, ExportSettings)
    add_compute_arguments(parser, device=False)
    return parser.parse_args()


def main() -> None:
    arguments = parse_arguments()
    set_threads(arguments.threads)
    import torch

    from streid.appearance.export import export_model
    from streid.appearance.models import load_model
    from streid.files.atomic import check_targets
    from streid.files.checksums import digest_file

    settings = read_settings(arguments, ExportSettings)
    check_targets((arguments.output,), (arguments.model,))
    model, config = load_model(arguments.model)
    torch.set_num_threads(arguments.threads)
    difference = export_model(
        arguments.output,
        model,
        config,
        weights=digest_file(arguments.model),
        any_size=settings.size == "any",
        threads=arguments.threads,
    )
    logger.info(
        "%s: %.1f MB; beside the model on random pictures: largest 1 - cosine %.1e, largest difference of a value %.1e",
        arguments.output,
        arguments.output.stat().st_size / 1e6,
        *difference,
    )


if __name__ == "__main__":
    run_stage(main)
