"""The bag of tricks: which feature goes where, and that it learns."""

from pathlib import Path

import pytest
import torch
from unit.appearance.conftest import Randomise
from unit.appearance.planted import HEIGHT, IDENTITIES, WIDTH, found_first, train_on_planted

from streid.appearance.bot import BagOfTricks

pytestmark = pytest.mark.slow


def test_the_triplet_sees_the_feature_before_the_normalisation_and_the_rest_the_one_after(
    randomise_norms: Randomise,
) -> None:
    torch.manual_seed(0)
    model = BagOfTricks("timm:test_resnet", 3)
    randomise_norms(model)
    maps = torch.randn(2, model.feature_length, 4, 2)
    model.backbone.forward = lambda _: maps  # type: ignore[method-assign]
    pictures = torch.zeros(2, 3, 64, 32)
    pooled = maps.sum((2, 3)) / 8
    neck = model.neck
    normed = (pooled - neck.running_mean) / (neck.running_var + 1e-5).sqrt() * neck.weight + neck.bias
    outputs = model(pictures)
    torch.testing.assert_close(outputs.embeddings[0], pooled)
    torch.testing.assert_close(outputs.logits[0], normed @ model.classify.weight.T)
    torch.testing.assert_close(model.features(pictures), normed)


def test_no_bias_learns_after_the_pooling() -> None:
    model = BagOfTricks("timm:test_resnet", 3)
    assert model.classify.bias is None
    assert not model.neck.bias.requires_grad
    assert not model.neck.bias.any()


@pytest.mark.parametrize(
    "settings",
    [
        {"pooling": "gem", "identity": "arcface", "arcface_scale": 16},
        {"triplet": "none", "circle_weight": 0.1, "circle_scale": 32},
    ],
)
def test_other_pooling_and_losses_learn_too_and_resume_exactly(tmp_path: Path, settings: dict[str, object]) -> None:
    for name in ("whole", "stopped"):
        (tmp_path / name).mkdir()
    common = {"backbone_rate": 0.01, "head_rate": 0.01, "epochs": 14, "erasing": 0} | settings
    model = train_on_planted(tmp_path / "whole", "bot", "timm:test_efficientnet", **common)
    assert found_first(model) > 0.85
    with pytest.raises(KeyboardInterrupt):
        train_on_planted(tmp_path / "stopped", "bot", "timm:test_efficientnet", stop_after=13, **common)
    resumed = train_on_planted(tmp_path / "stopped", "bot", "timm:test_efficientnet", **common)
    for name, value in model.state_dict().items():
        assert torch.equal(value, resumed.state_dict()[name]), name


def test_a_planted_signal_is_learned(tmp_path: Path) -> None:
    untrained = BagOfTricks("timm:test_efficientnet", IDENTITIES, (HEIGHT, WIDTH))
    rates = {"backbone_rate": 0.01, "head_rate": 0.01, "label_smoothing": 0.1, "padding": 4, "erasing": 0.2}
    model = train_on_planted(tmp_path, "bot", "timm:test_efficientnet", epochs=12, **rates)
    assert found_first(untrained) < 0.7
    assert found_first(model) > 0.85
