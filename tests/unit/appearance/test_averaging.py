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
    average = WeightAverage(model, 0.2)
    expected = 0.0
    for update, value in enumerate((5.0, 3.0, 8.0, 2.0), start=1):
        set_values(model, value)
        average.update_parameters(model)
        decay = 0.0 if update == 1 else min(0.2, update / (update + 9))
        expected = decay * expected + (1 - decay) * value
        assert average.module.weight.item() == pytest.approx(expected)
        assert average.module.running_mean.item() == pytest.approx(10 * expected)
        assert int(average.module.num_batches_tracked) == value
    assert [round(min(0.2, t / (t + 9)), 4) for t in (2, 3, 4)] == [0.1818, 0.2, 0.2]
    assert model.weight.item() == 2.0


def test_a_saved_average_goes_on_as_if_never_stopped() -> None:
    models = model_at(1.0), model_at(1.0)
    one, two = (WeightAverage(model, 0.9) for model in models)
    for value in (4.0, 7.0):
        set_values(models[0], value)
        one.update_parameters(models[0])
    two.load_state_dict(one.state_dict())
    for model, average in zip(models, (one, two), strict=True):
        set_values(model, 6.0)
        average.update_parameters(model)
    for name, value in one.state_dict().items():
        assert torch.equal(value, two.state_dict()[name]), name
    assert int(two.n_averaged) == 3
