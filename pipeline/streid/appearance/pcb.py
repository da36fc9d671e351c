"""PCB, the part-based convolutional baseline (Sun et al., ECCV 2018), as st-ReID trains and tests it.

Shape suffixes: N pictures, P parts, D channels.
"""

import torch
from torch import nn
from torch.nn import functional

from streid.appearance.appearance_model import AppearanceModel, Outputs
from streid.appearance.backbone_network import SIZE, Backbone
from streid.appearance.heads import BottleneckHead

PARTS = 6
BOTTLENECK = 256


class PCB(AppearanceModel):
    """Six horizontal stripes of the feature map, each with an identity classifier of its own.

    The last layer has stride 1. Average pooling makes `PARTS` stripes; each goes through dropout, Linear to 256, batch
    normalisation, dropout and its classifier.

    Args:
        backbone: see `backbones`.
        identities: classes.
        size: see `Backbone`.
    """

    parts = PARTS

    def __init__(self, backbone: str, identities: int, size: tuple[int, int] = SIZE) -> None:
        super().__init__(Backbone(backbone, last_stride=1, size=size))
        self.dropout = nn.Dropout(0.5)
        self.heads = nn.ModuleList(
            BottleneckHead(self.backbone.channels, BOTTLENECK, identities, slope=None, dropout=0.5)
            for _ in range(PARTS)
        )

    @property
    def feature_length(self) -> int:
        """Values per picture in retrieval: 6 x 2048 = 12,288 with ResNet50."""
        return PARTS * self.backbone.channels

    def forward(self, pictures_NCHW: torch.Tensor) -> Outputs:
        """Identity logits of each stripe; the embedding is all stripes, one after the other."""
        stripes_NPD = self._pool(pictures_NCHW)
        dropped_NPD = self.dropout(stripes_NPD)
        logits = tuple(head(dropped_NPD[:, part]) for part, head in enumerate(self.heads))
        return Outputs(logits=logits, embeddings=(stripes_NPD.flatten(1),))

    def features(self, pictures_NCHW: torch.Tensor) -> torch.Tensor:
        """Average-pooled stripes, top to bottom: (N, P * D) float32."""
        return self._pool(pictures_NCHW).float().flatten(1)

    def _pool(self, pictures_NCHW: torch.Tensor) -> torch.Tensor:
        features = self.backbone(pictures_NCHW)
        return functional.adaptive_avg_pool2d(features, (PARTS, 1)).squeeze(3).transpose(1, 2)
