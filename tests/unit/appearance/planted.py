"""Pictures with a planted signal, to see that a model learns it: each identity has its colours, each picture its noise.

Shape suffixes: U pictures, H rows, W columns.
"""

from pathlib import Path

import numpy as np
import torch
from PIL import Image
from unit.appearance.tiny import interrupt_after

from streid.appearance.appearance_model import AppearanceModel, retrieval_features
from streid.appearance.models import ModelConfig, build_model, learned_cameras
from streid.appearance.train_settings import TrainSettings
from streid.appearance.training import Trainer
from streid.data.loading import TrainingSet
from streid.data.picture_source import PictureSource
from streid.data.transforms import NetworkInput

IDENTITIES, PER_IDENTITY = 8, 8
HEIGHT, WIDTH = 64, 32


def planted_pictures(seed: int, per_identity: int = PER_IDENTITY) -> tuple[torch.Tensor, torch.Tensor]:
    """Pictures (U, H, W, 3) in bytes, with much noise, and their identities (U,).

    The three bits of an identity say whether its upper half is red or blue, its lower half is, and whether it has a
    bright stripe in the middle.
    """
    generator = np.random.default_rng(seed)
    labels_U = np.arange(IDENTITIES).repeat(per_identity)
    pictures = generator.normal(128, 50, (len(labels_U), HEIGHT, WIDTH, 3))
    for row, label in enumerate(labels_U):
        for rows, bit in ((slice(0, HEIGHT // 2), 1), (slice(HEIGHT // 2, HEIGHT), 2)):
            pictures[row, rows, :, 0 if label & bit else 2] += 60
        if label & 4:
            pictures[row, HEIGHT // 2 - 6 : HEIGHT // 2 + 6] += 60
        pictures[row] += generator.normal(0, 25)
    return torch.from_numpy(pictures.clip(0, 255).astype(np.uint8)), torch.from_numpy(labels_U)


def train_on_planted(
    root: Path, architecture: str, backbone: str, *, stop_after: int = 0, **settings: object
) -> AppearanceModel:
    """A model trained on planted pictures by the settings, as the stage trains it, or killed after some steps."""
    pictures, labels = planted_pictures(seed=0)
    paths = [f"{number}.png" for number in range(len(labels))]
    for path, picture in zip(paths, pictures, strict=True):
        Image.fromarray(picture.numpy()).save(root / path)
    size = {"height": HEIGHT, "width": WIDTH}
    learning = {
        "sampler": "pk",
        "batch_size": 32,
        "triplet": "euclidean",
        "optimizer": "adam",
        "validate_every": 0,
        "checkpoint_seconds": 0,
    }
    chosen = {"architecture": architecture, "backbone": backbone, "start_weights": "none", "workers": 0}
    config = TrainSettings.of(**size, **learning | chosen | settings)
    torch.manual_seed(0)
    shape = {"architecture": architecture, "backbone": backbone, "pooling": config.pooling}
    cameras = [number % 2 for number in range(len(labels))]
    learned = learned_cameras(architecture, np.array(cameras), ["planted"])
    model = build_model(ModelConfig(identities=IDENTITIES, **size, **shape, **learned))
    dataset = TrainingSet(PictureSource(root), [(path,) for path in paths], labels.tolist(), config, cameras=cameras)
    trainer = Trainer(model, dataset, config, device=torch.device("cpu"))
    if stop_after:
        interrupt_after(trainer, stop_after)
    trainer.run(root / "work", "planted")
    return model


def found_first(model: AppearanceModel) -> float:
    """Share of fresh planted pictures whose nearest other one, by the model's features, has the same identity."""
    pictures, labels_U = planted_pictures(seed=1, per_identity=4)
    with torch.inference_mode():
        features_UD = retrieval_features(model.eval(), NetworkInput(torch.device("cpu"))(pictures))
    nearest_U = (features_UD @ features_UD.T).fill_diagonal_(-1).argmax(1)
    return float((labels_U[nearest_U] == labels_U).double().mean())
