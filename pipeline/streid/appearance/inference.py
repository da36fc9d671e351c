"""Features of units, computed by a model from their picture files.

Shape suffixes: U units of a chunk, D feature values.
"""

import contextlib
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from streid.appearance.appearance_model import AppearanceModel, retrieval_features
from streid.appearance.host_copies import HostCopy
from streid.appearance.models import ModelConfig
from streid.data.clips import evaluation_clips
from streid.data.loading import EvaluationSet, load_batches
from streid.data.picture_source import PictureSource
from streid.data.transforms import NetworkInput
from streid.errors import InputError

FeatureArray = npt.NDArray[np.float32]
Paths = tuple[str, ...]

PRECISIONS = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}


@dataclass(frozen=True, kw_only=True)
class Inference:
    """Computes features of pictures and tracklets, chunk by chunk, with one set of loader processes.

    A model of pictures computes a feature for each picture of a tracklet, a model of clips one for each of its
    consecutive clips; the unit's feature is their mean, brought to length 1 again. A model of clips takes a single
    picture as a tracklet of one.

    config: the model's. batch_size: pictures per step, the frames of clips counted. precision: one of
    `PRECISIONS`. workers: processes that read pictures.
    """

    config: ModelConfig
    source: PictureSource
    device: torch.device
    batch_size: int
    precision: str = "fp32"
    workers: int = 0

    @torch.inference_mode()
    def features(self, model: AppearanceModel, chunks: Sequence[Sequence[Paths]]) -> Iterator[FeatureArray]:
        """Yield the features (U, D) of each chunk's units.

        A step never mixes chunks, so a chunk's features do not depend on which others are computed with it.

        Args:
            model: on the device, in channels-last memory; it is set to evaluation mode.
            chunks: the paths of the pictures of each unit.

        Raises:
            InputError: a picture cannot be read, or the model's features are not finite.
        """
        model.eval()
        frames = self.config.frames
        clips: list[Paths] = []
        units: list[int] = []
        batches: list[list[int]] = []
        ends: list[int] = []
        step = max(1, self.batch_size // frames)
        for chunk in chunks:
            first = len(clips)
            for unit, paths in enumerate(chunk):
                taken = [tuple(paths[frame] for frame in clip) for clip in evaluation_clips(len(paths), frames)]
                clips += taken
                units += [unit] * len(taken)
            batches += [list(range(start, min(start + step, len(clips)))) for start in range(first, len(clips), step)]
            ends.append(len(batches))
        begin = 0
        with contextlib.closing(self._batches(model, clips, batches)) as computed:
            for chunk, end in zip(chunks, ends, strict=True):
                rows = np.array([units[clip] for batch in batches[begin:end] for clip in batch], np.int64)
                parts = [next(computed) for _ in range(begin, end)]
                begin = end
                yield _average(np.concatenate(parts), rows, len(chunk))

    def _batches(
        self, model: AppearanceModel, clips: Sequence[Paths], batches: Sequence[list[int]]
    ) -> Generator[FeatureArray, None, None]:
        """The features of each batch; one batch is yielded while the device computes the next."""
        dataset = EvaluationSet(self.source, clips, height=self.config.height, width=self.config.width)
        prepare = NetworkInput(self.device)
        precision = PRECISIONS[self.precision]
        waiting: HostCopy | None = None
        pin_memory = self.device.type == "cuda"
        for pictures in load_batches(dataset, batches, workers=self.workers, pin_memory=pin_memory):
            with torch.autocast(self.device.type, precision, enabled=precision != torch.float32):
                current = HostCopy(retrieval_features(model, prepare(pictures)))
            if waiting is not None:
                yield waiting.wait().numpy()
            waiting = current
        if waiting is not None:
            yield waiting.wait().numpy()


def _average(features: FeatureArray, rows: npt.NDArray[np.int64], units: int) -> FeatureArray:
    """Mean feature of each unit, brought to length 1; a unit with one feature keeps it as it is."""
    if not np.isfinite(features).all():
        raise InputError("the model's features are not finite, because its training diverged; train it again")
    if len(rows) == units:
        return features
    sums_UD = np.zeros((units, features.shape[1]), np.float32)
    np.add.at(sums_UD, rows, features)
    lengths_U = np.linalg.norm(sums_UD, axis=1, keepdims=True)
    several_U = np.bincount(rows, minlength=units) > 1
    sums_UD[several_U] /= np.maximum(lengths_U[several_U], np.finfo(np.float32).tiny)
    return sums_UD
