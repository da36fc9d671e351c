"""Features by an OpenVINO network, on the CPU."""

from pathlib import Path

import torch

from streid.appearance.external_network import NetworkFeatures
from streid.appearance.feature_model import Reading
from streid.appearance.network_file import find_form
from streid.appearance.network_settings import NetworkSettings
from streid.appearance.openvino_network import OpenvinoNetwork, network_files
from streid.errors import InputError


def open_openvino(path: Path, settings: NetworkSettings, reading: Reading) -> NetworkFeatures:
    """An OpenVINO network, ready to compute features.

    Raises:
        InputError: it cannot be used, or a GPU is asked for.
    """
    if reading.device == "cuda":
        raise InputError(f"{path}: OpenVINO networks run on the CPU: use --device cpu, or the network as .onnx")
    files = network_files(path)
    network = OpenvinoNetwork(path, lanes=reading.threads, precision=reading.precision)
    return NetworkFeatures(
        network,
        find_form(network.file, settings),
        files,
        reading,
        kind="openvino",
        library="openvino",
        device=torch.device("cpu"),
        lanes=reading.threads,
        padded=True,
        widened=True,
    )
