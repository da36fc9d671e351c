"""The backbones' records against torchvision."""

import subprocess
import sys

import pytest
import torch
from conftest import ROOT
from torchvision import models

from streid.appearance.backbone_network import Backbone
from streid.appearance.backbones import BACKBONES


@pytest.fixture(params=BACKBONES)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_every_weight_of_torchvisions_file_has_its_place(name: str) -> None:
    record = BACKBONES[name]
    with torch.device("meta"):
        network, backbone = models.get_model(record.network), Backbone(name)
    translated = {}
    for key, value in network.state_dict().items():
        module, _, rest = key.removeprefix("features.").partition(".")
        if module in record.modules:
            translated[f"{record.modules[module]}.{rest}"] = value.shape
        else:
            assert module in ("fc", "classifier")
    assert translated == {key: value.shape for key, value in backbone.state_dict().items()}


def test_imagenet_weights_are_of_this_network(name: str) -> None:
    record = BACKBONES[name]
    weights = models.get_weight(record.weights)
    assert weights.url.rpartition("/")[2].startswith(f"{record.network}-")
    assert weights.meta["num_params"] == sum(one.numel() for one in models.get_model(record.network).parameters())


def test_layers_have_the_depths_of_the_record(name: str) -> None:
    with torch.device("meta"):
        backbone = Backbone(name)
        features = backbone.stem(torch.zeros(1, 3, 64, 32))
        depths = []
        for layer in backbone.layers():
            features = layer(features)
            depths.append(features.shape[1])
    assert tuple(depths) == BACKBONES[name].channels


def test_the_records_are_read_without_torch() -> None:
    code = "import sys, streid.appearance.backbones, streid.appearance.architectures; print('torch' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT / "pipeline", capture_output=True, text=True, check=True
    )
    assert done.stdout == "False\n"
