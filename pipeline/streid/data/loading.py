"""Samples in batches, read by worker processes.

Shape suffixes: N samples of a batch, T frames of a clip, H rows, W columns, C channels (RGB).
"""

from collections.abc import Generator, Iterable, Sequence
from traceback import clear_frames
from typing import NamedTuple, TypeVar

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset

from streid.data.clips import training_clip
from streid.data.picture_source import PictureSource
from streid.data.sample_settings import AugmentationSettings
from streid.data.transforms import (
    augment_mask,
    augment_picture,
    draw_augmentation,
    draw_erased,
    no_augmentation,
)
from streid.errors import InputError
from streid.stage.processes import die_with_parent
from streid.stage.refusals import explain_readers
from streid.stage.termination import outlast_sigterm

Read = TypeVar("Read")
NO_MASK = torch.empty((0, 0), dtype=torch.uint8)


class Item(NamedTuple):
    """A sample to read: the epoch, its row in the data set, and its place in the epoch, from 0."""

    epoch: int
    row: int
    place: int


class Sample(NamedTuple):
    """One sample, or a batch of them with a leading axis N.

    pictures: uint8 (H, W, C), of a clip (T, H, W, C). erased: rectangles (4,) or (T, 4), see `draw_erased`.
    mask: uint8 part labels (H, W), or (0, 0) where none are read. label: class, 0-based. camera: the row of its camera.
    """

    pictures: torch.Tensor
    erased: torch.Tensor
    mask: torch.Tensor
    label: torch.Tensor
    camera: torch.Tensor


class TrainingSet(Dataset[Sample]):
    """Training samples; the augmentation of item (epoch, row, place) depends only on (seed, epoch, place).

    So it does not depend on the number of loader workers, or on where a run was interrupted.

    Args:
        units: the pictures' paths of each unit; one path each when `frames` is 1.
        labels: class of each unit.
        frames: 1 for pictures, T for clips of T frames.
        frame_stride: see `training_clip`.
        masks: also read each picture's part mask; for pictures only.
        cameras: a row for the camera of each unit, for models that learn cameras; 0 for all where there are none.
    """

    def __init__(
        self,
        source: PictureSource,
        units: Sequence[Sequence[str]],
        labels: Sequence[int],
        augmentation: AugmentationSettings,
        *,
        frames: int = 1,
        frame_stride: int = 0,
        masks: bool = False,
        cameras: Sequence[int] = (),
        seed: int = 0,
    ) -> None:
        if masks and frames > 1:
            raise InputError("part masks are for pictures: set train.mask_weight to 0 for a model that takes clips")
        self.source, self.units, self.labels = source, units, np.asarray(labels, np.int64)
        self.augmentation, self.frames, self.frame_stride = augmentation, frames, frame_stride
        self.masks, self.seed = masks, seed
        self.cameras = np.asarray(cameras, np.int64) if len(cameras) else np.zeros(len(units), np.int64)

    def __len__(self) -> int:
        return len(self.units)

    def __getitem__(self, item: Item) -> Sample:
        """Read and augment one sample.

        Raises:
            InputError: a picture or mask is missing or unreadable.
        """
        epoch, row, place = item
        generator = np.random.default_rng((self.seed, epoch, place))
        drawn = draw_augmentation(self.augmentation, generator)
        paths = self.units[row]
        if self.frames > 1:
            paths = [paths[frame] for frame in training_clip(len(paths), self.frames, self.frame_stride, generator)]
        pictures = [augment_picture(self.source.read(path), drawn) for path in paths]
        erased = torch.tensor([draw_erased(self.augmentation, generator) for _ in paths])
        return Sample(
            pictures=torch.stack(pictures) if self.frames > 1 else pictures[0],
            erased=erased if self.frames > 1 else erased[0],
            mask=augment_mask(self.source.read_mask(paths[0]), drawn) if self.masks else NO_MASK,
            label=torch.tensor(self.labels[row]),
            camera=torch.tensor(self.cameras[row]),
        )


class EvaluationSet(Dataset[torch.Tensor]):
    """Pictures or clips as they are, resized: uint8 (H, W, C) or (T, H, W, C).

    Args:
        clips: the paths of each picture (one) or clip (T).
        height, width: the network's input.
    """

    def __init__(self, source: PictureSource, clips: Sequence[Sequence[str]], *, height: int, width: int) -> None:
        self.source, self.clips = source, clips
        self._resizing = no_augmentation(height, width)

    def __len__(self) -> int:
        return len(self.clips)

    def __getitem__(self, row: int) -> torch.Tensor:
        """Read one picture or clip.

        Raises:
            InputError: a picture is missing or unreadable.
        """
        pictures = [augment_picture(self.source.read(path), self._resizing) for path in self.clips[row]]
        return torch.stack(pictures) if len(pictures) > 1 else pictures[0]


def load_batches(
    dataset: Dataset[Read], batches: Iterable[Sequence[object]], *, workers: int, pin_memory: bool = False
) -> Generator[Read, None, None]:
    """Read batches of a data set's items in the order given.

    Args:
        workers: processes that read and augment ahead; 0 reads in this process.
        pin_memory: allows copies to a GPU that overlap with its work.

    Yields:
        What the data set gives, with a leading axis N.

    Raises:
        InputError: a picture is missing or unreadable; a worker was killed, for example because memory ran out; there
            is too little shared memory.
    """
    loader = DataLoader(
        dataset,
        batch_sampler=batches,  # type: ignore[arg-type]  # any iterable of item lists will do
        num_workers=workers,
        pin_memory=pin_memory,
        prefetch_factor=4 if workers else None,
        worker_init_fn=_start_worker,
        # The loader seeds its workers. Its own generator keeps the caller's random state unchanged.
        generator=torch.Generator(),
    )
    try:
        yield from loader
    except InputError as error:
        # The error's frames hold the workers, which would else end with the program, when torch takes it for a fault.
        clear_frames(error.__traceback__)
        # A worker's exception arrives with its traceback as text; its last line is the message.
        raise InputError(str(error).strip().rsplit("InputError: ", 1)[-1]) from None
    except RuntimeError as error:
        if said := explain_readers(error):
            clear_frames(error.__traceback__)
            raise InputError(said) from None
        raise


def _start_worker(_: int) -> None:
    die_with_parent()
    outlast_sigterm()
