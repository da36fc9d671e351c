"""The losses that training minimises, each one record, and their sum.

To add a loss, write its function and its record here, and test it. A loss that needs something new from the models
adds it to `Outputs`.

Shape suffixes: N units (pictures or clips), D embedding values, P parts, h x w a part map, H x W a part mask.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

import torch
from pytorch_metric_learning.losses import ArcFaceLoss, CircleLoss
from torch.func import functional_call
from torch.nn import functional

from streid.appearance.appearance_model import Classified, Outputs
from streid.appearance.train_settings import DISTANCES, LossSettings
from streid.errors import InputError

UNKNOWN_PART = 255


@dataclass(frozen=True, kw_only=True)
class Loss:
    """One term of what training minimises.

    weight: of the term, from the settings; a term of weight 0 is not computed.
    compute: the loss of a batch, from the model's outputs, the class of each unit (N,), the part masks (N, H, W), which
        are empty where the data set has none, and the settings. None where model or data set lack what it needs.
    """

    weight: Callable[[LossSettings], float]
    compute: Callable[[Outputs, torch.Tensor, torch.Tensor, LossSettings], torch.Tensor | None]


def training_loss(
    outputs: Outputs, labels_N: torch.Tensor, masks_NHW: torch.Tensor, settings: LossSettings
) -> torch.Tensor:
    """The loss of a batch: the sum of LOSSES, each times its weight.

    Args:
        labels_N: class of each unit, 0-based.
        masks_NHW: part masks; empty where the data set has none.

    Raises:
        InputError: a triplet loss is asked of a model without embeddings.
    """
    total = torch.zeros((), device=labels_N.device)
    for loss in LOSSES.values():
        weight = loss.weight(settings)
        term = loss.compute(outputs, labels_N, masks_NHW, settings) if weight else None
        if term is not None:
            total = total + weight * term
    return total


def identity_loss(logits: Sequence[torch.Tensor], labels_N: torch.Tensor, label_smoothing: float = 0.0) -> torch.Tensor:
    """Sum over the heads of the mean cross-entropy, as PCB adds its parts' losses (Sun et al., 2018, eq. 2).

    Args:
        logits: one (N, identities) tensor per head.
        labels_N: class of each unit, 0-based.
        label_smoothing: share of the target spread over all classes (Szegedy et al., 2016).
    """
    losses = [functional.cross_entropy(head.float(), labels_N, label_smoothing=label_smoothing) for head in logits]
    return torch.stack(losses).sum()


def triplet_loss(embeddings_ND: torch.Tensor, labels_N: torch.Tensor, *, margin: float, distance: str) -> torch.Tensor:
    """Batch-hard triplet loss (Hermans et al., 2017, eq. 5).

    The mean over the anchors of max(0, margin + distance to the farthest unit of the same identity -
    distance to the nearest unit of another). An anchor without another unit of its identity, or without
    one of another identity, does not count; without any anchor the loss is 0.

    Args:
        labels_N: identity of each unit.
        margin: in units of the distance.
        distance: `euclidean`, or `cosine` (1 - cosine similarity).
    """
    embeddings_ND = embeddings_ND.float()
    if distance == "cosine":
        unit_ND = functional.normalize(embeddings_ND, dim=1)
        distances_NN = 1 - unit_ND @ unit_ND.T
    elif distance == "euclidean":
        distances_NN = torch.cdist(embeddings_ND, embeddings_ND, compute_mode="donot_use_mm_for_euclid_dist")
    else:
        raise ValueError(f"unknown distance {distance!r}; known: {', '.join(DISTANCES)}")
    same_NN = labels_N[:, None] == labels_N
    positive_NN = same_NN & ~torch.eye(len(labels_N), dtype=torch.bool, device=labels_N.device)
    farthest_N = distances_NN.masked_fill(~positive_NN, -torch.inf).amax(1)
    nearest_N = distances_NN.masked_fill(same_NN, torch.inf).amin(1)
    anchors_N = positive_NN.any(1) & ~same_NN.all(1)
    # The infinities of anchors that do not count must not reach the gradient: inf * 0 is not a number.
    hinge_N = torch.where(anchors_N, margin + farthest_N - nearest_N, 0.0).clamp(min=0)
    return hinge_N.sum() / anchors_N.sum().clamp(min=1)


def arcface_loss(classified: Classified, labels_N: torch.Tensor, *, margin: float, scale: float) -> torch.Tensor:
    """ArcFace (Deng et al., CVPR 2019): cross-entropy of scaled cosines, the right class's angle widened by a margin.

    pytorch-metric-learning's, with the model's own class matrix in place of one that the loss would hold.

    Args:
        margin: in degrees.
    """
    features_ND, classes_ID = (one.float() for one in classified)
    loss = _arcface(len(classes_ID), margin, scale)
    value: torch.Tensor = functional_call(loss, {"W": classes_ID.T}, (features_ND, labels_N))
    return value


@cache
def _arcface(identities: int, margin: float, scale: float) -> Any:
    """ArcFace with a matrix of one row, which is never used; drawing it would change the random state of the step."""
    return ArcFaceLoss(identities, 1, margin=margin, scale=scale, weight_init_func=lambda matrix: matrix)


def circle_loss(embeddings_ND: torch.Tensor, labels_N: torch.Tensor, *, margin: float, scale: float) -> torch.Tensor:
    """Circle loss (Sun et al., CVPR 2020, eq. 6) of all pairs of a batch, by cosine: pytorch-metric-learning's.

    The mean over the anchors whose loss is above 0; 0 without any.

    Args:
        margin, scale: m and gamma.
    """
    value: torch.Tensor = CircleLoss(m=margin, gamma=scale)(embeddings_ND.float(), labels_N)
    return value


def mask_loss(part_maps_NPhw: torch.Tensor, masks_NHW: torch.Tensor) -> torch.Tensor:
    """Binary cross-entropy of part maps against part masks.

    The target of part p at a place of the map is the share of the mask's pixels there that carry label p.
    Pixels of value 255 are unknown: they do not count, nor does a place or a picture that holds no other.
    Without any known pixel the loss is 0.

    Args:
        part_maps_NPhw: logits; map p - 1 belongs to label p.
        masks_NHW: uint8 or int64 labels, 0 background, 1 to P parts, 255 unknown. H and W at least h and w.
    """
    logits_NPhw = part_maps_NPhw.float()
    parts = logits_NPhw.shape[1]
    labels_P = torch.arange(1, parts + 1, device=masks_NHW.device, dtype=masks_NHW.dtype)
    size = (logits_NPhw.shape[2], logits_NPhw.shape[3])
    known_Nhw = functional.adaptive_avg_pool2d((masks_NHW != UNKNOWN_PART).float(), size)
    shares_NPhw = functional.adaptive_avg_pool2d((masks_NHW[:, None] == labels_P[:, None, None]).float(), size)
    counted_N1hw = (known_Nhw > 0)[:, None]
    targets_NPhw = shares_NPhw / known_Nhw[:, None].where(counted_N1hw, 1.0)
    losses_NPhw = functional.binary_cross_entropy_with_logits(logits_NPhw, targets_NPhw, reduction="none")
    return (losses_NPhw * counted_N1hw).sum() / (parts * counted_N1hw.sum()).clamp(min=1)


def correct_predictions(outputs: Outputs, labels_N: torch.Tensor, settings: LossSettings) -> torch.Tensor:
    """Number of units whose right identity comes first: by the heads' logits, added, or by ArcFace's cosines."""
    scores_NI = torch.stack(list(outputs.logits)).sum(0)
    if settings.identity == "arcface" and outputs.classified is not None:
        scores_NI = scores_NI / outputs.classified.classes.norm(dim=1)
    return (scores_NI.argmax(1) == labels_N).sum()


def _weigh_identity(_settings: LossSettings) -> float:
    return 1.0


def _compute_identity(
    outputs: Outputs, labels_N: torch.Tensor, _masks_NHW: torch.Tensor, settings: LossSettings
) -> torch.Tensor:
    if settings.identity == "arcface":
        if outputs.classified is None:
            raise InputError("this model's classifier is not one matrix; set train.identity to softmax")
        margin, scale = settings.arcface_margin, settings.arcface_scale
        return arcface_loss(outputs.classified, labels_N, margin=margin, scale=scale)
    return identity_loss(outputs.logits, labels_N, settings.label_smoothing)


def _weigh_triplet(settings: LossSettings) -> float:
    return 0.0 if settings.triplet == "none" else settings.triplet_weight


def _compute_triplet(
    outputs: Outputs, labels_N: torch.Tensor, _masks_NHW: torch.Tensor, settings: LossSettings
) -> torch.Tensor:
    """The sum over the embeddings."""
    loss = partial(triplet_loss, margin=settings.triplet_margin, distance=settings.triplet)
    return _sum_over_embeddings(outputs, labels_N, loss, "a triplet loss; set train.triplet to none")


def _weigh_circle(settings: LossSettings) -> float:
    return settings.circle_weight


def _compute_circle(
    outputs: Outputs, labels_N: torch.Tensor, _masks_NHW: torch.Tensor, settings: LossSettings
) -> torch.Tensor:
    """The sum over the embeddings."""
    loss = partial(circle_loss, margin=settings.circle_margin, scale=settings.circle_scale)
    return _sum_over_embeddings(outputs, labels_N, loss, "a circle loss; set train.circle_weight to 0")


def _sum_over_embeddings(
    outputs: Outputs, labels_N: torch.Tensor, loss: Callable[[torch.Tensor, torch.Tensor], torch.Tensor], advice: str
) -> torch.Tensor:
    if not outputs.embeddings:
        raise InputError(f"this model gives no embeddings for {advice}")
    return torch.stack([loss(one_ND, labels_N) for one_ND in outputs.embeddings]).sum()


def _weigh_masks(settings: LossSettings) -> float:
    return settings.mask_weight


def _compute_masks(
    outputs: Outputs, _labels_N: torch.Tensor, masks_NHW: torch.Tensor, _settings: LossSettings
) -> torch.Tensor | None:
    if outputs.part_maps is None or not masks_NHW.numel():
        return None
    return mask_loss(outputs.part_maps, masks_NHW)


LOSSES = {
    "identity": Loss(weight=_weigh_identity, compute=_compute_identity),
    "triplet": Loss(weight=_weigh_triplet, compute=_compute_triplet),
    "circle": Loss(weight=_weigh_circle, compute=_compute_circle),
    "masks": Loss(weight=_weigh_masks, compute=_compute_masks),
}
