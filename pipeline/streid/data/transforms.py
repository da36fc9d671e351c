"""Augmentation and normalisation of pictures: RGB picture -> float32 (C, H, W)."""

from dataclasses import dataclass

import torch
from torchvision.transforms import v2

from streid.errors import InputError

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


@dataclass(frozen=True, kw_only=True)
class AugmentationConfig:
    """Picture size and training augmentation.

    height, width: network input in pixels. crop_scale: training pictures are resized to this factor of
    the input and cropped at random (1 = no crop). colour_jitter: strength of random brightness, contrast
    and saturation (factors from 1 - strength to 1 + strength) and of hue (a quarter of it, in turns).
    flip, erasing: probabilities of mirroring and of random erasing (Zhong et al., AAAI 2020; area 2-40 %,
    filled with 0 after normalisation).
    """

    height: int
    width: int
    crop_scale: float = 1.0
    colour_jitter: float = 0.0
    flip: float = 0.5
    erasing: float = 0.5

    def __post_init__(self) -> None:
        if min(self.height, self.width) < 32:
            raise InputError(f"input size {self.height}x{self.width} is too small; at least 32x32")
        if not 1 <= self.crop_scale <= 2:
            raise InputError(f"crop scale {self.crop_scale} is not between 1 and 2")
        if not 0 <= self.colour_jitter <= 1:
            raise InputError(f"colour jitter {self.colour_jitter} is not between 0 and 1")
        if not (0 <= self.flip <= 1 and 0 <= self.erasing <= 1):
            raise InputError("the probabilities of flip and erasing lie between 0 and 1")


def evaluation_transform(height: int, width: int) -> v2.Compose:
    """Bicubic resize and ImageNet normalisation: RGB picture -> float32 (C, H, W)."""
    resize = v2.Resize((height, width), interpolation=v2.InterpolationMode.BICUBIC)
    return v2.Compose([resize, *_normalisation()])


def training_transform(config: AugmentationConfig) -> v2.Compose:
    """Resize, random crop, mirror, normalisation and random erasing; draws from torch's global generator."""
    size = (config.height, config.width)
    larger = (round(config.height * config.crop_scale), round(config.width * config.crop_scale))
    steps: list[torch.nn.Module] = [v2.Resize(larger, interpolation=v2.InterpolationMode.BICUBIC)]
    if larger != size:
        steps.append(v2.RandomCrop(size))
    if config.colour_jitter:
        strength = config.colour_jitter
        steps.append(v2.ColorJitter(strength, strength, strength, strength / 4))
    steps += [v2.RandomHorizontalFlip(config.flip), *_normalisation()]
    steps.append(v2.RandomErasing(config.erasing, scale=(0.02, 0.4), ratio=(0.3, 3.3), value=0))
    return v2.Compose(steps)


def _normalisation() -> list[torch.nn.Module]:
    return [v2.ToImage(), v2.ToDtype(torch.float32, scale=True), v2.Normalize(list(IMAGENET_MEAN), list(IMAGENET_STD))]
