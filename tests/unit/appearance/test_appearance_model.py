"""What every architecture owes: features for retrieval, outputs for the losses, and layers that freeze."""

import pytest
import torch
from unit.appearance.small_models import inputs_for, small_model

from streid.appearance.appearance_model import AppearanceModel, retrieval_features
from streid.appearance.architectures import ARCHITECTURES


@pytest.fixture(params=sorted(ARCHITECTURES))
def model(request: pytest.FixtureRequest) -> AppearanceModel:
    return small_model(request.param)


def test_features_have_unit_length_per_part_and_do_not_see_mirroring(model: AppearanceModel) -> None:
    model.eval()
    inputs = inputs_for(model)
    with torch.inference_mode():
        features = retrieval_features(model, inputs)
        mirrored = retrieval_features(model, inputs.flip(-1))
        by_hand = (model.features(inputs) + model.features(inputs.flip(-1))).view(2, model.parts, -1)
    assert features.shape == (2, model.feature_length)
    torch.testing.assert_close(features, mirrored)
    torch.testing.assert_close(features.norm(dim=1), torch.ones(2))
    parts = features.view(2, model.parts, -1)
    torch.testing.assert_close(parts.norm(dim=2), torch.full((2, model.parts), model.parts**-0.5))
    by_hand = by_hand / by_hand.norm(dim=2, keepdim=True) / model.parts**0.5
    torch.testing.assert_close(features, by_hand.flatten(1))


def test_outputs_are_as_every_loss_expects(model: AppearanceModel) -> None:
    outputs = model.train()(inputs_for(model))
    assert all(logits.shape == (2, 3) for logits in outputs.logits)
    assert all(embedding.shape[0] == 2 for embedding in outputs.embeddings)
    assert len(outputs.embeddings) == 1


def test_features_of_half_precision_are_single_precision(model: AppearanceModel) -> None:
    model.eval()
    inputs = inputs_for(model)
    with torch.inference_mode():
        single = retrieval_features(model, inputs)
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
        features = retrieval_features(model, inputs)
    assert features.dtype == torch.float32
    similarity = torch.nn.functional.cosine_similarity(features, single)
    torch.testing.assert_close(similarity, torch.ones(2), rtol=0, atol=0.02)


def test_early_layers_freeze_with_their_statistics_and_thaw(model: AppearanceModel) -> None:
    def after_a_step() -> tuple[set[str], set[str]]:
        before = {name: value.clone() for name, value in model.backbone.state_dict().items()}
        model.zero_grad()
        outputs = model.train()(inputs_for(model))
        outputs.logits[0].square().sum().backward()
        learning = {name.split(".")[0] for name, weight in model.backbone.named_parameters() if weight.grad is not None}
        moved = {
            name.split(".")[0] for name, value in model.backbone.state_dict().items() if not value.equal(before[name])
        }
        return learning, moved

    stages = {"stem", "layer1", "layer2", "layer3", "layer4"}
    model.freeze_early(True)
    # Without batch statistics nothing moves before the optimizer's step.
    counting = {name.split(".")[0] for name in model.backbone.state_dict() if name.endswith("running_mean")}
    assert counting == (stages if model.backbone.maps else set())
    assert after_a_step() == ({"layer3", "layer4"}, {"layer3", "layer4"} & counting)
    model.freeze_early(False)
    assert after_a_step() == (stages, counting)
