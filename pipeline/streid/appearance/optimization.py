"""The optimizer of a training run and its two groups of weights: the pretrained backbone and the new layers."""

from dataclasses import dataclass

import torch

from streid.appearance.appearance_model import AppearanceModel
from streid.errors import InputError

LARGEST = 1e30  # far below the end of single precision
OPTIMIZERS = ("sgd", "adam", "adamw")


@dataclass(frozen=True, kw_only=True)
class OptimizerConfig:
    """How weights follow their gradients.

    backbone_rate, head_rate: base learning rates of the pretrained and the new layers. momentum: Nesterov's,
    for sgd. weight_decay: L2 penalty (sgd, adam), or decay apart from the gradient (adamw).
    """

    optimizer: str = "sgd"
    backbone_rate: float
    head_rate: float
    momentum: float = 0.9
    weight_decay: float = 5e-4

    def __post_init__(self) -> None:
        if self.optimizer not in OPTIMIZERS:
            raise InputError(f"unknown optimizer {self.optimizer!r}; known: {', '.join(OPTIMIZERS)}")
        for name in ("backbone_rate", "head_rate", "weight_decay"):
            if getattr(self, name) > LARGEST:
                raise InputError(f"{name} {getattr(self, name):g} is too large; choose one up to {LARGEST:g}")


def build_optimizer(model: AppearanceModel, config: OptimizerConfig) -> torch.optim.Optimizer:
    """An optimizer with the groups backbone and heads, in this order."""
    backbone = list(model.backbone.parameters())
    known = {id(parameter) for parameter in backbone}
    heads = [parameter for parameter in model.parameters() if id(parameter) not in known]
    groups = [{"params": backbone, "lr": config.backbone_rate}, {"params": heads, "lr": config.head_rate}]
    fused = backbone[0].is_cuda or None
    if config.optimizer == "sgd":
        return torch.optim.SGD(
            groups,
            momentum=config.momentum,
            weight_decay=config.weight_decay,
            nesterov=config.momentum > 0,
            fused=fused,
        )
    kind = torch.optim.Adam if config.optimizer == "adam" else torch.optim.AdamW
    return kind(groups, weight_decay=config.weight_decay, fused=fused)


def set_rates(optimizer: torch.optim.Optimizer, config: OptimizerConfig, factor: float) -> None:
    """Set both groups' learning rates to `factor` times their base rates."""
    for group, rate in zip(optimizer.param_groups, (config.backbone_rate, config.head_rate), strict=True):
        group["lr"] = rate * factor
