"""Retrieval features: a picture and its mirror image, each part and the whole of length 1."""

import torch
from streid.appearance.outputs import describe
from unit.appearance.tiny import TinyModel


class Corners(TinyModel):
    """Describes a picture by two parts of two values: its left and its right column's red, first two rows."""

    parts = 2

    @property
    def feature_length(self) -> int:
        return 4

    def describe(self, inputs: torch.Tensor) -> torch.Tensor:
        return torch.cat([inputs[:, 0, :2, 0], inputs[:, 0, :2, -1]], dim=1)


def test_a_picture_and_its_mirror_image_are_added_part_by_part() -> None:
    picture = torch.zeros(1, 3, 2, 2)
    picture[0, 0] = torch.tensor([[1.0, 2.0], [5.0, 3.0]])
    # Left column (1, 5) and right column (2, 3); mirrored they change places: both parts are (3, 8).
    part = torch.tensor([3.0, 8.0]) / 73**0.5
    torch.testing.assert_close(describe(Corners(), picture), torch.cat([part, part])[None] / 2**0.5)


def test_a_mirrored_picture_has_the_same_feature_of_length_1() -> None:
    torch.manual_seed(0)
    model, pictures = TinyModel().eval(), torch.randn(3, 3, 64, 32)
    features = describe(model, pictures)
    torch.testing.assert_close(describe(model, pictures.flip(-1)), features)
    torch.testing.assert_close(features.norm(dim=1), torch.ones(3))
