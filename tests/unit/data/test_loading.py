"""Samples and batches: pure functions of seed, epoch and place, whatever the number of workers."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import write_picture
from PIL import Image

from streid.data import loading
from streid.data.loading import EvaluationSet, Item, TrainingSet, load_batches
from streid.data.picture_paths import mask_path
from streid.data.picture_source import PictureSource
from streid.data.sample_settings import AugmentationSettings
from streid.data.transforms import augment_picture, no_augmentation
from streid.errors import InputError
from streid.stage.termination import GRACE_SECONDS

pytestmark = pytest.mark.slow

CONFIG = AugmentationSettings(height=64, width=32, crop_scale=1.25)
UNITS = [(f"{number}.jpg",) for number in range(4)]


@pytest.fixture
def source(tmp_path: Path) -> PictureSource:
    for number in range(4):
        write_picture(tmp_path / f"{number}.jpg", seed=number)
    return PictureSource(tmp_path)


def test_augmentation_depends_on_seed_epoch_and_place_alone(source: PictureSource) -> None:
    dataset = TrainingSet(source, UNITS, [0, 1, 2, 3], CONFIG, seed=5)
    before = torch.random.get_rng_state()
    first = dataset[Item(1, 2, 0)].pictures
    assert torch.equal(before, torch.random.get_rng_state())
    torch.manual_seed(99)
    dataset[Item(1, 0, 1)]
    assert torch.equal(first, dataset[Item(1, 2, 0)].pictures)
    assert not torch.equal(first, dataset[Item(2, 2, 0)].pictures)
    assert not torch.equal(first, dataset[Item(1, 2, 1)].pictures)
    assert TrainingSet(source, UNITS, [0, 1, 2, 3], CONFIG, cameras=[4, 0, 2, 1])[Item(1, 2, 0)].camera == 2
    assert first.shape == (64, 32, 3)
    other = TrainingSet(source, UNITS, [0, 1, 2, 3], CONFIG, seed=6)
    assert not torch.equal(first, other[Item(1, 2, 0)].pictures)


@pytest.mark.parametrize("workers", [0, 2])
def test_workers_do_not_change_the_batches(source: PictureSource, workers: int) -> None:
    dataset = TrainingSet(source, UNITS, [0, 1, 2, 3], CONFIG, seed=5)
    plan = [[Item(1, 3, 0), Item(1, 0, 1)], [Item(2, 1, 0), Item(2, 2, 1)]]
    before = torch.random.get_rng_state()
    loaded = list(load_batches(dataset, plan, workers=workers))
    assert torch.equal(before, torch.random.get_rng_state())
    for batch, items in zip(loaded, plan, strict=True):
        assert batch.label.tolist() == [item.row for item in items]
        assert batch.pictures.dtype == torch.uint8
        assert batch.mask.numel() == 0
        assert torch.equal(batch.pictures, torch.stack([dataset[item].pictures for item in items]))
        assert torch.equal(batch.erased, torch.stack([dataset[item].erased for item in items]))


def test_frames_of_a_clip_share_their_geometry(source: PictureSource) -> None:
    same = [("0.jpg",) * 8]
    config = AugmentationSettings(height=64, width=32, crop_scale=1.25, colour_jitter=0.3, erasing=1.0)
    sample = TrainingSet(source, same, [0], config, frames=4)[Item(1, 0, 0)]
    assert sample.pictures.shape == (4, 64, 32, 3)
    assert (sample.pictures == sample.pictures[:1]).all()
    assert sample.erased.shape == (4, 4)
    assert len({tuple(one) for one in sample.erased.tolist()}) > 1


def test_clips_are_drawn_from_their_tracklet_in_order(source: PictureSource) -> None:
    plain = AugmentationSettings(height=64, width=32, flip=0, erasing=0)
    frames = {path: augment_picture(source.read(path), no_augmentation(64, 32)) for (path,) in UNITS}
    dataset = TrainingSet(source, [tuple(frames)], [0], plain, frames=2, seed=1)
    seen = set()
    for place in range(40):
        clip = dataset[Item(1, 0, place)].pictures
        seen.add(tuple(next(path for path in frames if torch.equal(frames[path], one)) for one in clip))
    assert seen == {("0.jpg", "2.jpg"), ("0.jpg", "3.jpg"), ("1.jpg", "2.jpg"), ("1.jpg", "3.jpg")}


def test_masks_are_read_with_their_pictures_geometry(source: PictureSource) -> None:
    for (path,) in UNITS:
        write_mask(source, path)
    config = AugmentationSettings(height=64, width=32, crop_scale=1.25, padding=2, erasing=0)
    dataset = TrainingSet(source, UNITS, [0, 1, 2, 3], config, masks=True)
    for place in range(6):
        sample = dataset[Item(1, 2, place)]
        bright = sample.pictures.float().mean(2) > 128
        assert sample.mask.shape == (64, 32)
        assert (bright == sample.mask.bool()).float().mean() > 0.97
    (batch,) = load_batches(dataset, [[Item(1, 2, 0), Item(1, 0, 1)]], workers=0)
    assert batch.mask.shape == (2, 64, 32)
    with pytest.raises(InputError, match="part masks are for pictures"):
        TrainingSet(source, UNITS, [0, 1, 2, 3], config, frames=2, masks=True)


def write_mask(source: PictureSource, path: str) -> None:
    """Replace a picture by a white rectangle on black, and write the mask that says where it is."""
    mask = np.zeros((128, 64), np.uint8)
    mask[20:70, 5:25] = 1
    Image.fromarray(255 * np.repeat(mask[:, :, None], 3, 2)).save(source.root / path, quality=95)
    (source.root / mask_path(path)).parent.mkdir(exist_ok=True)
    Image.fromarray(mask).save(source.root / mask_path(path))


FAILING = """
import sys
import subprocess
import sys
from pathlib import Path
sys.path.insert(0, {pipeline!r})
from streid.data import loading
from streid.data.loading import EvaluationSet, load_batches
from streid.data.picture_source import PictureSource
from streid.stage.cli import run_stage

def main():
    clips = [("0.jpg",), ("none.jpg",)] * 2
    batches = load_batches(
        EvaluationSet(PictureSource(Path({root!r})), clips, height=64, width=32), [[0], [0, 1], [2], [3]], workers=2
    )
    next(batches)
    {then}

run_stage(main)
"""


@pytest.mark.parametrize("then", ["next(batches)", "raise MemoryError"])
def test_an_error_ends_the_program_with_its_workers_at_once(source: PictureSource, then: str) -> None:
    """They outlast a scheduler's SIGTERM, and must not outlast the one that ends them with the program."""
    pipeline = str(Path(loading.__file__).parents[2])
    code = FAILING.format(pipeline=pipeline, root=str(source.root), then=then)
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=GRACE_SECONDS - 5
    )
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].startswith("error: ")


def test_evaluation_samples_are_resized_pictures_and_clips(source: PictureSource) -> None:
    plain = no_augmentation(64, 32)
    pictures = [augment_picture(source.read(f"{number}.jpg"), plain) for number in (1, 3)]
    dataset = EvaluationSet(source, [("1.jpg",), ("3.jpg",)], height=64, width=32)
    (batch,) = load_batches(dataset, [[0, 1]], workers=0)
    assert torch.equal(batch, torch.stack(pictures))
    clips = EvaluationSet(source, [("1.jpg", "3.jpg")], height=64, width=32)
    (batch,) = load_batches(clips, [[0]], workers=1)
    assert torch.equal(batch[0], torch.stack(pictures))
