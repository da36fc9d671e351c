"""The running average of the weights, by hand."""

import pytest
import torch
from torch import nn

from streid.appearance.averaging import WeightAverage


def model_at(value: float) -> nn.BatchNorm1d:
    model = nn.BatchNorm1d(1)
    set_values(model, value)
    return model


def set_values(model: nn.BatchNorm1d, value: float) -> None:
    with torch.no_grad():
        model.weight.fill_(value)
        model.running_mean.fill_(10 * value)  # type: ignore[union-attr]
        model.num_batches_tracked.fill_(int(value))  # type: ignore[union-attr]


def test_the_average_follows_its_formula() -> None:
    model = model_at(1.0)
    average = WeightAverage(model, 0.15)
    expected = 1.0
    for updates, value in enumerate((5.0, 3.0, 8.0), start=1):
        set_values(model, value)
        average.update()
        decay = min(0.15, updates / (updates + 9))
        expected = decay * expected + (1 - decay) * value
        assert float(average.state["weight"]) == pytest.approx(expected)
        assert float(average.state["running_mean"]) == pytest.approx(10 * expected)
        assert int(average.state["num_batches_tracked"]) == value
    assert [round(min(0.15, t / (t + 9)), 4) for t in (1, 2, 3)] == [0.1, 0.15, 0.15]


def test_the_model_has_the_average_while_it_is_applied() -> None:
    model = model_at(1.0)
    average = WeightAverage(model, 0.9)
    set_values(model, 11.0)
    average.update()
    with pytest.raises(KeyboardInterrupt), average.applied():
        assert model.weight.item() == pytest.approx(10.0)
        raise KeyboardInterrupt
    assert model.weight.item() == 11.0
    average.finish()
    assert model.weight.item() == pytest.approx(10.0)


def test_a_saved_average_goes_on_as_if_never_stopped() -> None:
    models = model_at(1.0), model_at(1.0)
    one, two = (WeightAverage(model, 0.9) for model in models)
    set_values(models[0], 4.0)
    one.update()
    two.load_state_dict(one.state_dict())
    for model, average in zip(models, (one, two), strict=True):
        set_values(model, 6.0)
        average.update()
    assert torch.equal(one.state["weight"], two.state["weight"])
