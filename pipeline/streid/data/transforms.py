"""From a decoded picture to the network's input, with training augmentation.

Worker processes decode, change colours, mirror, resize and crop 8-bit pictures; whole batches are then normalised and
erased on the device. The random values for a sample are an `Augmentation`, so that all frames of a clip, and a
picture's part mask, get the same geometry.

Shape suffixes: N pictures, H rows, W columns, C channels (RGB).
"""

import math
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image
from torch.nn import functional
from torchvision.transforms.v2 import functional as picture_functional

from streid.data.sample_settings import AugmentationSettings

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)
COLOUR_CHANGES = ("brightness", "contrast", "saturation", "hue")
ERASED_AREA = (0.02, 0.4)
ERASED_RATIO = (0.3, 3.3)
ERASING_TRIES = 10

Rectangle = tuple[int, int, int, int]
NOTHING: Rectangle = (0, 0, 0, 0)


@dataclass(frozen=True, kw_only=True)
class Augmentation:
    """The random changes of one sample, the same for all its frames.

    height, width: of the result. resized: rows and columns to resize to. padding: black pixels then added on every
    side. top, left: of the crop from the padded picture. colours: changes in their order, with factors. grey: whether
    the picture becomes grey.
    """

    height: int
    width: int
    resized: tuple[int, int]
    padding: int = 0
    top: int = 0
    left: int = 0
    mirrored: bool = False
    colours: tuple[tuple[str, float], ...] = ()
    grey: bool = False


def no_augmentation(height: int, width: int) -> Augmentation:
    """A plain resize to the network's input, for evaluation."""
    return Augmentation(height=height, width=width, resized=(height, width))


def draw_augmentation(config: AugmentationSettings, generator: np.random.Generator) -> Augmentation:
    """Draw a sample's geometry and colour changes."""
    rows, columns = round(config.height * config.crop_scale), round(config.width * config.crop_scale)
    spare_rows, spare_columns = (
        rows + 2 * config.padding - config.height,
        columns + 2 * config.padding - config.width,
    )
    colours: tuple[tuple[str, float], ...] = ()
    if config.colour_jitter:
        strengths = dict.fromkeys(COLOUR_CHANGES, config.colour_jitter) | {"hue": config.colour_jitter / 4}
        order = [COLOUR_CHANGES[place] for place in generator.permutation(len(COLOUR_CHANGES))]
        middle = {"hue": 0.0}
        colours = tuple(
            (name, middle.get(name, 1.0) + float(generator.uniform(-strengths[name], strengths[name])))
            for name in order
        )
    return Augmentation(
        height=config.height,
        width=config.width,
        resized=(rows, columns),
        padding=config.padding,
        top=int(generator.integers(spare_rows + 1)),
        left=int(generator.integers(spare_columns + 1)),
        mirrored=bool(generator.random() < config.flip),
        colours=colours,
        grey=bool(generator.random() < config.grayscale),
    )


def draw_erased(config: AugmentationSettings, generator: np.random.Generator) -> Rectangle:
    """Draw the erased rectangle (top, left, rows, columns) of one picture; `NOTHING` if none is erased."""
    if generator.random() >= config.erasing:
        return NOTHING
    for _ in range(ERASING_TRIES):
        area = generator.uniform(*ERASED_AREA) * config.height * config.width
        ratio = math.exp(generator.uniform(math.log(ERASED_RATIO[0]), math.log(ERASED_RATIO[1])))
        rows, columns = round(math.sqrt(area * ratio)), round(math.sqrt(area / ratio))
        if 0 < rows < config.height and 0 < columns < config.width:
            top = int(generator.integers(config.height - rows + 1))
            return top, int(generator.integers(config.width - columns + 1)), rows, columns
    return NOTHING


def augment_picture(picture: Image.Image, drawn: Augmentation) -> torch.Tensor:
    """An RGB picture with the random changes, resized (bicubic): uint8 (H, W, C)."""
    for name, factor in drawn.colours:
        picture = _change_colours(picture, name, factor)
    if drawn.grey:
        picture = picture.convert("L").convert("RGB")
    pixels_HWC = torch.from_numpy(np.array(_mirror(picture, drawn)))
    if pixels_HWC.shape[:2] != drawn.resized:
        # For uint8 with the channels last, torch's resize gives Pillow's values in a quarter of the time.
        pixels_HWC = functional.interpolate(
            pixels_HWC.permute(2, 0, 1)[None], drawn.resized, mode="bicubic", antialias=True
        )[0].permute(1, 2, 0)
    return _crop(pixels_HWC, drawn).contiguous()


def augment_mask(mask: Image.Image, drawn: Augmentation) -> torch.Tensor:
    """A part mask with the same geometry, resized by nearest neighbour: uint8 (H, W)."""
    rows, columns = drawn.resized
    resized = _mirror(mask, drawn).resize((columns, rows), Image.Resampling.NEAREST)
    labels_HW1 = torch.from_numpy(np.array(resized, np.uint8))[:, :, None]
    return _crop(labels_HW1, drawn)[:, :, 0].contiguous()


def _change_colours(picture: Image.Image, name: str, factor: float) -> Image.Image:
    if name == "brightness":
        return picture_functional.adjust_brightness(picture, factor)  # type: ignore[no-any-return]
    if name == "contrast":
        return picture_functional.adjust_contrast(picture, factor)  # type: ignore[no-any-return]
    if name == "saturation":
        return picture_functional.adjust_saturation(picture, factor)  # type: ignore[no-any-return]
    return picture_functional.adjust_hue(picture, factor)  # type: ignore[no-any-return]


def _mirror(picture: Image.Image, drawn: Augmentation) -> Image.Image:
    return picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if drawn.mirrored else picture


def _crop(pixels_HWC: torch.Tensor, drawn: Augmentation) -> torch.Tensor:
    if drawn.padding:
        pixels_HWC = functional.pad(pixels_HWC, (0, 0, *(drawn.padding,) * 4))
    return pixels_HWC[drawn.top : drawn.top + drawn.height, drawn.left : drawn.left + drawn.width]


class NetworkInput:
    """Normalises and erases batches on a device."""

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self._scale_C11 = torch.tensor([1 / (255 * std) for std in IMAGENET_STD], device=device)[:, None, None]
        self._shift_C11 = torch.tensor(
            [-mean / std for mean, std in zip(IMAGENET_MEAN, IMAGENET_STD, strict=True)], device=device
        )[:, None, None]

    def __call__(self, pictures: torch.Tensor, erased: torch.Tensor | None = None) -> torch.Tensor:
        """ImageNet-normalised float32 (N, C, H, W) or (N, T, C, H, W), channels last in memory.

        Args:
            pictures: uint8 (N, H, W, C), or clips (N, T, H, W, C).
            erased: rectangles (N, 4) or (N, T, 4) from `draw_erased`; None erases nothing.
        """
        pictures_NHWC = pictures.to(self.device, non_blocking=True).flatten(0, -4)
        pixels_NCHW = pictures_NHWC.permute(0, 3, 1, 2).to(torch.float32).mul_(self._scale_C11).add_(self._shift_C11)
        if erased is not None:
            rectangles_N4 = erased.to(self.device, non_blocking=True).flatten(0, -2)
            pixels_NCHW.masked_fill_(_inside(rectangles_N4, *pixels_NCHW.shape[2:])[:, None], 0.0)
        inputs: torch.Tensor = pixels_NCHW.unflatten(0, pictures.shape[:-3])  # type: ignore[no-untyped-call]
        return inputs


def _inside(rectangles_N4: torch.Tensor, height: int, width: int) -> torch.Tensor:
    """The pixels inside each picture's rectangle: bool (N, H, W)."""
    top_N, left_N, rows_N, columns_N = rectangles_N4.unbind(1)
    rows_H = torch.arange(height, device=rectangles_N4.device)
    columns_W = torch.arange(width, device=rectangles_N4.device)
    in_rows_NH = (rows_H >= top_N[:, None]) & (rows_H < (top_N + rows_N)[:, None])
    in_columns_NW = (columns_W >= left_N[:, None]) & (columns_W < (left_N + columns_N)[:, None])
    return in_rows_NH[:, :, None] & in_columns_NW[:, None, :]
