"""Features by a model that streid trained."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import torch

from streid.appearance.feature_model import Reading
from streid.appearance.inference import Inference
from streid.appearance.models import load_model
from streid.appearance.unit_features import FeatureArray, Paths
from streid.files.checksums import digest_file
from streid.stage.devices import choose_device


class TrainedFeatures:
    """A model.safetensors, ready to compute features; see `streid.appearance.feature_model.FeatureModel`.

    Raises:
        InputError: the file is none of this streid's models, or the device cannot be had.
    """

    network = ""
    circumstances: Mapping[str, str] = {}

    def __init__(self, path: Path, reading: Reading) -> None:
        model, config = load_model(path)
        self.device = choose_device(reading.device)
        torch.set_num_threads(reading.threads)
        torch.backends.cudnn.benchmark = True
        self._path, self._model = path, model.to(self.device).to(memory_format=torch.channels_last)
        self.frames, self.feature_length = config.frames, model.feature_length
        self.choices: Mapping[str, str] = {
            "kind": "trained",
            "architecture": config.architecture,
            "backbone": config.backbone,
        }
        self._inference = Inference(
            config=config,
            cameras=config.camera_rows(reading.dataset),
            source=reading.source,
            device=self.device,
            batch_size=reading.batch_size,
            precision=reading.precision,
            workers=reading.workers,
        )

    def weights(self) -> str:
        """SHA-256 of the file."""
        return digest_file(self._path)

    def features(
        self, chunks: Sequence[Sequence[Paths]], camids: Sequence[Sequence[int]] | None = None
    ) -> Iterator[FeatureArray]:
        """See `Inference.features`."""
        return self._inference.features(self._model, chunks, camids)
