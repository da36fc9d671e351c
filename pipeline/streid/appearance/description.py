"""Retrieval features of units, read from their pictures.

Shape suffixes: U units of a chunk, D feature values.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from streid.appearance.host_copies import Transfer
from streid.appearance.models import ModelConfig
from streid.appearance.outputs import AppearanceModel, describe
from streid.data.clips import evaluation_clips
from streid.data.loading import EvaluationSet, load_batches
from streid.data.picture_source import PictureSource
from streid.data.transforms import NetworkInput
from streid.errors import InputError

FeatureArray = npt.NDArray[np.float32]
Paths = tuple[str, ...]

PRECISIONS = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}


@dataclass(frozen=True, kw_only=True)
class Describer:
    """Computes features of pictures and tracklets, chunk by chunk, with one set of loader processes.

    A model of pictures gives each of a tracklet's pictures a feature, a model of clips each of its consecutive
    clips; a unit with several has their mean, of length 1 again. A model of clips takes a single picture as a
    tracklet of one.

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
    def describe(self, model: AppearanceModel, chunks: Sequence[Sequence[Paths]]) -> Iterator[FeatureArray]:
        """Yield the features (U, D) of each chunk's units.

        A step never mixes chunks, so a chunk's features do not depend on the others asked for with it.

        Args:
            model: on the device, in channels-last memory; it is set to evaluation.
            chunks: the paths of the pictures of each unit.

        Raises:
            InputError: a picture cannot be read, or the model gives values that are not finite.
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
        described = self._batches(model, clips, batches)
        begin = 0
        for chunk, end in zip(chunks, ends, strict=True):
            rows = np.array([units[clip] for batch in batches[begin:end] for clip in batch], np.int64)
            parts = [next(described) for _ in range(begin, end)]
            begin = end
            yield _average(np.concatenate(parts), rows, len(chunk))

    def _batches(
        self, model: AppearanceModel, clips: Sequence[Paths], batches: Sequence[list[int]]
    ) -> Iterator[FeatureArray]:
        """The features of each batch; while the device works on one, the one before is handed out."""
        dataset = EvaluationSet(self.source, clips, height=self.config.height, width=self.config.width)
        prepare = NetworkInput(self.device)
        precision = PRECISIONS[self.precision]
        waiting: Transfer | None = None
        pin_memory = self.device.type == "cuda"
        for pictures in load_batches(dataset, batches, workers=self.workers, pin_memory=pin_memory):
            with torch.autocast(self.device.type, precision, enabled=precision != torch.float32):
                current = Transfer(describe(model, prepare(pictures)))
            if waiting is not None:
                yield waiting.wait().numpy()
            waiting = current
        if waiting is not None:
            yield waiting.wait().numpy()


def _average(features: FeatureArray, rows: npt.NDArray[np.int64], units: int) -> FeatureArray:
    """Mean feature of each unit, of length 1; a unit with one feature keeps it as it is."""
    if not np.isfinite(features).all():
        raise InputError("the model gives features that are not finite; its training diverged: train again")
    if len(rows) == units:
        return features
    sums_UD = np.zeros((units, features.shape[1]), np.float32)
    np.add.at(sums_UD, rows, features)
    lengths_U = np.linalg.norm(sums_UD, axis=1, keepdims=True)
    several_U = np.bincount(rows, minlength=units) > 1
    sums_UD[several_U] /= np.maximum(lengths_U[several_U], np.finfo(np.float32).tiny)
    return sums_UD
