"""Everything that decides how a model is trained, in one value."""

from dataclasses import dataclass, field, replace

from streid.appearance.inference import PRECISIONS
from streid.appearance.losses import LossConfig
from streid.appearance.optimization import OptimizerConfig
from streid.appearance.schedules import ScheduleConfig
from streid.data.samplers import SamplerConfig
from streid.errors import InputError


@dataclass(frozen=True, kw_only=True)
class TrainingConfig:
    """How a model is trained.

    max_steps: stop after so many steps in all (0: no limit). accumulate: batches per step, their
    gradients averaged. clip_norm: largest gradient norm (0: no clipping). precision: one of
    `PRECISIONS`, by autocast. ema_decay: of the running average of the weights, which is what is validated
    and saved (0: none). freeze_epochs: epochs in which the early layers keep still. validate_every: epochs between
    validations (0: none). compile: let torch.compile write the kernels. workers: processes that
    read pictures, for each training process. checkpoint_seconds: time between checkpoints within an epoch.
    """

    sampler: SamplerConfig
    schedule: ScheduleConfig
    optimizer: OptimizerConfig
    losses: LossConfig = field(default_factory=LossConfig)
    max_steps: int = 0
    accumulate: int = 1
    clip_norm: float = 0.0
    precision: str = "fp32"
    ema_decay: float = 0.0
    freeze_epochs: int = 0
    validate_every: int = 0
    compile: bool = False
    seed: int = 0
    workers: int = 0
    checkpoint_seconds: float = 120.0

    def __post_init__(self) -> None:
        if self.precision not in PRECISIONS:
            raise InputError(f"unknown precision {self.precision!r}; known: {', '.join(PRECISIONS)}")
        if self.accumulate < 1:
            raise InputError("accumulate must be at least 1")
        if not 0 <= self.ema_decay < 1:
            raise InputError(f"ema_decay {self.ema_decay} is not at least 0 and below 1")

    def deciding(self) -> "TrainingConfig":
        """The configuration without what cannot change the trained weights, for fingerprints."""
        return replace(self, workers=0, checkpoint_seconds=0.0)
