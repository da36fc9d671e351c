"""What the models' tests share: batch normalisation that is not the identity, and written out."""

from collections.abc import Callable

import pytest
import torch
from torch import nn

Randomise = Callable[[nn.Module], None]
Normalise = Callable[[nn.Module, torch.Tensor], torch.Tensor]


@pytest.fixture
def randomise_norms() -> Randomise:
    """Give every batch normalisation of a model statistics and weights of its own, and evaluate with them."""

    def randomise(model: nn.Module) -> None:
        for module in model.modules():
            if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
                nn.init.uniform_(module.weight, 0.5, 1.5)
                nn.init.normal_(module.bias)
                module.running_mean.normal_()  # type: ignore[union-attr,operator]
                module.running_var.uniform_(0.5, 1.5)  # type: ignore[union-attr,operator]
        model.eval()

    return randomise


@pytest.fixture
def normalise() -> Normalise:
    """Batch normalisation in evaluation, written out; channels last."""

    def apply(module: nn.Module, value: torch.Tensor) -> torch.Tensor:
        scaled = (value - module.running_mean) / (module.running_var + 1e-5).sqrt()  # type: ignore[operator]
        return scaled * module.weight + module.bias  # type: ignore[operator]

    return apply
