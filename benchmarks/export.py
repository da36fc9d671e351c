"""Export every model of config.yaml in its real size and compare the file with the model: a Markdown table.

The weights are random, and the batch statistics those of a few random pictures.
"""

import argparse
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import yaml

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "pipeline"))

from streid.stage.cli import add_compute_arguments, run_stage, set_threads
from streid.workflow.configuration import read_configuration

if TYPE_CHECKING:
    import torch

CONFIGURATION = Path(__file__).resolve().parents[1] / "config" / "config.yaml"


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", nargs="*", help="entries of config.yaml (default: all that are trained)")
    parser.add_argument("--identities", type=int, default=751, help="classes (default: %(default)s)")
    add_compute_arguments(parser, device=False)
    return parser.parse_args()


def main() -> None:
    """Export, compare, print."""
    arguments = parse_arguments()
    set_threads(arguments.threads)
    import torch

    from streid.appearance.export import export_model
    from streid.appearance.models import ModelConfig, build_model

    torch.set_num_threads(arguments.threads)
    config, _ = read_configuration(yaml.safe_load(CONFIGURATION.read_text(encoding="utf-8")))
    names = arguments.models or [name for name, entry in config["models"].items() if "weights_of" not in entry]
    print("| model | input | file, MB | largest 1 - cosine | largest difference of a value | CPU seconds |")
    print("|---|---|---|---|---|---|")
    for name in names:
        train = config["train"] | config["models"][name].get("train", {})
        kept = {key: train[key] for key in ("architecture", "backbone", "height", "width", "frames")}
        model_config = ModelConfig(identities=arguments.identities, **kept)
        shape = [*([model_config.frames] if model_config.frames > 1 else []), model_config.height, model_config.width]
        torch.manual_seed(0)
        model = build_model(model_config)
        _settle(model, shape)
        with TemporaryDirectory() as folder:
            path, start = Path(folder) / "model.onnx", time.process_time()
            found = export_model(path, model, model_config, weights="", threads=arguments.threads)
            print(
                f"| `{name}` | {' x '.join(map(str, shape))} | {path.stat().st_size / 1e6:.0f} "
                f"| {found.distance:.1e} | {found.value:.1e} | {time.process_time() - start:.0f} |",
                flush=True,
            )


def _settle(model: "torch.nn.Module", shape: list[int]) -> None:
    """Give every batch normalisation a weight of its own and the statistics of a few random pictures."""
    import torch

    from streid.appearance.export import random_pictures
    from streid.data.transforms import NetworkInput

    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm1d | torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(module.weight, 0.5, 1.5)
            module.momentum = None
    pictures = torch.from_numpy(random_pictures(8, *shape, seed=9))
    with torch.no_grad():
        model.train()(NetworkInput(torch.device("cpu"))(pictures))


if __name__ == "__main__":
    run_stage(main)
