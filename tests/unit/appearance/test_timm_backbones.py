"""timm's networks cut into a stem and four layers: against timm's own features, and what is refused."""

import socket
from pathlib import Path

import pytest
import timm
import torch

from streid.appearance.architectures import build_network
from streid.appearance.backbone_network import Backbone
from streid.appearance.timm_backbones import build_timm, cut_timm
from streid.errors import InputError

SIZE = (64, 32)
# One of each way of building in timm: with and without a map at half size, a last convolution, an opened container.
CHAINS = ["test_resnet", "test_efficientnet", "test_byobnet", "test_convnext", "densenet121", "mobilenetv3_small_050"]
TRANSFORMERS = ["test_vit", "test_vit2", "vit_tiny_patch16_224", "deit3_small_patch16_224"]


@pytest.mark.parametrize("name", CHAINS + TRANSFORMERS)
def test_the_parts_in_a_row_give_timms_features(name: str) -> None:
    torch.manual_seed(0)
    backbone = Backbone(f"timm:{name}", size=SIZE).eval()
    torch.manual_seed(0)
    network = build_timm(f"timm:{name}", SIZE).eval()
    pictures = torch.randn(2, 3, *SIZE)
    with torch.inference_mode():
        features, expected = backbone(pictures), network.forward_features(pictures)
    if name in TRANSFORMERS:
        patches = expected[:, network.num_prefix_tokens :]
        expected = torch.stack([patches[:, row * 2 : row * 2 + 2] for row in range(4)], 1).permute(0, 3, 1, 2)
    torch.testing.assert_close(features, expected, rtol=0, atol=0)
    assert backbone.channels == network.num_features == features.shape[1]
    assert backbone.maps == (name in CHAINS)


@pytest.mark.parametrize("name", ["test_resnet", "densenet121", "test_vit"])
def test_every_weight_of_timms_file_has_its_place(name: str) -> None:
    cut = cut_timm(f"timm:{name}", SIZE)
    ours = {
        f"{part}.{key}"
        for part, module in zip(("stem", "layer1", "layer2", "layer3", "layer4"), cut.parts, strict=True)
        for key in module.state_dict()
    }
    found = set()
    for key in timm.create_model(name, num_classes=0).state_dict():
        plain = key.removeprefix("features.")
        (module,) = [one for one in cut.modules if plain == one or plain.startswith(f"{one}.")]
        found.add(cut.modules[module] + plain[len(module) :])
    assert found == ours


def test_layers_have_the_depths_and_sizes_that_timm_tells() -> None:
    backbone = Backbone("timm:test_efficientnet").eval()
    maps = backbone.stem(torch.zeros(1, 3, 64, 64))
    for layer, channels, reduction in zip(backbone.layers(), (24, 32, 48, 256), (4, 8, 16, 32), strict=True):
        maps = layer(maps)
        assert maps.shape == (1, channels, 64 // reduction, 64 // reduction)
    assert backbone.layer_channels == (24, 32, 48, 256)


@pytest.mark.parametrize("name", ["test_resnet", "test_efficientnet", "mobilenetv3_small_050"])
def test_the_last_stride_can_be_taken_away(name: str) -> None:
    pictures = torch.zeros(1, 3, *SIZE)
    assert Backbone(f"timm:{name}").eval()(pictures).shape[2:] == (2, 1)
    assert Backbone(f"timm:{name}", last_stride=1).eval()(pictures).shape[2:] == (4, 2)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("timm:resnt18", r"unknown backbone 'timm:resnt18': timm .* has no such network; near names: resnet18, "),
        ("timm:resnet18.a1_in1k", r"unknown backbone .* near names: resnet18, "),
        ("timm:Q", r"unknown backbone 'timm:Q': .*; timm.list_models\(\) lists them$"),
        ("timm:test_mambaout", r"backbone timm:test_mambaout cannot be used: it is no chain .* \(a layer gives \(1, "),
        ("timm:hf-hub:a/b", "unknown backbone 'timm:hf-hub:a/b'; known: resnet18"),
    ],
)
def test_what_cannot_be_used_is_refused_in_a_line(name: str, message: str) -> None:
    with pytest.raises(InputError, match=message) as refused:
        Backbone(name, size=SIZE)
    assert "\n" not in str(refused.value)


def test_a_stride_that_cannot_be_taken_away_is_refused() -> None:
    with pytest.raises(InputError, match="last layer of timm:test_convnext cannot be set to 1"):
        Backbone("timm:test_convnext", last_stride=1)


@pytest.mark.parametrize("architecture", ["baseline", "pcb", "bot", "stgcn"])
def test_models_take_a_vision_transformers_map(architecture: str) -> None:
    frames = 2 if architecture == "stgcn" else 1
    model = build_network(architecture, "timm:test_vit", 3, frames, size=SIZE).eval()
    pictures = torch.randn(2, frames, 3, *SIZE) if frames > 1 else torch.randn(2, 3, *SIZE)
    assert model.features(pictures).shape == (2, model.feature_length)


def test_blocks_between_layers_need_maps() -> None:
    model = build_network("stcanet", "timm:test_resnet", 3, 1).eval()
    assert model.features(torch.randn(2, 3, *SIZE)).shape == (2, 96)
    with pytest.raises(InputError, match="stcanet has blocks between .* layers of timm:test_vit give tokens"):
        build_network("stcanet", "timm:test_vit", 3, 1)


def test_nothing_is_fetched(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("a connection was asked for")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    Backbone("timm:resnet18")
    assert not list(tmp_path.iterdir())
