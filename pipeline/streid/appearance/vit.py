"""TransReID's vision transformer baseline, with its camera embedding (He et al., ICCV 2021, sections 3.1 and 3.3).

Shape suffixes: N pictures, S tokens, D channels.
"""

import torch
from torch import nn

from streid.appearance.appearance_model import Outputs
from streid.appearance.backbone_network import SIZE, Backbone
from streid.appearance.necked_model import NeckedModel
from streid.errors import InputError

CAMERA_SCALE = 3.0


class VisionTransformer(NeckedModel):
    """A transformer on overlapping patches; the class token is the feature, with BNNeck as in `bot`.

    To every token the learned embedding of the picture's camera is added, times `CAMERA_SCALE`. A camera that training
    did not see has the mean of the learned ones. The triplet loss and retrieval use the class token as it is, the
    classifier the one after a batch normalisation.

    Args:
        backbone: a vision transformer of timm with a class token.
        identities: classes.
        size: rows and columns of the input.
        cameras: rows of the camera embedding; 0 for none.

    Raises:
        InputError: the backbone is something else.
    """

    def __init__(self, backbone: str, identities: int, size: tuple[int, int] = SIZE, cameras: int = 0) -> None:
        if not backbone.startswith("timm:"):
            raise InputError(
                f"vit takes a vision transformer as timm:vit_base_patch16_224, not the backbone {backbone}"
            )
        super().__init__(Backbone(backbone, size=size, overlap=True))
        if self.backbone.stem[0].cls_token is None:
            raise InputError(f"vit uses the class token, which the backbone {backbone} lacks; choose another")
        self.cameras = nn.Parameter(torch.empty(cameras, self.backbone.channels)) if cameras else None
        if self.cameras is not None:
            nn.init.trunc_normal_(self.cameras, std=0.02)
        self.add_neck(identities)

    def forward(self, inputs: torch.Tensor, *cameras: torch.Tensor) -> Outputs:
        """Identity logits of the normalised class token; the class token is the embedding."""
        return self.classified(self._class_token(inputs, *cameras))

    def features(self, inputs: torch.Tensor, *cameras: torch.Tensor) -> torch.Tensor:
        """The class token: (N, D) float32."""
        return self._class_token(inputs, *cameras).float()

    def _class_token(self, pictures_NCHW: torch.Tensor, *cameras: torch.Tensor) -> torch.Tensor:
        tokens_NSD = self.backbone.stem(pictures_NCHW)
        if self.cameras is not None:
            tokens_NSD = tokens_NSD + CAMERA_SCALE * self._camera_embedding(self.cameras, *cameras)
        for layer in self.backbone.layers():
            tokens_NSD = layer(tokens_NSD)
        token_ND: torch.Tensor = tokens_NSD[:, 0]
        return token_ND

    @staticmethod
    def _camera_embedding(table_KD: torch.Tensor, *cameras: torch.Tensor) -> torch.Tensor:
        """Each picture's embedding (N, 1, D): of its row, or the mean of all for row -1; (1, 1, D) without rows."""
        mean_1D = table_KD.mean(0, keepdim=True)
        if not cameras:
            return mean_1D[None]
        (rows_N,) = cameras
        known_N1 = (rows_N >= 0)[:, None]
        return torch.where(known_N1, table_KD[rows_N.clamp(min=0)], mean_1D)[:, None]
