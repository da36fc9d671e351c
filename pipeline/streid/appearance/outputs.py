"""What every appearance model takes and gives, so that training and extraction need not know which it is.

Shape suffixes: N units (pictures or clips), T frames of a clip, P parts, D channels per part.
"""

from abc import ABC, abstractmethod
from typing import NamedTuple

import torch
from torch import nn
from torch.nn import functional

from streid.appearance.backbone_network import Backbone


class Outputs(NamedTuple):
    """What a model gives for the losses.

    logits: (N, identities) per classifier. embeddings: (N, D) each, for the triplet loss. part_maps:
    (N, P, h, w) logits of where the parts are, for the loss against part masks, or None.
    """

    logits: tuple[torch.Tensor, ...]
    embeddings: tuple[torch.Tensor, ...] = ()
    part_maps: torch.Tensor | None = None


class AppearanceModel(nn.Module, ABC):
    """A network that classifies and describes units: pictures, or clips of one tracklet.

    backbone: the pretrained part; everything else is new. frames: 1, the input is pictures (N, 3, H, W); T
    above 1, it is clips (N, T, 3, H, W). RGB, ImageNet-normalised. parts: of the retrieval feature.
    """

    parts: int = 1

    def __init__(self, backbone: Backbone, frames: int = 1) -> None:
        super().__init__()
        self.backbone = backbone
        self.frames = frames

    @property
    @abstractmethod
    def feature_length(self) -> int:
        """Values per unit in retrieval."""

    @abstractmethod
    def forward(self, inputs: torch.Tensor) -> Outputs:
        """Logits and whatever else the losses need."""

    @abstractmethod
    def describe(self, inputs: torch.Tensor) -> torch.Tensor:
        """The retrieval feature: (N, feature_length) float32, part after part, not normalised."""

    def freeze_early(self, active: bool) -> None:
        """Hold the backbone's stem and first two layers, with their batch statistics, or let them go."""
        self.backbone.freeze_early(active)


def describe(model: AppearanceModel, inputs: torch.Tensor) -> torch.Tensor:
    """Retrieval features of inputs and their mirror images added, each part and the whole of length 1.

    Args:
        inputs: pictures (N, 3, H, W) or clips (N, T, 3, H, W), as the model takes them.

    Returns:
        (N, feature_length) float32.
    """
    sums_ND = model.describe(inputs) + model.describe(inputs.flip(-1))
    parts_NPD = functional.normalize(sums_ND.view(len(sums_ND), model.parts, -1), dim=2)
    return functional.normalize(parts_NPD.flatten(1), dim=1)
