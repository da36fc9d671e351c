"""Features of units, computed by a model from their picture files.

Shape suffixes: U units of a chunk, D feature values.
"""

from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch

from streid.appearance.appearance_model import AppearanceModel, retrieval_features
from streid.appearance.host_copies import HostCopy
from streid.appearance.models import ModelConfig
from streid.appearance.unit_features import FeatureArray, Paths, unit_features
from streid.data.clips import evaluation_clips
from streid.data.loading import EvaluationSet, load_batches
from streid.data.picture_source import PictureSource
from streid.data.transforms import NetworkInput
from streid.errors import InputError

NO_CAMERA = -1
PRECISIONS = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}


@dataclass(frozen=True, kw_only=True)
class Inference:
    """Computes features of pictures and tracklets, chunk by chunk, with one set of loader processes.

    See `unit_features` for what a model of pictures and one of clips make of a tracklet. A model of clips takes a
    single picture as a tracklet of one.

    config: the model's. cameras: the rows of the cameras that the model has learned, by number. batch_size: pictures
    per step, the frames of clips counted. precision: one of `PRECISIONS`. workers: processes that read pictures.
    """

    config: ModelConfig
    source: PictureSource
    device: torch.device
    batch_size: int
    precision: str = "fp32"
    workers: int = 0
    cameras: Mapping[int, int] = field(default_factory=dict)

    def features(
        self,
        model: AppearanceModel,
        chunks: Sequence[Sequence[Paths]],
        camids: Sequence[Sequence[int]] | None = None,
    ) -> Iterator[FeatureArray]:
        """Yield the features (U, D) of each chunk's units.

        Args:
            model: on the device, in channels-last memory; it is set to evaluation mode.
            chunks: the paths of the pictures of each unit.
            camids: the camera of each unit; None where they are not known.

        Raises:
            InputError: a picture cannot be read, or the model's features are not finite.
        """
        model.eval()
        step = max(1, self.batch_size // self.config.frames)

        places = chunks if camids is not None and self.cameras else []
        rows = torch.tensor(
            [
                self.cameras.get(camid, NO_CAMERA)
                for chunk, of_chunk in zip(places, camids or [], strict=False)
                for paths, camid in zip(chunk, of_chunk, strict=True)
                for _ in evaluation_clips(len(paths), self.config.frames)
            ]
        )

        def compute(clips: Sequence[Paths], batches: Sequence[list[int]]) -> Generator[FeatureArray, None, None]:
            return self._batches(model, clips, batches, rows)

        yield from unit_features(chunks, compute, frames=self.config.frames, step=step)

    def _batches(
        self, model: AppearanceModel, clips: Sequence[Paths], batches: Sequence[list[int]], rows: torch.Tensor
    ) -> Generator[FeatureArray, None, None]:
        """The features of each batch; one batch is yielded while the device computes the next."""
        dataset = EvaluationSet(self.source, clips, height=self.config.height, width=self.config.width)
        prepare = NetworkInput(self.device)
        waiting: HostCopy | None = None
        pin_memory = self.device.type == "cuda"
        read = load_batches(dataset, batches, workers=self.workers, pin_memory=pin_memory)
        for batch, pictures in zip(batches, read, strict=True):
            cameras = (rows[batch].to(self.device),) if len(rows) else ()
            current = self._compute(model, prepare(pictures), cameras)
            if waiting is not None:
                yield _finite(waiting)
            waiting = current
        if waiting is not None:
            yield _finite(waiting)

    @torch.inference_mode()
    def _compute(self, model: AppearanceModel, inputs: torch.Tensor, cameras: tuple[torch.Tensor, ...]) -> HostCopy:
        precision = PRECISIONS[self.precision]
        with torch.autocast(self.device.type, precision, enabled=precision != torch.float32):
            return HostCopy(retrieval_features(model, inputs, *cameras))


def _finite(waiting: HostCopy) -> FeatureArray:
    features: FeatureArray = waiting.wait().numpy()
    if not np.isfinite(features).all():
        raise InputError("the model's features are not finite, because its training diverged; train it again")
    return features
