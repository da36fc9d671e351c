"""A model of a few hundred weights and data of a few pictures, for tests of the loop around them."""

from pathlib import Path
from typing import Any

import torch
from conftest import write_picture
from torch import nn
from torch.nn import functional

from streid.appearance.appearance_model import AppearanceModel, Outputs
from streid.appearance.train_settings import TrainSettings
from streid.appearance.training import Trainer
from streid.data.loading import TrainingSet
from streid.data.picture_source import PictureSource
from streid.data.sample_settings import AugmentationSettings
from streid.stage.processes import World

IDENTITIES = 4
AUGMENTATION = AugmentationSettings(height=64, width=32, crop_scale=1.2)


class TinyBackbone(nn.Module):
    """One convolution, and batch statistics where asked for."""

    def __init__(self, *, norm: bool) -> None:
        super().__init__()
        self.convolve = nn.Conv2d(3, 8, 7, stride=8)
        self.norm = nn.BatchNorm2d(8) if norm else nn.Identity()
        self.frozen = False

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        return functional.relu(self.norm(self.convolve(pictures)))

    def freeze_early(self, active: bool) -> None:
        self.frozen = active
        self.convolve.requires_grad_(not active)


class TinyModel(AppearanceModel):
    """Mean over places (and frames) of one convolution, dropout, and a classifier."""

    def __init__(self, *, norm: bool = True, dropout: float = 0.5, frames: int = 1) -> None:
        super().__init__(TinyBackbone(norm=norm), frames)  # type: ignore[arg-type]
        self.dropout = nn.Dropout(dropout)
        self.classify = nn.Linear(8, IDENTITIES)

    @property
    def feature_length(self) -> int:
        return 8

    def features(self, inputs: torch.Tensor) -> torch.Tensor:
        maps = self.backbone(inputs.flatten(0, -4)).mean((2, 3)).float()
        return maps.view(inputs.shape[0], -1, 8).mean(1)

    def forward(self, inputs: torch.Tensor) -> Outputs:
        feature = self.features(inputs)
        return Outputs(logits=(self.classify(self.dropout(feature)),), embeddings=(feature,))


def tiny_dataset(root: Path, pictures: int = 16, **changes: Any) -> TrainingSet:
    """Pictures of `IDENTITIES` identities in turn."""
    paths = [f"{number}.jpg" for number in range(pictures)]
    for number, path in enumerate(paths):
        if not (root / path).exists():
            write_picture(root / path, seed=number)
    labels = [number % IDENTITIES for number in range(pictures)]
    augmentation = changes.pop("augmentation", AUGMENTATION)
    return TrainingSet(PictureSource(root), [(path,) for path in paths], labels, augmentation, **changes)


def tiny_config(**changes: Any) -> TrainSettings:
    """A training of seconds; `rate` stands for both learning rates."""
    rate = changes.pop("rate", 0.02)
    tiny: dict[str, Any] = {"epochs": 3, "schedule": "cosine", "batch_size": 4, "pictures_per_identity": 2}
    quiet = {"validate_every": 0, "workers": 0, "checkpoint_seconds": 0.0}
    return TrainSettings.of(**tiny | quiet | {"backbone_rate": rate, "head_rate": rate} | changes)


def tiny_trainer(
    dataset: TrainingSet, config: TrainSettings, *, world: World | None = None, validate: Any = None, **model: Any
) -> Trainer:
    """A trainer of a tiny model with weights of its own seed."""
    torch.manual_seed(0)
    return Trainer(TinyModel(**model), dataset, config, device=torch.device("cpu"), world=world, validate=validate)


def weights(trainer: Trainer) -> dict[str, torch.Tensor]:
    """A copy of the model's weights."""
    return {name: value.clone() for name, value in trainer.model.state_dict().items()}


def interrupt_after(trainer: Trainer, steps: int) -> None:
    """Let the trainer die after some steps, as a killed process would: what is not on disk is lost."""
    take_step = trainer._step

    def step(*arguments: Any) -> None:
        if trainer.position.step == steps:
            raise KeyboardInterrupt
        take_step(*arguments)

    trainer._step = step  # type: ignore[method-assign]
