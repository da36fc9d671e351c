"""The baseline's pooled feature."""

import torch

from streid.appearance.baseline import Baseline


def test_the_feature_is_the_mean_over_the_map() -> None:
    torch.manual_seed(0)
    model = Baseline("resnet18", 3).eval()
    maps = torch.randn(2, 512, 3, 2)
    model.backbone.forward = lambda _: maps  # type: ignore[method-assign]
    features = model.features(torch.zeros(2, 3, 96, 64))
    torch.testing.assert_close(features, maps.sum((2, 3)) / 6)
    outputs = model(torch.zeros(2, 3, 96, 64))
    torch.testing.assert_close(outputs.embeddings[0], features)
    torch.testing.assert_close(outputs.logits[0], model.head(features))
