"""The plain classification baseline: one pooled feature, a 512-d bottleneck (st-ReID's ft_ResNet50).

Shape suffixes: N pictures, P parts (one here), D channels.
"""

import torch
from torch import nn
from torch.nn import functional

from streid.appearance.backbones import ResNetBackbone
from streid.appearance.heads import BottleneckHead

BOTTLENECK = 512


class Baseline(nn.Module):
    """Global average pooling, then Linear to 512, batch normalisation, LeakyReLU 0.1, dropout, classifier."""

    parts = 1

    def __init__(self, backbone: str, identities: int) -> None:
        super().__init__()
        self.backbone = ResNetBackbone(backbone)
        self.head = BottleneckHead(self.backbone.channels, BOTTLENECK, identities, slope=0.1, dropout=0.5)

    @property
    def feature_length(self) -> int:
        """Values per picture in retrieval: 2048 with ResNet50."""
        return self.backbone.channels

    def pool(self, pictures_NCHW: torch.Tensor) -> torch.Tensor:
        """The average-pooled feature map: (N, 1, D)."""
        return functional.adaptive_avg_pool2d(self.backbone(pictures_NCHW), 1).flatten(2).transpose(1, 2)

    def forward(self, pictures_NCHW: torch.Tensor) -> list[torch.Tensor]:
        """Identity logits (N, identities), as a list of one."""
        return [self.head(self.pool(pictures_NCHW)[:, 0])]
