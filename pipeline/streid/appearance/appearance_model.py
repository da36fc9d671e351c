"""What every appearance model takes and gives, so that training and extraction work with all of them.

Shape suffixes: N units (pictures or clips), T frames of a clip, P parts, D channels per part.
"""

from abc import ABC, abstractmethod
from typing import NamedTuple

import torch
from torch import nn
from torch.nn import functional

from streid.appearance.backbone_network import Backbone


class Classified(NamedTuple):
    """What a classifier of one matrix multiplies: the features (N, D), and a row for each class (identities, D)."""

    features: torch.Tensor
    classes: torch.Tensor


class Outputs(NamedTuple):
    """What a model gives in training, for the losses.

    logits: (N, identities) per classifier. embeddings: (N, D) each, for the triplet loss. part_maps:
    (N, P, h, w) logits of where the parts are, for the loss against part masks, or None. classified: what
    the classifier multiplies, for ArcFace, or None.
    """

    logits: tuple[torch.Tensor, ...]
    embeddings: tuple[torch.Tensor, ...] = ()
    part_maps: torch.Tensor | None = None
    classified: Classified | None = None


class AppearanceModel(nn.Module, ABC):
    """A network that classifies units, and computes their features for retrieval.

    A unit is a picture, or a clip of one tracklet. Inputs are pictures (N, 3, H, W) where `frames` is 1, else clips
    (N, frames, 3, H, W): RGB, ImageNet-normalised. A model that learns cameras may be given their rows (N,) after the
    inputs. backbone: the pretrained part; all other layers are new. parts: how many parts the retrieval feature has,
    each of which is normalised by itself.
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
        """The logits, and what else the losses need."""

    @abstractmethod
    def features(self, inputs: torch.Tensor) -> torch.Tensor:
        """The features for retrieval: (N, feature_length) float32, part after part, not normalised."""

    def freeze_early(self, active: bool) -> None:
        """Freeze the backbone's stem and first two layers, with their batch statistics, or let them learn again."""
        self.backbone.freeze_early(active)


def retrieval_features(model: AppearanceModel, inputs: torch.Tensor, *cameras: torch.Tensor) -> torch.Tensor:
    """Features for retrieval: the sum over an input and its mirror image; each part, then the whole, of length 1.

    Args:
        inputs: pictures (N, 3, H, W) or clips (N, T, 3, H, W), as the model takes them.
        cameras: the row (N,) of each input's camera, for a model that has rows of cameras; -1 for another camera.

    Returns:
        (N, feature_length) float32.
    """
    sums_ND = model.features(inputs, *cameras) + model.features(inputs.flip(-1), *cameras)
    parts_NPD = functional.normalize(sums_ND.view(sums_ND.shape[0], model.parts, -1), dim=2)
    return functional.normalize(parts_NPD.flatten(1), dim=1)
