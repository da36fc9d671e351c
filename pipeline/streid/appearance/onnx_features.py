"""Features by an ONNX network, on the CPU or a GPU."""

import logging
from pathlib import Path

import torch

from streid.appearance.external_network import NetworkFeatures
from streid.appearance.feature_model import Reading
from streid.appearance.network_file import find_form
from streid.appearance.network_settings import NetworkSettings
from streid.appearance.onnx_network import OnnxNetwork, has_cuda, library, network_files
from streid.errors import InputError
from streid.stage.devices import choose_device

logger = logging.getLogger(__name__)


def open_onnx(path: Path, settings: NetworkSettings, reading: Reading) -> NetworkFeatures:
    """An ONNX network, ready to compute features.

    Raises:
        InputError: it cannot be used, or the device cannot be had.
    """
    files = network_files(path)
    if reading.precision != "fp32":
        logger.info("precision %s is not used: an ONNX network computes in that of its file", reading.precision)
    device = _device(reading.device)
    cuda = device.type == "cuda"
    network = OnnxNetwork(path, threads=reading.threads if cuda else 1, cuda=cuda)
    lanes = 1 if cuda else reading.threads
    form = find_form(network.file, settings)
    return NetworkFeatures(network, form, files, reading, kind="onnx", library=library(), device=device, lanes=lanes)


def _device(asked: str) -> torch.device:
    if asked != "cpu" and has_cuda():
        return choose_device(asked)
    if asked == "cuda":
        raise InputError(
            "--device cuda: this onnxruntime computes on the CPU alone (no CUDAExecutionProvider); install "
            "onnxruntime-gpu in its place, or use --device cpu"
        )
    return torch.device("cpu")
