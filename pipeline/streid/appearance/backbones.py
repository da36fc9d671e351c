"""The backbones, cut into a stem and four layers: torchvision's, each one record, and timm's by name.

To add one of torchvision's, write its record into BACKBONES and test it; timm's (`timm:NAME`) need none. Importing this
module loads nothing heavy, because every command line lists the names.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from streid.errors import InputError

if TYPE_CHECKING:
    from torch import nn

NARROW, WIDE = (64, 128, 256, 512), (256, 512, 1024, 2048)
RESNET_MODULES = {"conv1": "stem.0", "bn1": "stem.1"} | {f"layer{number}": f"layer{number}" for number in range(1, 5)}
DENSENET_MODULES = {
    "conv0": "stem.0",
    "norm0": "stem.1",
    "denseblock1": "layer1.0",
    **{f"transition{number}": f"layer{number + 1}.0" for number in range(1, 4)},
    **{f"denseblock{number}": f"layer{number}.1" for number in range(2, 5)},
    "norm5": "layer4.2",
}
TIMM_NAME = r"timm:[A-Za-z0-9_.]+"


class Cut(NamedTuple):
    """A network cut into parts, with random weights.

    parts: the stem and the four layers. modules: the network's own name of each module or weight (`features.` left
    out) -> its name here, for start weights. channels: depth after each layer. maps: whether every layer gives a map
    (N, C, h, w); those of a vision transformer give tokens, of which to_map makes the last map.
    """

    parts: "tuple[nn.Sequential, ...]"
    modules: Mapping[str, str]
    channels: tuple[int, ...]
    maps: bool = True
    to_map: "nn.Module | None" = None


@dataclass(frozen=True, kw_only=True)
class BackboneRecord:
    """One backbone.

    network: torchvision's name of the network. weights: torchvision's name of its ImageNet weights. cut: gives the
    stem and the four layers of the network, made with random weights. modules: torchvision's name of each module with
    weights (`features.` left out) -> its name here, for start weights. channels: depth of the map after each layer.
    """

    network: str
    weights: str
    cut: "Callable[[Any], tuple[nn.Sequential, ...]]"
    modules: Mapping[str, str]
    channels: tuple[int, int, int, int]

    def build(self) -> "tuple[nn.Sequential, ...]":
        """The stem and the four layers with random weights."""
        from torchvision import models

        return self.cut(models.get_model(self.network, weights=None))

    def download_weights(self) -> dict[str, Any]:
        """The ImageNet weights by torchvision's names, downloaded once into torch's cache.

        Raises:
            OSError, RuntimeError: they cannot be downloaded, or are not what was published.
        """
        from torchvision import models

        state: dict[str, Any] = models.get_weight(self.weights).get_state_dict(progress=False, check_hash=True)
        return state


def _cut_residual(network: Any) -> "tuple[nn.Sequential, ...]":
    from torch import nn

    stem = nn.Sequential(network.conv1, network.bn1, network.relu, network.maxpool)
    return stem, network.layer1, network.layer2, network.layer3, network.layer4


def _cut_dense(network: Any) -> "tuple[nn.Sequential, ...]":
    from torch import nn

    features = network.features
    return (
        nn.Sequential(features.conv0, features.norm0, features.relu0, features.pool0),
        nn.Sequential(features.denseblock1),
        nn.Sequential(features.transition1, features.denseblock2),
        nn.Sequential(features.transition2, features.denseblock3),
        nn.Sequential(features.transition3, features.denseblock4, features.norm5, nn.ReLU(inplace=True)),
    )


BACKBONES = {
    "resnet18": BackboneRecord(
        network="resnet18",
        weights="ResNet18_Weights.IMAGENET1K_V1",
        cut=_cut_residual,
        modules=RESNET_MODULES,
        channels=NARROW,
    ),
    "resnet34": BackboneRecord(
        network="resnet34",
        weights="ResNet34_Weights.IMAGENET1K_V1",
        cut=_cut_residual,
        modules=RESNET_MODULES,
        channels=NARROW,
    ),
    "resnet50": BackboneRecord(
        network="resnet50",
        weights="ResNet50_Weights.IMAGENET1K_V1",
        cut=_cut_residual,
        modules=RESNET_MODULES,
        channels=WIDE,
    ),
    "resnet101": BackboneRecord(
        network="resnet101",
        weights="ResNet101_Weights.IMAGENET1K_V1",
        cut=_cut_residual,
        modules=RESNET_MODULES,
        channels=WIDE,
    ),
    "densenet121": BackboneRecord(
        network="densenet121",
        weights="DenseNet121_Weights.IMAGENET1K_V1",
        cut=_cut_dense,
        modules=DENSENET_MODULES,
        channels=(256, 512, 1024, 1024),
    ),
}


def check_backbone(name: str) -> None:
    """Check that a backbone is one of `BACKBONES` or could be one of timm's, without asking timm.

    Raises:
        InputError: it is not.
    """
    if name not in BACKBONES and not re.fullmatch(TIMM_NAME, name):
        raise InputError(f"unknown backbone {name!r}; known: {', '.join(BACKBONES)}, and timm:NAME")


def cut_backbone(name: str, size: tuple[int, int], *, overlap: bool = False) -> Cut:
    """A backbone's parts, with random weights; nothing is downloaded.

    Args:
        size: rows and columns of the input, which the position embedding of a vision transformer is made for.
        overlap: neighbouring patches of a vision transformer share a quarter of their side.

    Raises:
        InputError: the backbone is not known, or cannot be cut.
    """
    check_backbone(name)
    match name.partition(":")[0]:
        case "timm":
            from streid.appearance.timm_backbones import cut_timm

            return cut_timm(name, size, overlap=overlap)
        case _:
            record = BACKBONES[name]
            return Cut(record.build(), record.modules, record.channels)
