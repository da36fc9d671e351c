"""Learning-rate schedules as pure functions of the training progress."""

import math
from dataclasses import dataclass

from streid.errors import InputError

SCHEDULES = ("step", "cosine")


@dataclass(frozen=True, kw_only=True)
class ScheduleConfig:
    """How the learning rate changes over a run.

    schedule: `step` multiplies by `decay` at the start of each epoch after those in `step_epochs`;
    `cosine` falls to 0 over the run (Loshchilov and Hutter, 2017). warmup_epochs: linear rise from a
    tenth, before either.
    """

    schedule: str
    epochs: int
    step_epochs: tuple[int, ...] = ()
    decay: float = 0.1
    warmup_epochs: float = 0.0

    def __post_init__(self) -> None:
        if self.schedule not in SCHEDULES:
            raise InputError(f"unknown schedule {self.schedule!r}; known: {', '.join(SCHEDULES)}")
        if self.epochs < 1:
            raise InputError("epochs must be at least 1")
        if not 0 <= self.warmup_epochs < self.epochs:
            raise InputError(f"warmup_epochs {self.warmup_epochs} must lie between 0 and epochs {self.epochs}")


def rate_factor(config: ScheduleConfig, progress: float) -> float:
    """What the base rate is multiplied by.

    Args:
        progress: epochs done, with their fraction (0 at the first step).
    """
    if progress < config.warmup_epochs:
        return 0.1 + 0.9 * progress / config.warmup_epochs
    if config.schedule == "cosine":
        done = (progress - config.warmup_epochs) / (config.epochs - config.warmup_epochs)
        return 0.5 * (1 + math.cos(math.pi * min(done, 1.0)))
    return float(config.decay ** sum(progress >= epoch for epoch in config.step_epochs))
