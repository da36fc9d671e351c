"""From the command line's values to the configurations of a training run."""

import argparse
from collections.abc import Mapping
from dataclasses import fields
from typing import Any, TypeVar

from streid.appearance.architectures import ARCHITECTURES
from streid.appearance.losses import LossConfig
from streid.appearance.models import ModelConfig
from streid.appearance.optimization import OptimizerConfig
from streid.appearance.schedules import ScheduleConfig
from streid.appearance.settings import TrainingConfig
from streid.data.samplers import SamplerConfig
from streid.data.transforms import AugmentationConfig

Config = TypeVar("Config")


def model_config(arguments: argparse.Namespace, identities: int) -> ModelConfig:
    """The model's configuration.

    Raises:
        InputError: the values do not fit together; so too below.
    """
    return _fill(ModelConfig, arguments, identities=identities)


def augmentation_config(arguments: argparse.Namespace) -> AugmentationConfig:
    """The training pictures' augmentation."""
    return _fill(AugmentationConfig, arguments)


def training_config(arguments: argparse.Namespace, identities: int) -> TrainingConfig:
    """The training run's configuration.

    Raises:
        InputError: a setting is out of range, or the training pictures show too few identities for a batch.
    """
    config = _fill(
        TrainingConfig,
        arguments,
        sampler=_fill(SamplerConfig, arguments),
        schedule=_fill(ScheduleConfig, arguments, step_epochs=tuple(arguments.step_epochs)),
        optimizer=_fill(OptimizerConfig, arguments),
        losses=_fill(LossConfig, arguments),
    )
    config.sampler.check_identities(identities)
    return config


def reads_masks(config: TrainingConfig, shape: ModelConfig, summary: Mapping[str, Any]) -> bool:
    """Whether training needs the part masks: the data set has them, the model gives part maps, and they count."""
    finds_parts = ARCHITECTURES[shape.architecture].part_maps and shape.frames == 1
    return finds_parts and config.losses.mask_weight > 0 and bool(summary.get("masks"))


def _fill(kind: type[Config], arguments: argparse.Namespace, **made: Any) -> Config:
    """A configuration whose fields have the values made here, or those of the command line."""
    names = {field.name for field in fields(kind)} - made.keys()  # type: ignore[arg-type]
    return kind(**{name: getattr(arguments, name) for name in names}, **made)
