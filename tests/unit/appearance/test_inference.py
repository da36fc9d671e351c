"""Features of pictures and tracklets by models of pictures and of clips, by hand."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional
from unit.appearance.tiny import TinyModel, tiny_dataset

from streid.appearance.appearance_model import retrieval_features
from streid.appearance.inference import Inference
from streid.appearance.models import ModelConfig
from streid.data.picture_source import PictureSource
from streid.data.transforms import NetworkInput, augment_picture, no_augmentation
from streid.errors import InputError

CPU = torch.device("cpu")


class ShapeOf(ModelConfig):
    """A shape whose frames are not checked against an architecture."""

    def __post_init__(self) -> None:
        pass


def inference(source: PictureSource, *, frames: int = 1, batch_size: int = 4, workers: int = 0) -> Inference:
    shape = ShapeOf(architecture="tiny", backbone="", identities=4, height=64, width=32, frames=frames)
    return Inference(config=shape, source=source, device=CPU, batch_size=batch_size, workers=workers)


@pytest.fixture
def source(tmp_path: Path) -> PictureSource:
    return tiny_dataset(tmp_path, pictures=10).source


def read(source: PictureSource, *numbers: int) -> torch.Tensor:
    plain = no_augmentation(64, 32)
    return NetworkInput(CPU)(torch.stack([augment_picture(source.read(f"{n}.jpg"), plain) for n in numbers]))


def names(*numbers: int) -> tuple[str, ...]:
    return tuple(f"{number}.jpg" for number in numbers)


@torch.inference_mode()
def test_a_picture_model_averages_a_tracklets_pictures(source: PictureSource) -> None:
    model = TinyModel().eval()
    chunks = [[names(0), names(1, 2, 3)], [names(4, 5)]]
    first, second = inference(source).features(model, chunks)
    torch.testing.assert_close(torch.from_numpy(first[:1]), retrieval_features(model, read(source, 0)))
    for feature, numbers in ((first[1], (1, 2, 3)), (second[0], (4, 5))):
        by_hand = functional.normalize(retrieval_features(model, read(source, *numbers)).mean(0), dim=0)
        torch.testing.assert_close(torch.from_numpy(feature), by_hand)


class CameraModel(TinyModel):
    """Keeps the rows of cameras that it is given."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[int] = []

    def features(self, inputs: torch.Tensor, *cameras: torch.Tensor) -> torch.Tensor:
        self.seen += [row for rows in cameras for row in rows.tolist()]
        return super().features(inputs)


@torch.inference_mode()
def test_every_picture_comes_with_the_row_of_its_units_camera(source: PictureSource) -> None:
    shape = ShapeOf(architecture="tiny", backbone="", identities=4, height=64, width=32)
    computed = Inference(config=shape, source=source, device=CPU, batch_size=2, cameras={3: 0, 7: 1})
    chunks = [[names(0), names(1, 2, 3)], [names(4, 5)]]
    model = CameraModel()
    list(computed.features(model, chunks, [[7, 4], [3]]))
    # Each batch twice: for the pictures, and for their mirror images.
    assert model.seen == [1, -1] * 2 + [-1, -1] * 2 + [0, 0] * 2
    model.seen.clear()
    list(computed.features(model, chunks))
    assert model.seen == []  # of no known camera


@torch.inference_mode()
def test_a_clip_model_averages_a_tracklets_clips(source: PictureSource) -> None:
    model = TinyModel(frames=2).eval()
    tracklets = [names(0, 1, 2), names(4), names(5, 6)]
    (features,) = inference(source, frames=2).features(model, [tracklets])
    clips = [[(0, 1), (1, 2)], [(4, 4)], [(5, 6)]]
    for feature, chosen in zip(features, clips, strict=True):
        inputs = torch.stack([read(source, *clip) for clip in chosen])
        by_hand = functional.normalize(retrieval_features(model, inputs).mean(0), dim=0)
        torch.testing.assert_close(torch.from_numpy(feature), by_hand)


def test_a_chunks_features_do_not_depend_on_the_others(source: PictureSource) -> None:
    model = TinyModel()
    chunks = [[names(0), names(1, 2, 3)], [names(4), names(5), names(6)], [names(7, 8, 9)]]
    together = list(inference(source, workers=1).features(model, chunks))
    for chunk, features in zip(chunks, together, strict=True):
        (alone,) = inference(source).features(model, [chunk])
        np.testing.assert_array_equal(alone, features)


def test_features_that_are_not_finite_are_refused(source: PictureSource) -> None:
    model = TinyModel()
    with torch.no_grad():
        model.backbone.convolve.weight.fill_(torch.nan)  # type: ignore[union-attr]
    with pytest.raises(InputError, match="not finite, because its training diverged"):
        list(inference(source).features(model, [[names(0)]]))
