"""PCB's stripes."""

import torch

from streid.appearance.pcb import PCB


def test_each_stripe_reaches_only_its_own_head() -> None:
    torch.manual_seed(0)
    model = PCB("resnet18", 3).eval()
    feature_map = torch.randn(2, 512, 12, 4, requires_grad=True)
    model.backbone.forward = lambda _: feature_map  # type: ignore[method-assign]
    logits = model(torch.zeros(2, 3, 96, 48)).logits
    assert len(logits) == 6
    for part, head in enumerate(logits):
        (gradient,) = torch.autograd.grad(head.square().sum(), feature_map, retain_graph=True)
        assert (gradient.abs().sum((0, 1, 3)) > 0).nonzero().flatten().tolist() == [2 * part, 2 * part + 1]


def test_stripes_are_pooled_top_to_bottom() -> None:
    model = PCB("resnet18", 3).eval()
    feature_map = torch.zeros(2, 512, 12, 4)
    feature_map[:, :, 4:6] = 7.0
    model.backbone.forward = lambda _: feature_map  # type: ignore[method-assign]
    stripes_NPD = model.features(torch.zeros(2, 3, 96, 48)).view(2, 6, 512)
    torch.testing.assert_close(stripes_NPD[0, :, 0], torch.tensor([0.0, 0.0, 7.0, 0.0, 0.0, 0.0]))
