"""The classification baseline: one pooled feature and a bottleneck of 512 values (st-ReID's ft_ResNet50, ft_dense).

Shape suffixes: N pictures, D channels.
"""

import torch
from torch.nn import functional

from streid.appearance.appearance_model import AppearanceModel, Outputs
from streid.appearance.backbone_network import SIZE, Backbone
from streid.appearance.heads import BottleneckHead

BOTTLENECK = 512


class Baseline(AppearanceModel):
    """Global average pooling, then Linear to 512, batch normalisation, LeakyReLU 0.1, dropout, classifier.

    Args:
        backbone: see `backbones`.
        identities: classes.
        size: see `Backbone`.
    """

    def __init__(self, backbone: str, identities: int, size: tuple[int, int] = SIZE) -> None:
        super().__init__(Backbone(backbone, size=size))
        self.head = BottleneckHead(self.backbone.channels, BOTTLENECK, identities, slope=0.1, dropout=0.5)

    @property
    def feature_length(self) -> int:
        """Values per picture in retrieval: 2048 with ResNet50, 1024 with DenseNet121."""
        return self.backbone.channels

    def forward(self, pictures_NCHW: torch.Tensor) -> Outputs:
        """Identity logits of one classifier; the pooled feature is the embedding."""
        pooled_ND = self._pool(pictures_NCHW)
        return Outputs(logits=(self.head(pooled_ND),), embeddings=(pooled_ND,))

    def features(self, pictures_NCHW: torch.Tensor) -> torch.Tensor:
        """The average-pooled feature map: (N, D) float32."""
        return self._pool(pictures_NCHW).float()

    def _pool(self, pictures_NCHW: torch.Tensor) -> torch.Tensor:
        return functional.adaptive_avg_pool2d(self.backbone(pictures_NCHW), 1).flatten(1)
