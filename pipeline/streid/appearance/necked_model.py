"""Models with a batch normalisation between the feature and the classifier (BNNeck; Luo et al., CVPRW 2019).

Shape suffixes: N pictures, D channels.
"""

from abc import ABC

import torch
from torch import nn

from streid.appearance.appearance_model import AppearanceModel, Classified, Outputs


class NeckedModel(AppearanceModel, ABC):
    """A model whose one feature has the backbone's channels; the triplet loss sees it before the normalisation.

    Neither the normalisation nor the classifier has a bias that learns.
    """

    def add_neck(self, identities: int) -> None:
        """Make the normalisation, and the classifier of so many classes, after the model's other layers."""
        self.neck = nn.BatchNorm1d(self.backbone.channels)
        self.neck.bias.requires_grad_(False)
        self.classify = nn.Linear(self.backbone.channels, identities, bias=False)
        nn.init.normal_(self.classify.weight, std=0.001)

    @property
    def feature_length(self) -> int:
        """Values per picture in retrieval, as many as the backbone has channels."""
        return self.backbone.channels

    def classified(self, embedding_ND: torch.Tensor) -> Outputs:
        """Identity logits of the normalised embedding; the embedding itself is for the triplet loss."""
        feature_ND = self.neck(embedding_ND)
        return Outputs(
            logits=(self.classify(feature_ND),),
            embeddings=(embedding_ND,),
            classified=Classified(feature_ND, self.classify.weight),
        )
