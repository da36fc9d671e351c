"""The losses added up."""

import pytest
import torch

from streid.appearance.losses import identity_loss, mask_loss, triplet_loss
from streid.appearance.objective import ObjectiveConfig, training_loss
from streid.appearance.outputs import Outputs

torch.manual_seed(0)
LABELS = torch.tensor([0, 0, 1, 1])
LOGITS = (torch.randn(4, 3), torch.randn(4, 3))
EMBEDDINGS = (torch.randn(4, 5), torch.randn(4, 5))
MAPS, MASKS = torch.randn(4, 2, 4, 2), torch.randint(0, 3, (4, 16, 8), dtype=torch.uint8)
NO_MASKS = torch.empty((4, 0, 0), dtype=torch.uint8)
OUTPUTS = Outputs(logits=LOGITS, embeddings=EMBEDDINGS, part_maps=MAPS)


def test_each_loss_comes_with_its_weight() -> None:
    config = ObjectiveConfig(
        label_smoothing=0.1, triplet="cosine", triplet_margin=0.5, triplet_weight=0.25, mask_weight=2
    )
    by_hand = identity_loss(LOGITS, LABELS, 0.1) + 2 * mask_loss(MAPS, MASKS)
    by_hand += 0.25 * sum(triplet_loss(one, LABELS, margin=0.5, distance="cosine") for one in EMBEDDINGS)
    assert float(training_loss(OUTPUTS, LABELS, MASKS, config)) == pytest.approx(float(by_hand))


def test_what_is_not_there_does_not_count() -> None:
    plain = float(identity_loss(LOGITS, LABELS))
    assert float(training_loss(OUTPUTS, LABELS, NO_MASKS, ObjectiveConfig())) == pytest.approx(plain)
    assert float(training_loss(OUTPUTS, LABELS, MASKS, ObjectiveConfig(mask_weight=0))) == pytest.approx(plain)
    bare = Outputs(logits=LOGITS)
    assert float(training_loss(bare, LABELS, MASKS, ObjectiveConfig())) == pytest.approx(plain)
