"""The optimizer's groups and rates, and one step of each kind by hand."""

import pytest
import torch
from unit.appearance.tiny import TinyModel

from streid.appearance.optimization import build_optimizer, set_rates
from streid.appearance.train_settings import OptimizerSettings


def config(**changes: object) -> OptimizerSettings:
    values: dict[str, object] = {"backbone_rate": 0.1, "head_rate": 0.5}
    return OptimizerSettings(**values | changes)  # type: ignore[arg-type]


@pytest.mark.parametrize("optimizer", ["sgd", "adam", "adamw"])
def test_backbone_and_heads_are_groups_of_their_own(optimizer: str) -> None:
    model = TinyModel()
    backbone, heads = build_optimizer(model, config(optimizer=optimizer, weight_decay=0.25)).param_groups
    assert [id(one) for one in backbone["params"]] == [id(one) for one in model.backbone.parameters()]
    assert {id(one) for one in heads["params"]} == {id(one) for one in model.classify.parameters()}
    assert (backbone["lr"], heads["lr"]) == (0.1, 0.5)
    assert backbone["weight_decay"] == heads["weight_decay"] == 0.25


def test_rates_are_the_base_rates_times_a_factor() -> None:
    optimizer = build_optimizer(TinyModel(), config())
    set_rates(optimizer, config(), 0.5)
    set_rates(optimizer, config(), 0.1)
    assert [group["lr"] for group in optimizer.param_groups] == pytest.approx([0.01, 0.05])


@pytest.mark.parametrize(
    ("optimizer", "first", "second"),
    [
        # Nesterov: v = 0.9 v + g, step along g + 0.9 v; the gradient is 2 + 0.5 x weight each time.
        ("sgd", 1 - 0.1 * (1.9 * 2.5), 0.525 - 0.1 * (2.2625 + 0.9 * (0.9 * 2.5 + 2.2625))),
        ("adam", 1 - 0.1, 1 - 0.2),
        ("adamw", 1 * (1 - 0.1 * 0.5) - 0.1, (0.95 - 0.1) * 0.95 - 0.1),
    ],
)
def test_two_steps_by_hand(optimizer: str, first: float, second: float) -> None:
    model = TinyModel()
    weight = next(iter(model.backbone.parameters()))
    with torch.no_grad():
        weight.fill_(1.0)
    updates = build_optimizer(model, config(optimizer=optimizer, weight_decay=0.5))
    for expected in (first, second):
        weight.grad = torch.full_like(weight, 2.0)
        updates.step()
        torch.testing.assert_close(weight.detach(), torch.full_like(weight, expected), rtol=1e-3, atol=1e-3)
