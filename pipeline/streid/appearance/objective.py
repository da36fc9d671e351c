"""What training minimises: identity, triplet and part-mask losses added up."""

from dataclasses import dataclass

import torch

from streid.appearance.losses import DISTANCES, identity_loss, mask_loss, triplet_loss
from streid.appearance.outputs import Outputs
from streid.errors import InputError

TRIPLETS = ("none", *DISTANCES)


@dataclass(frozen=True, kw_only=True)
class ObjectiveConfig:
    """The losses' settings.

    label_smoothing: of the cross-entropy. triplet: none, or the distance of the batch-hard triplet loss, with its
    margin, and its weight beside the identity loss. mask_weight: of the loss of part maps against part
    masks, which counts where the model gives the maps and the data set the masks.
    """

    label_smoothing: float = 0.0
    triplet: str = "none"
    triplet_margin: float = 0.3
    triplet_weight: float = 1.0
    mask_weight: float = 0.5

    def __post_init__(self) -> None:
        if self.triplet not in TRIPLETS:
            raise InputError(f"unknown triplet loss {self.triplet!r}; known: {', '.join(TRIPLETS)}")


def training_loss(
    outputs: Outputs, labels_N: torch.Tensor, masks_NHW: torch.Tensor, config: ObjectiveConfig
) -> torch.Tensor:
    """The loss of a batch.

    Args:
        labels_N: class of each unit.
        masks_NHW: part masks; empty where the data set has none.

    Raises:
        InputError: a triplet loss is asked of a model without embeddings.
    """
    loss = identity_loss(outputs.logits, labels_N, config.label_smoothing)
    if config.triplet != "none":
        if not outputs.embeddings:
            raise InputError("this model gives no embeddings for a triplet loss; set train.triplet to none")
        for embeddings_ND in outputs.embeddings:
            loss = loss + config.triplet_weight * triplet_loss(
                embeddings_ND, labels_N, margin=config.triplet_margin, distance=config.triplet
            )
    if config.mask_weight and outputs.part_maps is not None and masks_NHW.numel():
        loss = loss + config.mask_weight * mask_loss(outputs.part_maps, masks_NHW)
    return loss
