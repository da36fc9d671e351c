"""Exported files: their features in onnxruntime are the model's, for every architecture."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from PIL import Image
from torch import nn
from torch.nn import functional
from unit.appearance.conftest import Randomise
from unit.appearance.small_models import FRAMES, small_config
from unit.appearance.tiny import TinyModel

from streid.appearance.appearance_model import AppearanceModel
from streid.appearance.architectures import ARCHITECTURES
from streid.appearance.backbones import BACKBONES
from streid.appearance.export import MOST_DISTANCE, Difference, compare, describe, export_model, measure
from streid.appearance.models import ModelConfig, build_model
from streid.data.transforms import augment_picture, no_augmentation
from streid.errors import InputError

pytestmark = pytest.mark.slow

CHANNELS = (32, 32, 64, 64)
MEAN, STD = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
KINDS = [
    *[(name, FRAMES[name], False) for name in ARCHITECTURES],
    ("stcanet", 2, True),
]
TINY = ModelConfig(architecture="baseline", backbone="resnet18", identities=4, height=64, width=32)


def features(model: AppearanceModel, pictures: np.ndarray) -> np.ndarray:
    """A model's features of uint8 RGB pictures in its size, step by step."""
    inputs = ((torch.from_numpy(pictures).double() / 255 - MEAN) / STD).float().movedim(-1, -3)
    with torch.no_grad():
        mean_ND = (model.features(inputs) + model.features(inputs.flip(-1))) / 2
    parts = [functional.normalize(part, dim=1) for part in mean_ND.chunk(model.parts, 1)]
    return functional.normalize(torch.cat(parts, 1), dim=1).numpy()


def run(path: Path, pictures: np.ndarray) -> np.ndarray:
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    (found,) = session.run(None, {"pictures": pictures})
    return np.asarray(found)


def random_pictures(*shape: int) -> np.ndarray:
    return np.random.default_rng(3).integers(0, 256, (*shape, 3), np.uint8)


def shallow(network: Any) -> tuple[nn.Sequential, ...]:
    """A stem and four layers of one convolution each, which are traced in a fraction of the time."""
    stem = nn.Sequential(network.conv1, network.bn1, network.relu, network.maxpool)
    layers = [
        nn.Sequential(nn.Conv2d(before, after, 3, stride, 1, bias=False), nn.BatchNorm2d(after), nn.ReLU())
        for before, after, stride in zip((64, *CHANNELS), CHANNELS, (1, 2, 2, 2), strict=False)
    ]
    return stem, *layers


@pytest.fixture
def shallow_backbone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(BACKBONES, "resnet18", replace(BACKBONES["resnet18"], cut=shallow, channels=CHANNELS))


@pytest.mark.usefixtures("shallow_backbone")
@pytest.mark.parametrize(("architecture", "frames", "any_size"), KINDS)
def test_an_exported_file_gives_the_models_features(
    architecture: str, frames: int, any_size: bool, tmp_path: Path, randomise_norms: Randomise
) -> None:
    config = small_config(architecture, frames=frames)
    torch.manual_seed(0)
    model = build_model(config)
    randomise_norms(model)
    path = tmp_path / "model.onnx"
    found = export_model(path, model, config, weights="ab12", any_size=any_size)
    assert 0 <= found.distance < 1e-4
    assert found.value < (1e-3 if any_size else 1e-5)

    clip = (frames,) if frames > 1 else ()
    pictures = random_pictures(3, *clip, 64, 32)
    np.testing.assert_allclose(run(path, pictures), features(model, pictures), atol=1e-5)
    np.testing.assert_allclose(run(path, pictures[:1]), features(model, pictures[:1]), atol=1e-5)

    content = onnx.load(path)
    (given,), (made,) = content.graph.input, content.graph.output
    size = ["height", "width"] if any_size else [64, 32]
    assert (given.name, made.name) == ("pictures", "features")
    assert dimensions(given) == ["batch", *clip, *size, 3]
    assert dimensions(made) == ["batch", model.feature_length]
    assert {one.key: one.value for one in content.metadata_props} == describe(config, model.feature_length, "ab12")
    assert {one.domain for one in content.opset_import} == {""}
    assert sorted(tmp_path.iterdir()) == [path]
    assert b"site-packages" not in path.read_bytes()


def dimensions(value: onnx.ValueInfoProto) -> list[str | int]:
    return [one.dim_param or one.dim_value for one in value.type.tensor_type.shape.dim]


def test_metadata_tell_what_to_give() -> None:
    config = small_config("stgcn", frames=4)
    clips = describe(config, 512, "ab12")
    assert clips == {
        "streid.height": "64",
        "streid.width": "32",
        "streid.colour": "rgb",
        "streid.layout": "nhwc",
        "streid.resize": "bicubic",
        "streid.feature_length": "512",
        "streid.weights_sha256": "ab12",
        "streid.frames": "4",
    }
    assert "streid.frames" not in describe(small_config("pcb"), 3072, "cd")


def tiny_model(seed: int = 0) -> TinyModel:
    torch.manual_seed(seed)
    return TinyModel()


def test_pictures_of_any_size_are_resized_as_in_extraction(tmp_path: Path) -> None:

    model = tiny_model().eval()
    export_model(tmp_path / "any.onnx", model, TINY, weights="", any_size=True)
    for height, width in ((64, 32), (150, 70), (40, 50), (31, 17)):
        pictures = random_pictures(2, height, width)
        resizing = no_augmentation(64, 32)
        resized = np.stack([augment_picture(Image.fromarray(one), resizing).numpy() for one in pictures])
        np.testing.assert_allclose(run(tmp_path / "any.onnx", pictures), features(model, resized), atol=2e-3)


@pytest.fixture(scope="module")
def tiny_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("exported") / "model.onnx"
    assert export_model(path, tiny_model(), TINY, weights="").distance < MOST_DISTANCE
    return path


def test_the_same_model_gives_the_same_bytes(tiny_file: Path, tmp_path: Path) -> None:
    export_model(tmp_path / "again", tiny_model().train(), TINY, weights="")
    assert (tmp_path / "again").read_bytes() == tiny_file.read_bytes()


def test_differences_by_hand() -> None:
    expected = np.array([[1, 0], [0.6, 0.8]], np.float32)
    found = np.array([[0.8, 0.6], [0.6, 0.8]], np.float32)
    assert measure(found, expected) == pytest.approx(Difference(distance=0.2, value=0.6), abs=1e-6)
    assert measure(expected, expected) == (0, 0)
    assert measure(2 * expected, expected).distance == pytest.approx(0.5)


def test_a_file_that_gives_other_features_is_refused(tiny_file: Path) -> None:
    with pytest.raises(InputError, match="the exported baseline gives other features than the model .a cosine is off"):
        compare(tiny_file, tiny_model(seed=1).eval(), TINY)


class Diverged(TinyModel):
    def features(self, inputs: torch.Tensor) -> torch.Tensor:
        return super().features(inputs) * torch.nan


class Choosing(TinyModel):
    """What it computes depends on the values it is given."""

    def features(self, inputs: torch.Tensor) -> torch.Tensor:
        return super().features(inputs) if inputs.sum() > 0 else -super().features(inputs)


class Counting(TinyModel):
    def features(self, inputs: torch.Tensor) -> torch.Tensor:
        return super().features(inputs).view(len(inputs), 8)


class Large(TinyModel):
    """Its weights are too many for one file; they are views of one number, and take no memory."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("table", torch.ones(1).expand(600_000_000))

    def features(self, inputs: torch.Tensor) -> torch.Tensor:
        return super().features(inputs) * self.table[0]


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        (Diverged, "not finite, because its training diverged; train it again"),
        (Choosing, "a network of baseline cannot be written as ONNX"),
        (Counting, r"takes no other number of pictures than it was traced with; .* write x.shape\[0\] for len\(x\)"),
        (Large, "the weights have 2.4 GB, but one ONNX file holds 2; use the model itself"),
    ],
)
def test_what_cannot_be_exported_is_refused_and_nothing_written(
    kind: type[nn.Module], message: str, tmp_path: Path
) -> None:
    model: Any = kind()
    with pytest.raises(InputError, match=message) as refused:
        export_model(tmp_path / "model.onnx", model, TINY, weights="")
    assert "\n" not in str(refused.value)
    assert list(tmp_path.iterdir()) == []
