"""Classifier heads shared by the appearance models."""

import torch
from torch import nn


class BottleneckHead(nn.Module):
    """Linear, batch normalisation, optional LeakyReLU, dropout, and the identity classifier.

    Args:
        inputs: length of the pooled feature.
        bottleneck: length after the first linear layer.
        identities: classes.
        slope: negative slope of the LeakyReLU; None leaves the activation out.
        dropout: probability.
    """

    def __init__(self, inputs: int, bottleneck: int, identities: int, *, slope: float | None, dropout: float) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.Linear(inputs, bottleneck), nn.BatchNorm1d(bottleneck)]
        if slope is not None:
            layers.append(nn.LeakyReLU(slope))
        layers.append(nn.Dropout(dropout))
        self.reduce = nn.Sequential(*layers)
        self.classify = nn.Linear(bottleneck, identities)
        nn.init.kaiming_normal_(self.reduce[0].weight, mode="fan_out")  # type: ignore[arg-type]
        nn.init.zeros_(self.reduce[0].bias)  # type: ignore[arg-type]
        nn.init.normal_(self.classify.weight, std=0.001)
        nn.init.zeros_(self.classify.bias)

    def forward(self, pooled_ND: torch.Tensor) -> torch.Tensor:
        """Identity logits (N, identities) of pooled features (N, D)."""
        logits: torch.Tensor = self.classify(self.reduce(pooled_ND))
        return logits
