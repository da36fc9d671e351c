"""Pooling: means and power means by hand."""

import torch

from streid.appearance.pooling import build_pooling


def test_average_pooling_is_the_mean() -> None:
    maps = torch.arange(12.0).view(1, 2, 3, 2)
    torch.testing.assert_close(build_pooling("average")(maps), torch.tensor([[2.5, 8.5]]))


def test_gem_is_the_power_mean_and_its_power_learns() -> None:
    pooling = build_pooling("gem")
    maps = torch.tensor([[[[1.0, 2.0], [3.0, 4.0]], [[0.0, -5.0], [0.0, 2.0]]]])
    pooled = pooling(maps)
    torch.testing.assert_close(pooled, torch.tensor([[(100 / 4) ** (1 / 3), (8 / 4) ** (1 / 3)]]))
    pooled.sum().backward()
    (power,) = pooling.parameters()
    assert power.grad is not None
    assert float(power.grad) > 0


def test_gem_is_computed_in_single_precision() -> None:
    with torch.autocast("cpu", torch.bfloat16):
        assert build_pooling("gem")(torch.ones(1, 2, 2, 2, dtype=torch.bfloat16)).dtype == torch.float32
