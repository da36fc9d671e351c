"""Every architecture on the smallest backbone, for tests of what all models owe."""

import torch

from streid.appearance.appearance_model import AppearanceModel
from streid.appearance.architectures import ARCHITECTURES
from streid.appearance.models import ModelConfig, build_model

FRAMES = {name: 1 if kind.pictures else 2 for name, kind in ARCHITECTURES.items()}


def small_config(architecture: str = "pcb", **changes: object) -> ModelConfig:
    """A model of three identities, of pictures where the architecture takes them."""
    values: dict[str, object] = {"backbone": "resnet18", "identities": 3, "height": 64, "width": 32}
    values |= {"backbone": "timm:test_vit", "cameras": (1, 3), "cameras_of": ("demo",)} if architecture == "vit" else {}
    values["frames"] = FRAMES.get(architecture, 1)
    return ModelConfig(architecture=architecture, **values | changes)  # type: ignore[arg-type]


def small_model(architecture: str) -> AppearanceModel:
    """The model of `small_config`, with the same weights each time."""
    torch.manual_seed(0)
    return build_model(small_config(architecture))


def inputs_for(model: AppearanceModel) -> torch.Tensor:
    """Two units for a model."""
    pictures = torch.randn(2, model.frames, 3, 64, 32)
    return pictures if model.frames > 1 else pictures[:, 0]
