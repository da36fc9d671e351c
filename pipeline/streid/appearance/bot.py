"""The bag of tricks, a strong baseline (Luo et al., CVPRW 2019).

Shape suffixes: N pictures, D channels.
"""

import torch

from streid.appearance.appearance_model import Outputs
from streid.appearance.backbone_network import SIZE, Backbone
from streid.appearance.necked_model import NeckedModel
from streid.appearance.pooling import build_pooling


class BagOfTricks(NeckedModel):
    """One pooled feature, and a batch normalisation between it and the classifier (BNNeck).

    The last layer has stride 1. The triplet loss sees the feature before the normalisation; the classifier and
    retrieval use the one after it. Neither the normalisation nor the classifier has a bias that learns.

    Args:
        backbone: see `backbones`.
        identities: classes.
        size: see `Backbone`.
        pooling: see `pooling`.
    """

    def __init__(self, backbone: str, identities: int, size: tuple[int, int] = SIZE, pooling: str = "average") -> None:
        super().__init__(Backbone(backbone, last_stride=1, size=size))
        self.pool = build_pooling(pooling)
        self.add_neck(identities)

    def forward(self, pictures_NCHW: torch.Tensor) -> Outputs:
        """Identity logits of the normalised feature; the pooled feature is the embedding."""
        return self.classified(self.pool(self.backbone(pictures_NCHW)))

    def features(self, pictures_NCHW: torch.Tensor) -> torch.Tensor:
        """The normalised feature: (N, D) float32."""
        feature_ND: torch.Tensor = self.neck(self.pool(self.backbone(pictures_NCHW)))
        return feature_ND.float()
