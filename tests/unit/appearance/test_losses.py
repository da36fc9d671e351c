"""The losses: values by hand, loops, gradients that stay finite, what does not count, and their weighted sum."""

import math

import pytest
import torch

from streid.appearance.appearance_model import Classified, Outputs
from streid.appearance.losses import (
    LOSSES,
    Loss,
    arcface_loss,
    circle_loss,
    correct_predictions,
    identity_loss,
    mask_loss,
    training_loss,
    triplet_loss,
)
from streid.appearance.train_settings import LossSettings
from streid.errors import InputError


def test_arcface_is_the_formula_written_out() -> None:
    torch.manual_seed(0)
    features, classes = torch.randn(4, 5, requires_grad=True), torch.nn.Parameter(torch.randn(3, 5))
    labels = torch.tensor([0, 2, 1, 0])
    loss = arcface_loss(Classified(features, classes), labels, margin=20.0, scale=16.0)
    by_hand = []
    for feature, label in zip(features.detach(), labels.tolist(), strict=True):
        lengths = feature.norm() * classes.detach().norm(dim=1)
        angles = [math.acos(float(cosine)) for cosine in classes.detach() @ feature / lengths]
        assert angles[label] + math.radians(20) < math.pi
        logits = [16 * math.cos(angle + (row == label) * math.radians(20)) for row, angle in enumerate(angles)]
        by_hand.append(math.log(sum(map(math.exp, logits))) - logits[label])
    assert float(loss) == pytest.approx(sum(by_hand) / 4, rel=1e-5)
    loss.backward()
    assert features.grad is not None
    assert classes.grad is not None
    assert classes.grad.abs().sum() > 0


def test_arcface_leaves_the_random_state_alone() -> None:
    classified, before = Classified(torch.ones(2, 7), torch.eye(9, 7)), torch.get_rng_state()
    arcface_loss(classified, torch.tensor([0, 1]), margin=7.0, scale=4.0)
    assert torch.equal(torch.get_rng_state(), before)


def test_circle_loss_is_the_formula_written_out() -> None:
    torch.manual_seed(0)
    embeddings, labels = torch.randn(6, 5, requires_grad=True), [0, 0, 1, 1, 0, 2]
    loss = circle_loss(embeddings, torch.tensor(labels), margin=0.25, scale=8.0)
    unit = torch.nn.functional.normalize(embeddings.detach(), dim=1)
    anchors = []
    for one, label in enumerate(labels):
        others = [(float(unit[one] @ unit[row]), labels[row] == label) for row in range(6) if row != one]
        positive = sum(math.exp(-8 * max(0, 1.25 - s) * (s - 0.75)) for s, same in others if same)
        negative = sum(math.exp(8 * max(0, s + 0.25) * (s - 0.25)) for s, same in others if not same)
        if positive:
            anchors.append(math.log(1 + positive * negative))
    assert len(anchors) == 5
    assert float(loss) == pytest.approx(sum(anchors) / 5, rel=1e-4)
    loss.backward()
    assert embeddings.grad is not None
    assert embeddings.grad.isfinite().all()


def triplet_by_loop(embeddings: torch.Tensor, labels: list[int], margin: float, distance: str) -> float:
    def apart(a: torch.Tensor, b: torch.Tensor) -> float:
        if distance == "euclidean":
            return math.sqrt(float(((a - b) ** 2).sum()))
        return 1 - float(a @ b) / math.sqrt(float(a @ a) * float(b @ b))

    hinges = []
    for anchor, label in enumerate(labels):
        positives = [
            apart(embeddings[anchor], embeddings[other])
            for other, found in enumerate(labels)
            if found == label and other != anchor
        ]
        negatives = [
            apart(embeddings[anchor], embeddings[other]) for other, found in enumerate(labels) if found != label
        ]
        if positives and negatives:
            hinges.append(max(0.0, margin + max(positives) - min(negatives)))
    return sum(hinges) / len(hinges)


def test_triplets_by_hand() -> None:
    """On a line: identity 0 at 0 and 1, identity 1 at 3 and 5; hinges 0, 0, 0.5 and 0 with margin 0.5."""
    embeddings = torch.tensor([[0.0], [1.0], [3.0], [5.0]])
    labels = torch.tensor([0, 0, 1, 1])
    assert float(triplet_loss(embeddings, labels, margin=0.5, distance="euclidean")) == pytest.approx(0.5 / 4)
    angles = torch.tensor([0.0, 60.0, 90.0, 180.0]).deg2rad()
    circle = torch.stack([angles.cos(), angles.sin()], 1) * torch.tensor([1.0, 2.0, 3.0, 4.0])[:, None]
    by_hand = (0 + (0.3 + 0.5 - (1 - 3**0.5 / 2)) + (0.3 + 1 - (1 - 3**0.5 / 2)) + 0) / 4
    assert float(triplet_loss(circle, labels, margin=0.3, distance="cosine")) == pytest.approx(by_hand, rel=1e-5)


@pytest.mark.parametrize("distance", ["euclidean", "cosine"])
def test_triplets_are_the_loop_over_anchors(distance: str) -> None:
    generator = torch.Generator().manual_seed(3)
    labels = [0, 1, 0, 2, 1, 0, 3, 2]  # 3 is alone and is nobody's anchor
    embeddings = torch.randn(8, 5, generator=generator)
    found = triplet_loss(embeddings, torch.tensor(labels), margin=0.3, distance=distance)
    assert float(found) == pytest.approx(triplet_by_loop(embeddings, labels, 0.3, distance), rel=1e-5)


@pytest.mark.parametrize("distance", ["euclidean", "cosine"])
@pytest.mark.parametrize("labels", [[0, 0, 1, 1], [0, 0, 0, 0], [0, 1, 2, 3], [0, 0, 0, 1]])
def test_gradients_are_finite_even_of_equal_units(distance: str, labels: list[int]) -> None:
    embeddings = torch.ones(4, 3, requires_grad=True)
    loss = triplet_loss(embeddings, torch.tensor(labels), margin=0.3, distance=distance)
    loss.backward()
    assert embeddings.grad is not None
    assert bool(torch.isfinite(embeddings.grad).all())
    counted = any(labels.count(label) > 1 for label in labels) and len(set(labels)) > 1
    assert loss.item() == pytest.approx(0.3 if counted else 0.0, abs=1e-6)


def test_triplets_pull_and_push() -> None:
    torch.manual_seed(0)
    embeddings = torch.randn(12, 4, requires_grad=True)
    labels = torch.arange(12) // 4
    optimizer = torch.optim.SGD([embeddings], 0.5)
    for _ in range(200):
        optimizer.zero_grad()
        triplet_loss(embeddings, labels, margin=0.3, distance="euclidean").backward()
        optimizer.step()
    assert float(triplet_loss(embeddings.detach(), labels, margin=0.3, distance="euclidean")) == 0


def test_an_unknown_distance_is_an_error() -> None:
    with pytest.raises(ValueError, match="unknown distance 'manhattan'"):
        triplet_loss(torch.zeros(2, 2), torch.zeros(2), margin=0.3, distance="manhattan")


def test_part_masks_by_hand() -> None:
    """One place: of its four pixels one is part 1, two are part 2, one unknown; shares 1/3 and 2/3."""
    logits = torch.tensor([0.5, -1.0]).view(1, 2, 1, 1)
    masks = torch.tensor([[[1, 2], [255, 2]]], dtype=torch.uint8)

    def entropy(logit: float, target: float) -> float:
        chance = 1 / (1 + math.exp(-logit))
        return -target * math.log(chance) - (1 - target) * math.log(1 - chance)

    by_hand = (entropy(0.5, 1 / 3) + entropy(-1.0, 2 / 3)) / 2
    assert float(mask_loss(logits, masks)) == pytest.approx(by_hand, rel=1e-5)


def mask_loss_by_loop(logits: torch.Tensor, masks: torch.Tensor, cell: int) -> float:
    losses = []
    for picture, mask in zip(logits, masks, strict=True):
        for y in range(logits.shape[2]):
            for x in range(logits.shape[3]):
                pixels = mask[y * cell : (y + 1) * cell, x * cell : (x + 1) * cell].flatten().tolist()
                known = [pixel for pixel in pixels if pixel != 255]
                if not known:
                    continue
                for part in range(logits.shape[1]):
                    target = known.count(part + 1) / len(known)
                    chance = 1 / (1 + math.exp(-float(picture[part, y, x])))
                    losses.append(-target * math.log(chance) - (1 - target) * math.log(1 - chance))
    return sum(losses) / len(losses)


def test_part_masks_are_the_loop_over_places() -> None:
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(3, 4, 4, 2, generator=generator)
    masks = torch.randint(0, 5, (3, 16, 8), generator=generator)
    masks[0, :5] = 255
    masks[2] = 255
    assert float(mask_loss(logits, masks)) == pytest.approx(mask_loss_by_loop(logits, masks, 4), rel=1e-5)


def test_pictures_without_a_mask_do_not_count() -> None:
    logits = torch.randn(2, 4, 4, 2, requires_grad=True)
    masks = torch.full((2, 16, 8), 255, dtype=torch.uint8)
    nothing = mask_loss(logits, masks)
    nothing.backward()
    assert nothing.item() == 0
    masks[1] = 3
    assert float(mask_loss(logits, masks).detach()) == pytest.approx(float(mask_loss(logits[1:], masks[1:]).detach()))


def test_identities_by_hand() -> None:
    """Logits log 1, log 3: probabilities 1/4 and 3/4; smoothing 0.2 makes the targets 0.9 and 0.1."""
    heads = (torch.tensor([[1.0, 3.0], [1.0, 3.0]]).log(), torch.zeros(2, 2))
    labels = torch.tensor([1, 0])
    by_hand = -(math.log(3 / 4) + math.log(1 / 4)) / 2 + math.log(2)
    assert float(identity_loss(heads, labels)) == pytest.approx(by_hand)
    smoothed = -(0.9 * math.log(3 / 4) + 0.1 * math.log(1 / 4))
    assert float(identity_loss([heads[0][:1]], labels[:1], 0.2)) == pytest.approx(smoothed)


def test_heads_vote_by_their_added_logits() -> None:
    heads = (torch.tensor([[2.0, 0.0], [0.0, 1.0]]), torch.tensor([[0.0, 1.0], [0.0, 1.0]]))
    assert int(correct_predictions(Outputs(heads), torch.tensor([0, 1]), LossSettings())) == 2
    assert int(correct_predictions(Outputs(heads[1:]), torch.tensor([0, 1]), LossSettings())) == 1


RANDOM = torch.Generator().manual_seed(0)
LABELS = torch.tensor([0, 0, 1, 1])
LOGITS = (torch.randn(4, 3, generator=RANDOM), torch.randn(4, 3, generator=RANDOM))
EMBEDDINGS = (torch.randn(4, 5, generator=RANDOM), torch.randn(4, 5, generator=RANDOM))
MAPS = torch.randn(4, 2, 4, 2, generator=RANDOM)
MASKS = torch.randint(0, 3, (4, 16, 8), dtype=torch.uint8, generator=RANDOM)
NO_MASKS = torch.empty((4, 0, 0), dtype=torch.uint8)
OUTPUTS = Outputs(logits=LOGITS, embeddings=EMBEDDINGS, part_maps=MAPS)


def test_each_loss_comes_with_its_weight() -> None:
    config = LossSettings(label_smoothing=0.1, triplet="cosine", triplet_margin=0.5, triplet_weight=0.25, mask_weight=2)
    by_hand = identity_loss(LOGITS, LABELS, 0.1) + 2 * mask_loss(MAPS, MASKS)
    by_hand += 0.25 * sum(triplet_loss(one, LABELS, margin=0.5, distance="cosine") for one in EMBEDDINGS)
    assert float(training_loss(OUTPUTS, LABELS, MASKS, config)) == pytest.approx(float(by_hand))


def test_what_is_not_there_does_not_count() -> None:
    plain = float(identity_loss(LOGITS, LABELS))
    assert float(training_loss(OUTPUTS, LABELS, NO_MASKS, LossSettings())) == plain
    assert float(training_loss(OUTPUTS, LABELS, MASKS, LossSettings(mask_weight=0))) == plain
    bare = Outputs(logits=LOGITS)
    assert float(training_loss(bare, LABELS, MASKS, LossSettings())) == plain
    with pytest.raises(InputError, match="gives no embeddings for a triplet loss; set train.triplet to none"):
        training_loss(bare, LABELS, MASKS, LossSettings(triplet="cosine"))


def test_a_record_is_all_that_a_new_loss_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    lengths = Loss(weight=lambda config: 0.5, compute=lambda outputs, *_: outputs.embeddings[0].square().mean())
    monkeypatch.setitem(LOSSES, "lengths", lengths)
    expected = identity_loss(LOGITS, LABELS) + 0.5 * EMBEDDINGS[0].square().mean()
    assert float(training_loss(OUTPUTS, LABELS, NO_MASKS, LossSettings())) == pytest.approx(float(expected))
