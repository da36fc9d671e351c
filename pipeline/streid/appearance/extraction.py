"""Features of pictures, in shards that survive an interruption.

Shape suffixes: N pictures of a shard, D feature values.
"""

import logging
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from streid.appearance.models import ModelConfig
from streid.appearance.outputs import AppearanceModel, describe
from streid.appearance.progress import progress_bar
from streid.artifacts import Sightings, atomic_output, read_json, write_json
from streid.data.loading import PictureDataset, load_batches
from streid.data.transforms import evaluation_transform
from streid.errors import InputError

logger = logging.getLogger(__name__)

SHARD_PICTURES = 1024


class Extractor:
    """Extracts a model's features of one picture list after the other, shard by shard.

    Args:
        model, config: as loaded from model.safetensors.
        root: the data set's root.
        work: folder for shards; those of another fingerprint are removed.
        fingerprint: of the model, parameters, code and data.
        dtype: of the features as stored, float32 or float16.
        precision: torch.float32, or a type to compute in by autocast.
        workers: processes that read pictures.
    """

    def __init__(
        self,
        model: AppearanceModel,
        config: ModelConfig,
        *,
        root: Path,
        work: Path,
        fingerprint: str,
        device: torch.device,
        batch_size: int,
        dtype: str,
        precision: torch.dtype,
        workers: int,
    ) -> None:
        self.model = model.to(device).to(memory_format=torch.channels_last).eval()
        self.config, self.root, self.work = config, root, work
        self.device, self.batch_size, self.workers = device, batch_size, workers
        self.dtype, self.precision = np.dtype(dtype), precision
        self._claim_work(fingerprint)

    def extract(self, group: str, sightings: Sightings) -> Iterator[npt.NDArray[np.floating]]:
        """Yield the features (N, D) of a group's pictures, one shard after the other.

        Shards found in the work folder are read, the others computed and kept there.

        Raises:
            InputError: a picture cannot be read, or the model gives values that are not finite.
        """
        starts = range(0, len(sightings), SHARD_PICTURES)
        with progress_bar(f"extracting {group}", "picture", len(sightings)) as progress:
            for shard, start in enumerate(starts):
                paths = sightings.path_N[start : start + SHARD_PICTURES].tolist()
                yield self._shard(self.work / f"{group}-{shard:05d}.npy", paths)
                progress.update(len(paths))

    def finish(self) -> None:
        """Remove the shards, once the features are safely written."""
        shutil.rmtree(self.work)

    def _claim_work(self, fingerprint: str) -> None:
        marker = self.work / "fingerprint.json"
        if marker.is_file():
            try:
                if read_json(marker).get("fingerprint") == fingerprint:
                    logger.info("resuming from the shards in %s", self.work)
                    return
            except InputError as error:
                logger.warning("%s", error)
            logger.info("shards in %s belong to another model, parameters, code or data; starting afresh", self.work)
        elif self.work.is_dir() and any(path.name != ".fingerprint.json.partial" for path in self.work.iterdir()):
            raise InputError(f"{self.work}: holds files that are no unfinished extraction; choose an empty work folder")
        shutil.rmtree(self.work, ignore_errors=True)
        write_json(marker, {"fingerprint": fingerprint})

    def _shard(self, path: Path, pictures: list[str]) -> npt.NDArray[np.floating]:
        if path.is_file():
            try:
                found: npt.NDArray[np.floating] = np.load(path, allow_pickle=False)
                if found.shape == (len(pictures), self.model.feature_length) and found.dtype == self.dtype:
                    return found
            except (OSError, ValueError, EOFError) as error:
                logger.warning("shard %s is damaged (%s); computing it again", path, error)
        features_ND = self._compute(pictures)
        with atomic_output(path) as partial, partial.open("wb") as handle:
            np.save(handle, features_ND)
        return features_ND

    @torch.inference_mode()
    def _compute(self, paths: list[str]) -> npt.NDArray[np.floating]:
        transform = evaluation_transform(self.config.height, self.config.width)
        dataset = PictureDataset(self.root, paths, [0] * len(paths), transform)
        plan = [
            [(0, row) for row in range(start, min(start + self.batch_size, len(paths)))]
            for start in range(0, len(paths), self.batch_size)
        ]
        features_ND = np.empty((len(paths), self.model.feature_length), self.dtype)
        row = 0
        for pictures, _ in load_batches(dataset, plan, workers=self.workers, pin_memory=self.device.type == "cuda"):
            pictures_NCHW = pictures.to(self.device, memory_format=torch.channels_last, non_blocking=True)
            with torch.autocast(self.device.type, self.precision, enabled=self.precision != torch.float32):
                described = describe(self.model, pictures_NCHW)
            features_ND[row : row + len(pictures)] = described.cpu().numpy()
            row += len(pictures)
        if not np.isfinite(features_ND).all():
            raise InputError("the model gives features that are not finite; its training diverged: train again")
        return features_ND
