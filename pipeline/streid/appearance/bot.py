"""The bag of tricks, a strong baseline (Luo et al., CVPRW 2019).

Shape suffixes: N pictures, D channels.
"""

import torch
from torch import nn

from streid.appearance.appearance_model import AppearanceModel, Classified, Outputs
from streid.appearance.backbone_network import SIZE, Backbone
from streid.appearance.pooling import build_pooling


class BagOfTricks(AppearanceModel):
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
        self.neck = nn.BatchNorm1d(self.backbone.channels)
        self.neck.bias.requires_grad_(False)
        self.classify = nn.Linear(self.backbone.channels, identities, bias=False)
        nn.init.normal_(self.classify.weight, std=0.001)

    @property
    def feature_length(self) -> int:
        """Values per picture in retrieval: 2048 with ResNet50."""
        return self.backbone.channels

    def forward(self, pictures_NCHW: torch.Tensor) -> Outputs:
        """Identity logits of the normalised feature; the pooled feature is the embedding."""
        pooled_ND = self.pool(self.backbone(pictures_NCHW))
        feature_ND = self.neck(pooled_ND)
        return Outputs(
            logits=(self.classify(feature_ND),),
            embeddings=(pooled_ND,),
            classified=Classified(feature_ND, self.classify.weight),
        )

    def features(self, pictures_NCHW: torch.Tensor) -> torch.Tensor:
        """The normalised feature: (N, D) float32."""
        feature_ND: torch.Tensor = self.neck(self.pool(self.backbone(pictures_NCHW)))
        return feature_ND.float()
