"""Exponential moving average of a model's weights (Polyak and Juditsky, 1992)."""

import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel

START = 9
Tensors = tuple[torch.Tensor, ...] | list[torch.Tensor]


class WeightAverage(AveragedModel):
    """torch's `AveragedModel` of weights and batch statistics, whose decay rises; its `module` holds the average.

    The first update copies the weights. After the t-th (t from 2) a value is d * before + (1 - d) * now with
    d = min(decay, t / (t + 9)), so that the first steps are soon forgotten. Counters are taken as they are.

    Args:
        model: on its device; it is copied.
        decay: d after the first updates, at least 0 and below 1.
    """

    def __init__(self, model: nn.Module, decay: float) -> None:
        super().__init__(model, multi_avg_fn=self._mix, use_buffers=True)
        self.decay = decay

    @torch.no_grad()
    def _mix(self, averages: Tensors, current: Tensors, _: torch.Tensor | int) -> None:
        # The number of updates is kept on the CPU; the one passed may have to be fetched from a GPU.
        update = int(self.n_averaged) + 1
        if averages[0].is_floating_point():
            torch._foreach_lerp_(averages, current, 1 - min(self.decay, update / (update + START)))
        else:
            torch._foreach_copy_(averages, current)
