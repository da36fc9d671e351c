"""Exponential moving average of a model's weights."""

import contextlib
from collections.abc import Iterator
from typing import Any

import torch
from torch import nn
from torch.optim.swa_utils import get_ema_multi_avg_fn

START = 9


class WeightAverage:
    """A running average of a model's weights and batch statistics (Polyak and Juditsky, 1992).

    After the t-th update (t from 1) a value is d * before + (1 - d) * now with d = min(decay, t / (t + 9)), so
    that the random start is soon forgotten. Counters are taken as they are.

    Args:
        model: whose weights stay in place from now on.
        decay: d after the first updates, at least 0 and below 1.
    """

    def __init__(self, model: nn.Module, decay: float) -> None:
        self.decay, self.updates = decay, 0
        self._model = model
        # The very tensors: asking for them at every step would cost as much as averaging them.
        self._current = model.state_dict()
        self.state = {name: value.clone() for name, value in self._current.items()}

    @torch.no_grad()
    def update(self) -> None:
        """Take in the model's weights after a step."""
        self.updates += 1
        floating = [name for name, value in self.state.items() if value.is_floating_point()]
        decay = min(self.decay, self.updates / (self.updates + START))
        average = get_ema_multi_avg_fn(decay)  # type: ignore[no-untyped-call]
        average([self.state[name] for name in floating], [self._current[name] for name in floating], None)
        for name in self.state.keys() - floating:
            self.state[name].copy_(self._current[name])

    def finish(self) -> None:
        """Give the model the averaged weights for good."""
        self._model.load_state_dict(self.state)

    @contextlib.contextmanager
    def applied(self) -> Iterator[None]:
        """The model has the averaged weights while the block runs, then its own again."""
        own = {name: value.clone() for name, value in self._current.items()}
        self._model.load_state_dict(self.state)
        try:
            yield
        finally:
            self._model.load_state_dict(own)

    def state_dict(self) -> dict[str, Any]:
        """Everything a later process needs to go on."""
        return {"updates": self.updates, "state": self.state}

    def load_state_dict(self, saved: dict[str, Any]) -> None:
        """Go on from what `state_dict` gave."""
        self.updates = int(saved["updates"])
        for name, value in saved["state"].items():
            self.state[name].copy_(value)
