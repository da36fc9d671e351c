"""Batches and augmentation: pure functions of seed, epoch and row."""

from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import write_picture

from streid.data.loading import PictureDataset, load_batches
from streid.data.samplers import epoch_batches
from streid.data.transforms import AugmentationConfig, evaluation_transform, training_transform
from streid.errors import InputError


def test_batches_partition_an_epoch() -> None:
    batches = epoch_batches(11, 3, seed=1, epoch=2)
    assert [len(batch) for batch in batches] == [3, 3, 3]
    assert len(set(np.concatenate(batches))) == 9
    np.testing.assert_array_equal(batches, epoch_batches(11, 3, seed=1, epoch=2))
    assert not np.array_equal(batches, epoch_batches(11, 3, seed=1, epoch=3))
    assert not np.array_equal(batches, epoch_batches(11, 3, seed=2, epoch=2))
    assert [len(batch) for batch in epoch_batches(2, 8, seed=0, epoch=1)] == [2]


@pytest.fixture
def dataset(tmp_path: Path) -> PictureDataset:
    for number in range(4):
        write_picture(tmp_path / f"{number}.jpg", seed=number)
    config = AugmentationConfig(height=64, width=32, crop_scale=1.25)
    return PictureDataset(tmp_path, [f"{n}.jpg" for n in range(4)], [0, 1, 2, 3], training_transform(config), seed=5)


def test_augmentation_depends_on_seed_epoch_and_row_alone(dataset: PictureDataset) -> None:
    before = torch.random.get_rng_state()
    first = dataset[1, 2][0]
    assert torch.equal(before, torch.random.get_rng_state())
    torch.manual_seed(99)
    dataset[1, 0]
    assert torch.equal(first, dataset[1, 2][0])
    assert not torch.equal(first, dataset[2, 2][0])


@pytest.mark.parametrize("workers", [0, 2])
def test_workers_do_not_change_the_batches(dataset: PictureDataset, workers: int) -> None:
    plan = [[(1, 3), (1, 0)], [(2, 1), (2, 2)]]
    loaded = list(load_batches(dataset, plan, workers=workers))
    for (pictures, labels), items in zip(loaded, plan, strict=True):
        assert labels.tolist() == [row for _, row in items]
        assert torch.equal(pictures, torch.stack([dataset[item][0] for item in items]))


def test_evaluation_transform_normalises() -> None:
    from PIL import Image

    grey = evaluation_transform(96, 48)(Image.new("RGB", (20, 40), (255, 0, 0)))
    assert grey.shape == (3, 96, 48)
    assert grey[:, 0, 0].tolist() == pytest.approx([(1 - 0.485) / 0.229, -0.456 / 0.224, -0.406 / 0.225], rel=1e-5)


def test_colour_jitter_changes_colours_alone() -> None:
    from PIL import Image

    config = AugmentationConfig(height=64, width=32, colour_jitter=0.3, flip=0, erasing=0)
    plain = training_transform(AugmentationConfig(height=64, width=32, flip=0, erasing=0))
    picture = Image.new("RGB", (32, 64), (200, 100, 50))
    torch.manual_seed(0)
    jittered = training_transform(config)(picture)
    assert not torch.allclose(jittered, plain(picture), atol=0.05)
    torch.testing.assert_close(jittered, jittered[:, :1, :1].expand_as(jittered))


@pytest.mark.parametrize("changes", [{"height": 8}, {"crop_scale": 0.5}, {"flip": 2.0}, {"colour_jitter": 2.0}])
def test_unusable_augmentation_is_refused(changes: dict[str, float]) -> None:
    with pytest.raises(InputError):
        AugmentationConfig(**{"height": 64, "width": 32} | changes)  # type: ignore[arg-type]
