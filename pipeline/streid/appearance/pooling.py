"""Pooling of a feature map to one feature, by name.

Shape suffixes: N pictures, D channels.
"""

import torch
from torch import nn

START_POWER = 3.0
LEAST = 1e-6


class AveragePooling(nn.Module):
    """The mean over the places of a map."""

    def forward(self, maps_NDhw: torch.Tensor) -> torch.Tensor:
        """(N, D)."""
        return maps_NDhw.mean((2, 3))


class PowerPooling(nn.Module):
    """Generalised mean, GeM (Radenovic et al., TPAMI 2019): the p-th root of the mean of the p-th powers; p is learned.

    p starts at 3. Values below 1e-6 count as 1e-6, so it is for maps after a ReLU.
    """

    def __init__(self) -> None:
        super().__init__()
        self.power = nn.Parameter(torch.tensor([START_POWER]))

    def forward(self, maps_NDhw: torch.Tensor) -> torch.Tensor:
        """(N, D), float32."""
        # Powers and roots of half precision would lose too much.
        with torch.autocast(maps_NDhw.device.type, enabled=False):
            pooled_ND: torch.Tensor = maps_NDhw.float().clamp(min=LEAST).pow(self.power).mean((2, 3))
            return pooled_ND.pow(1 / self.power)


def build_pooling(name: str) -> nn.Module:
    """The pooling `average` or `gem`."""
    return PowerPooling() if name == "gem" else AveragePooling()
