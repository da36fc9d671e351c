"""torchvision's residual networks as feature maps, with start weights from a name or a file."""

import logging
import urllib.error
from pathlib import Path
from typing import Self

import torch
from safetensors.torch import load_file
from torch import nn
from torchvision import models

from streid.appearance.checkpoints import first_line
from streid.errors import InputError

logger = logging.getLogger(__name__)

BACKBONES = {
    "resnet18": (models.resnet18, models.ResNet18_Weights.IMAGENET1K_V1, 512),
    "resnet34": (models.resnet34, models.ResNet34_Weights.IMAGENET1K_V1, 512),
    "resnet50": (models.resnet50, models.ResNet50_Weights.IMAGENET1K_V1, 2048),
    "resnet101": (models.resnet101, models.ResNet101_Weights.IMAGENET1K_V1, 2048),
}


class Backbone(nn.Module):
    """A torchvision ResNet up to its last feature map.

    Args:
        name: one of `BACKBONES`.
        last_stride: stride of layer4; 1 keeps twice the rows and columns, as PCB needs.

    `channels` is the feature map's depth. Input (N, 3, H, W), output (N, channels, H/32, W/32), or /16
    with last_stride 1.
    """

    def __init__(self, name: str, *, last_stride: int = 2) -> None:
        super().__init__()
        if name not in BACKBONES:
            raise InputError(f"unknown backbone {name!r}; known: {', '.join(sorted(BACKBONES))}")
        build, _, self.channels = BACKBONES[name]
        network = build(weights=None)
        if last_stride == 1:
            _remove_stride(network.layer4[0])
        self.stem = nn.Sequential(network.conv1, network.bn1, network.relu, network.maxpool)
        self.layer1, self.layer2 = network.layer1, network.layer2
        self.layer3, self.layer4 = network.layer3, network.layer4
        self._frozen = False

    def forward(self, pictures_NCHW: torch.Tensor) -> torch.Tensor:
        """The feature map of RGB pictures, ImageNet-normalised."""
        features: torch.Tensor = self.layer4(self.layer3(self.layer2(self.layer1(self.stem(pictures_NCHW)))))
        return features

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


def load_start_weights(backbone: Backbone, name: str, source: str) -> None:
    """Fill a backbone with start weights.

    Args:
        name: the backbone's name.
        source: `imagenet` (torchvision's, downloaded once into torch's cache), `none` (keep the random
            ones), or a file with torchvision's keys (.safetensors, or .pth read without unpickling code).

    Raises:
        InputError: the weights cannot be had or do not fit.
    """
    if source == "none":
        return
    state = _download(name) if source == "imagenet" else _read_weights(Path(source))
    renamed = {_backbone_key(key): value for key, value in state.items() if not key.startswith("fc.")}
    try:
        backbone.load_state_dict(renamed)
    except RuntimeError as error:
        raise InputError(f"start weights {source} do not fit {name}: {error}") from None
    logger.info("start weights: %s", source)


def _remove_stride(block: nn.Module) -> None:
    for module in block.modules():
        if isinstance(module, nn.Conv2d):
            module.stride = (1, 1)


def _download(name: str) -> dict[str, torch.Tensor]:
    try:
        state: dict[str, torch.Tensor] = BACKBONES[name][1].get_state_dict(progress=False, check_hash=True)
    except (OSError, urllib.error.URLError, RuntimeError) as error:
        raise InputError(
            f"ImageNet weights of {name} cannot be downloaded ({error}); set train.start_weights to a file fetched "
            "elsewhere, or to none to train from random weights"
        ) from None
    return state


def _read_weights(path: Path) -> dict[str, torch.Tensor]:
    if not path.is_file():
        raise InputError(f"{path}: no such weights file; train.start_weights is imagenet, none or a file")
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        state: dict[str, torch.Tensor] = torch.load(path, map_location="cpu", weights_only=True)
        return state
    except Exception as error:
        raise InputError(f"{path}: not a readable weights file ({first_line(error)})") from None


def _backbone_key(key: str) -> str:
    stem = {"conv1": "stem.0", "bn1": "stem.1"}
    first, _, rest = key.partition(".")
    return f"{stem.get(first, first)}.{rest}"
