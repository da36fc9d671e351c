"""Where an ONNX or OpenVINO network computes, by what is asked for and what there is."""

from pathlib import Path

import onnxruntime
import pytest
import torch
from unit.appearance.small_networks import write_onnx, write_openvino

from streid.appearance import onnx_features
from streid.appearance.feature_model import FeatureModel, Reading
from streid.appearance.feature_models import open_model
from streid.appearance.network_settings import NetworkSettings, network_kind
from streid.data.picture_source import PictureSource
from streid.errors import InputError


def opened(path: Path, device: str, precision: str = "fp32") -> FeatureModel:
    source = PictureSource(path.parent)
    reading = Reading(source=source, device=device, threads=1, batch_size=2, precision=precision)
    return open_model(network_kind(str(path)), path, NetworkSettings(), reading)


def test_the_cpu_is_used_where_onnxruntime_has_no_other(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = write_onnx(tmp_path / "n.onnx")
    model = opened(path, "auto")
    assert model.device == torch.device("cpu")
    assert model.choices == {"kind": "onnx"}
    assert model.circumstances == {"onnxruntime": onnxruntime.__version__}
    with pytest.raises(InputError, match="no CUDAExecutionProvider.*; install onnxruntime-gpu in its place, or use"):
        opened(path, "cuda")
    caplog.set_level("INFO")
    opened(path, "cpu", "bf16")
    assert "precision bf16 is not used" in caplog.text


def test_a_gpu_is_used_where_there_is_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_onnx(tmp_path / "n.onnx")
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: ["CUDAExecutionProvider"])
    asked: list[str] = []

    def choose(name: str) -> torch.device:
        asked.append(name)
        return torch.device("cuda", 0)

    monkeypatch.setattr(onnx_features, "choose_device", choose)
    for device in ("auto", "cuda"):
        with pytest.raises(InputError, match="onnxruntime found no usable GPU"):
            opened(path, device)
    assert asked == ["auto", "cuda"]
    assert opened(path, "cpu").device == torch.device("cpu")


def test_openvino_computes_on_the_cpu(tmp_path: Path) -> None:
    path = write_openvino(tmp_path / "n.xml")
    assert opened(path, "auto", "bf16").device == torch.device("cpu")
    with pytest.raises(InputError, match="OpenVINO networks run on the CPU: use --device cpu, or the network as .onnx"):
        opened(path, "cuda")
