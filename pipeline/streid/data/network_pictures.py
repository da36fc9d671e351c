"""Pictures for a network of another program: resized as that program resizes them.

Shape suffixes: N pictures, T frames of a clip, H rows, W columns, C channels.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch.nn import functional
from torch.utils.data import Dataset

from streid.data.picture_source import PictureSource

# Name -> torch's mode, and whether it smooths where the picture gets smaller, as Pillow does and OpenCV does not.
FILTERS = {"bilinear": ("bilinear", True), "bicubic": ("bicubic", True), "opencv": ("bilinear", False)}


class NetworkPictures(Dataset[torch.Tensor]):
    """Pictures or clips, resized: uint8 (H, W, C) or (T, H, W, C), RGB.

    Args:
        clips: the paths of each picture (one) or clip (T).
        height, width: the network's input.
        resize: one of `FILTERS`.
    """

    def __init__(
        self, source: PictureSource, clips: Sequence[Sequence[str]], *, height: int, width: int, resize: str
    ) -> None:
        self.source, self.clips, self.size = source, clips, (height, width)
        self.mode, self.smooth = FILTERS[resize]

    def __len__(self) -> int:
        return len(self.clips)

    def __getitem__(self, row: int) -> torch.Tensor:
        """Read one picture or clip.

        Raises:
            InputError: a picture is missing or unreadable.
        """
        pictures = [self._read(path) for path in self.clips[row]]
        return torch.stack(pictures) if len(pictures) > 1 else pictures[0]

    def _read(self, path: str) -> torch.Tensor:
        pixels_HWC = torch.from_numpy(np.array(self.source.read(path)))
        if pixels_HWC.shape[:2] == self.size:
            return pixels_HWC
        # In bytes with the channels last, torch's resize gives Pillow's values at a quarter of the time.
        resized_1CHW = functional.interpolate(
            pixels_HWC.permute(2, 0, 1)[None], self.size, mode=self.mode, antialias=self.smooth
        )
        return resized_1CHW[0].permute(1, 2, 0).contiguous()
