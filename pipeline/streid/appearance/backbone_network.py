"""A backbone as a feature map: a stem and four layers that a model can freeze, or put layers of its own between."""

from typing import Self

import torch
from torch import nn

from streid.appearance.backbones import BACKBONES, check_backbone


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
        check_backbone(name)
        self.name = name
        self.layer_channels = BACKBONES[name].channels
        self.channels = self.layer_channels[-1]
        self.stem, self.layer1, self.layer2, self.layer3, self.layer4 = BACKBONES[name].build()
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
        """Freeze the stem, layer1 and layer2, with their batch statistics, or let them learn again."""
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


def _remove_stride(block: nn.Module) -> None:
    """Let a residual block's convolutions, or a dense transition's pooling, keep the resolution."""
    for module in block.modules():
        if isinstance(module, nn.Conv2d):
            module.stride = (1, 1)
        elif isinstance(module, nn.AvgPool2d):
            module.kernel_size = module.stride = 1
