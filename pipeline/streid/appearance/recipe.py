"""From the command line's values to the configurations of a training run."""

import argparse
from collections.abc import Mapping
from typing import Any

from streid.appearance.architectures import ARCHITECTURES
from streid.appearance.models import ModelConfig
from streid.appearance.objective import ObjectiveConfig
from streid.appearance.optimization import OptimizerConfig
from streid.appearance.schedules import ScheduleConfig
from streid.appearance.settings import TrainingConfig
from streid.data.samplers import SamplerConfig
from streid.data.transforms import AugmentationConfig

RUNNING = (
    "max_steps",
    "accumulate",
    "clip_norm",
    "precision",
    "ema_decay",
    "freeze_epochs",
    "validate_every",
    "compile",
    "seed",
    "workers",
    "checkpoint_seconds",
)


def model_config(arguments: argparse.Namespace, identities: int) -> ModelConfig:
    """The model's configuration.

    Raises:
        InputError: the values do not fit together; so too below.
    """
    shape = _pick(arguments, "architecture", "backbone", "height", "width", "frames")
    return ModelConfig(identities=identities, **shape)


def augmentation_config(arguments: argparse.Namespace) -> AugmentationConfig:
    """The training pictures' augmentation."""
    names = ("height", "width", "crop_scale", "padding", "colour_jitter", "grayscale", "flip", "erasing")
    return AugmentationConfig(**_pick(arguments, *names))


def training_config(arguments: argparse.Namespace) -> TrainingConfig:
    """The training run's configuration."""
    return TrainingConfig(
        sampler=SamplerConfig(**_pick(arguments, "sampler", "batch_size", "pictures_per_identity")),
        schedule=ScheduleConfig(
            step_epochs=tuple(arguments.step_epochs), **_pick(arguments, "schedule", "epochs", "decay", "warmup_epochs")
        ),
        optimizer=OptimizerConfig(
            **_pick(arguments, "optimizer", "backbone_rate", "head_rate", "momentum", "weight_decay")
        ),
        objective=ObjectiveConfig(
            **_pick(arguments, "label_smoothing", "triplet", "triplet_margin", "triplet_weight", "mask_weight")
        ),
        **_pick(arguments, *RUNNING),
    )


def reads_masks(config: TrainingConfig, shape: ModelConfig, summary: Mapping[str, Any]) -> bool:
    """Whether training needs the part masks: the data set has them, the model gives part maps, and they count."""
    finds_parts = ARCHITECTURES[shape.architecture].part_maps and shape.frames == 1
    return finds_parts and config.objective.mask_weight > 0 and bool(summary.get("masks"))


def _pick(arguments: argparse.Namespace, *names: str) -> dict[str, Any]:
    return {name: getattr(arguments, name) for name in names}
