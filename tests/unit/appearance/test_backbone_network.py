"""The backbones as feature maps: their sizes and depths, and what is frozen."""

import pytest
import torch

from streid.appearance.backbone_network import Backbone
from streid.appearance.backbones import BACKBONES
from streid.errors import InputError


@pytest.mark.parametrize("name", ["resnet18", "densenet121"])
def test_last_stride_keeps_the_last_resolution(name: str) -> None:
    pictures = torch.zeros(1, 3, 96, 48)
    channels = BACKBONES[name].channels[-1]
    assert Backbone(name, last_stride=1)(pictures).shape == (1, channels, 6, 3)
    assert Backbone(name)(pictures).shape == (1, channels, 3, 1 if name == "densenet121" else 2)


def test_frozen_layers_keep_their_weights_and_statistics_in_training() -> None:
    backbone = Backbone("resnet18")
    backbone.freeze_early(True)
    backbone.train()
    frozen = {name for name, module in backbone.named_children() if not module.training}
    assert frozen == {"stem", "layer1", "layer2"}
    learning = {name.split(".")[0] for name, weight in backbone.named_parameters() if weight.requires_grad}
    assert learning == {"layer3", "layer4"}
    backbone.freeze_early(False)
    assert all(module.training for module in backbone.children())
    assert all(weight.requires_grad for weight in backbone.parameters())
    backbone.eval()
    backbone.freeze_early(True)
    assert not any(module.training for module in backbone.modules())


def test_an_unknown_backbone_is_refused() -> None:
    with pytest.raises(InputError, match="unknown backbone 'vgg16'; known: resnet18, resnet34, resnet50"):
        Backbone("vgg16")
