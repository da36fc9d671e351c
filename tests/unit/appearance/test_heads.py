"""The classifier head, written out."""

from collections.abc import Callable

import pytest
import torch
from torch import nn
from torch.nn import functional

from streid.appearance.heads import BottleneckHead


@pytest.mark.parametrize("slope", [None, 0.1])
def test_the_head_is_its_layers_one_after_the_other(
    slope: float | None,
    randomise_norms: Callable[[nn.Module], None],
    normalise: Callable[[nn.Module, torch.Tensor], torch.Tensor],
) -> None:
    torch.manual_seed(0)
    head = BottleneckHead(5, 4, 3, slope=slope, dropout=0.5)
    randomise_norms(head)
    linear, norm = head.reduce[0], head.reduce[1]
    pooled = torch.randn(2, 5)
    reduced = normalise(norm, pooled @ linear.weight.T + linear.bias)  # type: ignore[operator,union-attr]
    if slope is not None:
        reduced = torch.where(reduced > 0, reduced, slope * reduced)
    expected = reduced @ head.classify.weight.T + head.classify.bias
    torch.testing.assert_close(head(pooled), expected)


def test_a_fresh_head_starts_as_st_reids() -> None:
    torch.manual_seed(0)
    head = BottleneckHead(512, 256, 100, slope=0.1, dropout=0.5)
    linear = head.reduce[0]
    assert isinstance(linear, nn.Linear)
    assert float(linear.weight.detach().std()) == pytest.approx((2 / 256) ** 0.5, rel=0.02)  # Kaiming, by the outputs
    assert float(head.classify.weight.detach().std()) == pytest.approx(0.001, rel=0.02)
    assert not linear.bias.any()
    assert not head.classify.bias.any()


def test_dropout_is_for_training_alone() -> None:
    head = BottleneckHead(5, 400, 3, slope=None, dropout=0.5)
    reduced = head.train().reduce(torch.randn(8, 5))
    assert 0.4 < float((reduced == 0).float().mean()) < 0.6
    pooled = torch.randn(8, 5)
    head.eval()
    torch.testing.assert_close(head(pooled), functional.linear(head.reduce(pooled), head.classify.weight))
