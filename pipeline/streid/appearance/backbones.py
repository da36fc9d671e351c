"""torchvision's residual and densely connected networks as feature maps, cut into a stem and four layers."""

from collections.abc import Callable
from typing import Any, NamedTuple, Self

import torch
from torch import nn
from torchvision import models
from torchvision.models import WeightsEnum

from streid.errors import InputError

RESNET_MODULES = {"conv1": "stem.0", "bn1": "stem.1"} | {f"layer{number}": f"layer{number}" for number in range(1, 5)}
DENSENET_MODULES = {
    "conv0": "stem.0",
    "norm0": "stem.1",
    "denseblock1": "layer1.0",
    **{f"transition{number}": f"layer{number + 1}.0" for number in range(1, 4)},
    **{f"denseblock{number}": f"layer{number}.1" for number in range(2, 5)},
    "norm5": "layer4.2",
}


class Architecture(NamedTuple):
    """A torchvision network.

    build: makes it. weights: its ImageNet weights. modules: torchvision's name of each module with weights
    (`features.` left out), and ours. channels: depth of the map after each of the four layers.
    """

    build: Callable[..., Any]
    weights: WeightsEnum
    modules: dict[str, str]
    channels: tuple[int, int, int, int]


_NARROW, _WIDE = (64, 128, 256, 512), (256, 512, 1024, 2048)
BACKBONES = {
    "resnet18": Architecture(models.resnet18, models.ResNet18_Weights.IMAGENET1K_V1, RESNET_MODULES, _NARROW),
    "resnet34": Architecture(models.resnet34, models.ResNet34_Weights.IMAGENET1K_V1, RESNET_MODULES, _NARROW),
    "resnet50": Architecture(models.resnet50, models.ResNet50_Weights.IMAGENET1K_V1, RESNET_MODULES, _WIDE),
    "resnet101": Architecture(models.resnet101, models.ResNet101_Weights.IMAGENET1K_V1, RESNET_MODULES, _WIDE),
    "densenet121": Architecture(
        models.densenet121, models.DenseNet121_Weights.IMAGENET1K_V1, DENSENET_MODULES, (256, 512, 1024, 1024)
    ),
}


class Backbone(nn.Module):
    """A torchvision network up to its last feature map.

    Args:
        name: one of `BACKBONES`.
        last_stride: stride of the last layer; 1 keeps twice the rows and columns, as part-based models need.

    `channels` is the depth of the last map, `layer_channels` that of the map after each layer. Input
    (N, 3, H, W); the maps are H/4, H/8, H/16 and H/32 high, the last one H/16 with last_stride 1.

    Raises:
        InputError: the name is not known.
    """

    def __init__(self, name: str, *, last_stride: int = 2) -> None:
        super().__init__()
        if name not in BACKBONES:
            raise InputError(f"unknown backbone {name!r}; known: {', '.join(sorted(BACKBONES))}")
        self.name = name
        self.layer_channels = BACKBONES[name].channels
        self.channels = self.layer_channels[-1]
        network = BACKBONES[name].build(weights=None)
        stages = _residual_stages(network) if name.startswith("resnet") else _dense_stages(network.features)
        self.stem, self.layer1, self.layer2, self.layer3, self.layer4 = stages
        if last_stride == 1:
            _remove_stride(self.layer4[0])
        self._frozen = False

    def forward(self, pictures_NCHW: torch.Tensor) -> torch.Tensor:
        """The last feature map of RGB pictures, ImageNet-normalised."""
        features: torch.Tensor = self.stem(pictures_NCHW)
        for layer in self.layers():
            features = layer(features)
        return features

    def layers(self) -> tuple[nn.Module, nn.Module, nn.Module, nn.Module]:
        """layer1 to layer4, for models that put something of their own between them."""
        return self.layer1, self.layer2, self.layer3, self.layer4

    def freeze_early(self, active: bool) -> None:
        """Hold the stem, layer1 and layer2 as they are, their batch statistics too, or let them learn again."""
        self._frozen = active
        for module in self._early():
            module.requires_grad_(not active)
        self.train(self.training)

    def train(self, mode: bool = True) -> Self:
        """As `nn.Module.train`, but frozen layers stay in evaluation mode."""
        super().train(mode)
        if self._frozen:
            for module in self._early():
                module.eval()
        return self

    def _early(self) -> tuple[nn.Module, ...]:
        return self.stem, self.layer1, self.layer2


def _residual_stages(network: Any) -> tuple[nn.Sequential, ...]:
    stem = nn.Sequential(network.conv1, network.bn1, network.relu, network.maxpool)
    return stem, network.layer1, network.layer2, network.layer3, network.layer4


def _dense_stages(features: Any) -> tuple[nn.Sequential, ...]:
    return (
        nn.Sequential(features.conv0, features.norm0, features.relu0, features.pool0),
        nn.Sequential(features.denseblock1),
        nn.Sequential(features.transition1, features.denseblock2),
        nn.Sequential(features.transition2, features.denseblock3),
        nn.Sequential(features.transition3, features.denseblock4, features.norm5, nn.ReLU(inplace=True)),
    )


def _remove_stride(block: nn.Module) -> None:
    """Let a residual block's convolutions, or a dense transition's pooling, keep the resolution."""
    for module in block.modules():
        if isinstance(module, nn.Conv2d):
            module.stride = (1, 1)
        elif isinstance(module, nn.AvgPool2d):
            module.kernel_size = module.stride = 1
