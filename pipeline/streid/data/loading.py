"""Pictures in batches, read by worker processes.

Shape suffixes: N pictures of a batch, C channels (RGB), H rows, W columns.
"""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset
from torchvision.transforms import v2

from streid.data.images import open_picture
from streid.errors import InputError

Item = tuple[int, int]


class PictureDataset(Dataset[tuple[torch.Tensor, int]]):
    """Pictures with labels; item `(epoch, row)` is augmented by what (seed, epoch, row) draws, nothing else.

    So a picture's augmentation does not depend on the number of loader workers, nor on where a run was
    interrupted.
    """

    def __init__(
        self, root: Path, paths: Sequence[str], labels: Sequence[int], transform: v2.Compose, *, seed: int = 0
    ) -> None:
        self.root, self.paths, self.labels = root, list(paths), list(labels)
        self.transform, self.seed = transform, seed

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, item: tuple[int, int]) -> tuple[torch.Tensor, int]:
        """One picture as float32 (C, H, W) and its label.

        Raises:
            InputError: the picture is missing or unreadable.
        """
        epoch, row = item
        picture = open_picture(self.root, self.paths[row])
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(int(np.random.SeedSequence((self.seed, epoch, row)).generate_state(1, np.uint64)[0] >> 1))
            return self.transform(picture), self.labels[row]


def load_batches(
    dataset: PictureDataset, batches: Iterable[Sequence[Item]], *, workers: int, pin_memory: bool = False
) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Read batches of `(epoch, row)` items in the order given.

    Args:
        workers: processes that read and augment ahead; 0 reads in this process.
        pin_memory: for copies to a GPU that overlap with its work.

    Yields:
        pictures_NCHW (float32) and labels_N (int64).

    Raises:
        InputError: a picture is missing or unreadable; a worker was killed, as happens when memory runs out.
    """
    loader = DataLoader(
        dataset,
        batch_sampler=batches,  # type: ignore[arg-type]  # any iterable of item lists will do
        num_workers=workers,
        pin_memory=pin_memory,
        prefetch_factor=4 if workers else None,
    )
    try:
        yield from loader
    except InputError as error:
        # A worker's exception arrives with its traceback as text; its last line is the message.
        raise InputError(str(error).strip().rsplit("InputError: ", 1)[-1]) from None
    except RuntimeError as error:
        if "DataLoader worker" not in str(error):
            raise
        raise InputError(
            f"a process reading pictures was killed ({error}); most often memory ran out: "
            "use fewer workers, smaller batches, or give the job more memory"
        ) from None
