"""A backbone as a feature map: a stem and four layers that a model can freeze, or put layers of its own between."""

from typing import Self

import torch
from torch import nn

from streid.appearance.backbones import cut_backbone
from streid.errors import InputError

SIZE = (256, 128)
TRIED = (4, 4)


class Backbone(nn.Module):
    """A network of torchvision or timm up to its last feature map.

    Args:
        name: one of `BACKBONES`, or `timm:NAME`.
        last_stride: stride of the last layer; 1 keeps twice the rows and columns, as part-based models need. A vision
            transformer's map has the size of its patches throughout.
        size: rows and columns of the input; a vision transformer takes no other.
        overlap: see `cut_backbone`.

    `channels` is the depth of the last map, `layer_channels` that of the map after each layer. Input
    (N, 3, H, W); the maps are H/4, H/8, H/16 and H/32 high, the last one H/16 with last_stride 1.
    `file_modules` and `maps` are `modules` and `maps` of `backbones.Cut`.

    Raises:
        InputError: the name is not known, or the network cannot be cut, or not with this stride.
    """

    def __init__(self, name: str, *, last_stride: int = 2, size: tuple[int, int] = SIZE, overlap: bool = False) -> None:
        super().__init__()
        self.name = name
        cut = cut_backbone(name, size, overlap=overlap)
        self.layer_channels, self.file_modules, self.maps = cut.channels, cut.modules, cut.maps
        self.channels = self.layer_channels[-1]
        self.stem, self.layer1, self.layer2, self.layer3, self.layer4 = cut.parts
        self.to_map = cut.to_map or nn.Identity()
        if last_stride == 1 and self.maps:
            _remove_stride(self.layer4, self.layer_channels[-2], name)
        self._frozen = False

    def forward(self, pictures_NCHW: torch.Tensor) -> torch.Tensor:
        """The last feature map of RGB pictures, ImageNet-normalised."""
        features = self.stem(pictures_NCHW)
        for layer in self.layers():
            features = layer(features)
        maps_NChw: torch.Tensor = self.to_map(features)
        return maps_NChw

    def layers(self) -> tuple[nn.Module, nn.Module, nn.Module, nn.Module]:
        """layer1 to layer4, for models that put something of their own between them."""
        return self.layer1, self.layer2, self.layer3, self.layer4

    def token_grid(self) -> tuple[tuple[int, int], int]:
        """Of a vision transformer: its rows and columns of patches, and positions embedded before the first patch."""
        stem = self.stem[0]
        return self.to_map.size, 0 if stem.apart else stem.first  # type: ignore[return-value]

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


def _remove_stride(layer: nn.Module, channels: int, name: str) -> None:
    """Let a layer's convolutions and average pooling keep the resolution.

    Args:
        channels: of the map that the layer takes.

    Raises:
        InputError: something else in the layer lowers it.
    """
    for module in layer.modules():
        if isinstance(module, nn.Conv2d):
            module.stride = (1, 1)
        elif isinstance(module, nn.AvgPool2d):
            module.kernel_size = module.stride = 1
    trained = layer.training
    with torch.no_grad():
        maps_NChw = torch.zeros(1, channels, *TRIED, device=next(layer.parameters(), torch.empty(0)).device)
        kept = layer.eval()(maps_NChw).shape[2:] == TRIED
    layer.train(trained)
    if not kept:
        raise InputError(
            f"the stride of the last layer of {name} cannot be set to 1, as this model needs; choose another backbone"
        )
