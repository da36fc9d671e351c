"""Learning-rate schedules as pure functions of the training progress."""

import math

from streid.appearance.train_settings import ScheduleSettings


def rate_factor(settings: ScheduleSettings, progress: float) -> float:
    """What the base rate is multiplied by.

    Args:
        progress: epochs done, with their fraction (0 at the first step).
    """
    if progress < settings.warmup_epochs:
        return 0.1 + 0.9 * progress / settings.warmup_epochs
    if settings.schedule == "cosine":
        done = (progress - settings.warmup_epochs) / (settings.epochs - settings.warmup_epochs)
        return 0.5 * (1 + math.cos(math.pi * min(done, 1.0)))
    return float(settings.decay ** sum(progress >= epoch for epoch in settings.step_epochs))
