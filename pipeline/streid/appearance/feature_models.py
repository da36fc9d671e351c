"""The kinds of what computes features, and which module runs each.

A case counts as code of that kind alone (`streid.stage.fingerprints`): an edit of what runs networks of other programs
trains and extracts no model again, and an edit of a model's code extracts no network's features again.
"""

from pathlib import Path

from streid.appearance.feature_model import FeatureModel, Reading
from streid.appearance.network_settings import NetworkSettings
from streid.errors import InputError


def model_files(kind: str, path: Path) -> tuple[Path, ...]:
    """The files that hold a model: the one that is named, and those that belong to it.

    Raises:
        InputError: one is missing, or must not be read.
    """
    files: tuple[Path, ...]
    match kind:
        case "trained":
            files = (path,)
        case "onnx":
            from streid.appearance.onnx_network import network_files as onnx_files

            files = onnx_files(path)
        case "openvino":
            from streid.appearance.openvino_network import network_files as openvino_files

            files = openvino_files(path)
        case _:
            raise InputError(f"unknown kind of model {kind!r}")
    return files


def open_model(kind: str, path: Path, settings: NetworkSettings, reading: Reading) -> FeatureModel:
    """What computes features with a model's file.

    Args:
        kind: trained (a model.safetensors), onnx or openvino.
        settings: how pictures go into a network; not used for a model that was trained here.

    Raises:
        InputError: it cannot be used.
    """
    found: FeatureModel
    match kind:
        case "trained":
            from streid.appearance.trained_features import TrainedFeatures

            found = TrainedFeatures(path, reading)
        case "onnx":
            from streid.appearance.onnx_features import open_onnx

            found = open_onnx(path, settings, reading)
        case "openvino":
            from streid.appearance.openvino_features import open_openvino

            found = open_openvino(path, settings, reading)
        case _:
            raise InputError(f"unknown kind of model {kind!r}")
    return found
