"""The command-line flags that every scoring stage has."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from streid.scoring.fusion_records import DEFAULT_FUSION, FUSIONS, FusionRequest, make_fusion
from streid.scoring.joint_settings import JointSettings
from streid.stage.cli import add_compute_arguments
from streid.stage.setting_flags import add_settings

if TYPE_CHECKING:
    from streid.files.histograms import Histograms
    from streid.scoring.evaluation import Scene
    from streid.scoring.fusion import Fusion


def add_scoring_arguments(parser: argparse.ArgumentParser, *, output: str, metrics: str) -> None:
    """Add inputs, outputs, the settings of the fusion and the bootstrap, and the flags for devices and threads.

    Args:
        output: name of the rankings file, for the help text.
        metrics: name of the figures file.
    """
    parser.add_argument(
        "--features",
        type=Path,
        required=True,
        help="features.h5 with the groups query and gallery, and val to choose a weight on",
    )
    parser.add_argument("--histograms", type=Path, required=True, help="histograms.h5 of the data set")
    parser.add_argument("--output", type=Path, required=True, help=f"{output} to write: the rankings")
    parser.add_argument("--metrics", type=Path, required=True, help=f"{metrics} to write: the figures")
    _add_fusion(parser)
    add_settings(parser, JointSettings)
    add_compute_arguments(parser)


def add_fusion_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the fusion, the fusions' settings, and the seed for random choices."""
    _add_fusion(parser)
    own = {name for record in FUSIONS.values() for name in record.settings}
    add_settings(parser, JointSettings, only={*own, "seed"})


def _add_fusion(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--fusion",
        choices=FUSIONS,
        default=DEFAULT_FUSION,
        help="how appearance and time become the joint score (default: %(default)s)",
    )


def fusion_settings(arguments: argparse.Namespace) -> dict[str, float | None]:
    """The chosen fusion's own settings among the arguments; None for auto, where the fusion chooses the value."""
    values = {name: getattr(arguments, name) for name in FUSIONS[arguments.fusion].settings}
    return {name: None if value == "auto" else value for name, value in values.items()}


def chosen_fusion(arguments: argparse.Namespace, scene: "Scene", histograms: "Histograms") -> "Fusion":
    """The fusion that the arguments choose, with its settings.

    Raises:
        InputError: as for `make_fusion`.
    """
    request = FusionRequest(
        histograms=histograms,
        scene=scene,
        features=arguments.features,
        settings=fusion_settings(arguments),
        seed=arguments.seed,
    )
    return make_fusion(arguments.fusion, request)
