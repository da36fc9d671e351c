"""The optimizer of a training run and its two groups of weights: the pretrained backbone and the new layers."""

import torch

from streid.appearance.appearance_model import AppearanceModel
from streid.appearance.train_settings import OptimizerSettings


def build_optimizer(model: AppearanceModel, settings: OptimizerSettings) -> torch.optim.Optimizer:
    """An optimizer with the groups backbone and heads, in this order."""
    backbone = list(model.backbone.parameters())
    known = {id(parameter) for parameter in backbone}
    heads = [parameter for parameter in model.parameters() if id(parameter) not in known]
    groups = [{"params": backbone, "lr": settings.backbone_rate}, {"params": heads, "lr": settings.head_rate}]
    fused = backbone[0].is_cuda or None
    if settings.optimizer == "sgd":
        return torch.optim.SGD(
            groups,
            momentum=settings.momentum,
            weight_decay=settings.weight_decay,
            nesterov=settings.momentum > 0,
            fused=fused,
        )
    kind = torch.optim.Adam if settings.optimizer == "adam" else torch.optim.AdamW
    return kind(groups, weight_decay=settings.weight_decay, fused=fused)


def set_rates(optimizer: torch.optim.Optimizer, settings: OptimizerSettings, factor: float) -> None:
    """Set both groups' learning rates to `factor` times their base rates."""
    for group, rate in zip(optimizer.param_groups, (settings.backbone_rate, settings.head_rate), strict=True):
        group["lr"] = rate * factor
