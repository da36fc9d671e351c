"""Augmentation: what is drawn, and what it does to pictures and masks."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from streid.data.sample_settings import AugmentationSettings
from streid.data.transforms import (
    NOTHING,
    Augmentation,
    NetworkInput,
    augment_mask,
    augment_picture,
    draw_augmentation,
    draw_erased,
    no_augmentation,
)

CPU = torch.device("cpu")
PLAIN = no_augmentation(64, 32)


def noise(height: int, width: int) -> Image.Image:
    return Image.fromarray(np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8))


def test_resizing_gives_pillows_values() -> None:
    for size in ((40, 20), (128, 64), (300, 111)):
        picture = noise(*size)
        ours = augment_picture(picture, PLAIN).numpy().astype(int)
        pillows = np.asarray(picture.resize((32, 64), Image.Resampling.BICUBIC)).astype(int)
        assert ours.shape == (64, 32, 3)
        assert np.abs(ours - pillows).max() <= 1


def test_crop_padding_and_mirror_by_hand() -> None:
    picture = noise(64, 32)
    pixels = torch.from_numpy(np.array(picture))
    drawn = Augmentation(height=64, width=32, resized=(64, 32), padding=3, top=1, left=5, mirrored=True)
    result = augment_picture(picture, drawn)
    assert not result[:2].any()
    assert not result[:, 30:].any()
    assert torch.equal(result[2:, :30], pixels.flip(1)[:62, 2:])
    cropped = augment_picture(noise(80, 40), Augmentation(height=64, width=32, resized=(80, 40), top=4, left=8))
    assert torch.equal(cropped, torch.from_numpy(np.array(noise(80, 40)))[4:68, 8:])


def test_a_mask_undergoes_the_pictures_geometry() -> None:
    generator = np.random.default_rng(1)
    labels = np.kron(generator.integers(0, 5, (16, 8)), np.ones((8, 8), np.int64)).astype(np.uint8)
    picture, mask = Image.fromarray(np.repeat(50 * labels[:, :, None], 3, 2)), Image.fromarray(labels)
    config = AugmentationSettings(height=128, width=64, crop_scale=1.125, padding=6)
    inner = 0.0
    for _ in range(5):
        drawn = draw_augmentation(config, generator)
        shown = augment_picture(picture, drawn)[:, :, 0].float() / 50
        agreeing = (shown.round() == augment_mask(mask, drawn)).float().mean()
        inner += float(agreeing) / 5
        other = replace(drawn, mirrored=not drawn.mirrored)
        assert (shown.round() == augment_mask(mask, other)).float().mean() < 0.6
    assert inner > 0.85  # the rest lies on the borders, where bicubic mixes labels


def test_draws_span_their_ranges_and_depend_on_the_generator_alone() -> None:
    config = AugmentationSettings(height=64, width=32, crop_scale=1.25, padding=2, colour_jitter=0.2, grayscale=0.5)
    drawn = [draw_augmentation(config, np.random.default_rng(seed)) for seed in range(400)]
    assert drawn[:3] == [draw_augmentation(config, np.random.default_rng(seed)) for seed in range(3)]
    assert {one.top for one in drawn} == set(range(21))
    assert {one.left for one in drawn} == set(range(13))
    assert {one.resized for one in drawn} == {(80, 40)}
    for chosen in ("mirrored", "grey"):
        assert 150 < sum(getattr(one, chosen) for one in drawn) < 250
    hues = [dict(one.colours)["hue"] for one in drawn]
    brightness = [dict(one.colours)["brightness"] for one in drawn]
    assert -0.05 <= min(hues) < -0.045
    assert 0.8 <= min(brightness) < 0.81
    assert 1.19 < max(brightness) <= 1.2
    assert len({tuple(name for name, _ in one.colours) for one in drawn}) == 24


def test_colours_change_as_drawn() -> None:
    picture = Image.new("RGB", (32, 64), (200, 100, 50))

    def changed(**drawn: object) -> list[int]:
        return augment_picture(picture, replace(PLAIN, **drawn))[0, 0].tolist()  # type: ignore[no-any-return,arg-type]

    assert changed(colours=(("brightness", 0.5),)) == [100, 50, 25]
    assert changed(grey=True) == [124] * 3
    assert changed(colours=(("saturation", 0.0),)) == [124] * 3
    assert changed(colours=(("hue", 1 / 3), ("contrast", 1.0)))[1] > 190


def test_erased_rectangles_have_the_papers_areas() -> None:
    config = AugmentationSettings(height=128, width=64, erasing=0.5)
    drawn = [draw_erased(config, np.random.default_rng(seed)) for seed in range(500)]
    some = [one for one in drawn if one != NOTHING]
    assert 200 < len(some) < 300
    for top, left, rows, columns in some:
        assert 0 <= top <= 128 - rows
        assert 0 <= left <= 64 - columns
        assert 0.015 < rows * columns / (128 * 64) < 0.41
        assert 0.25 < rows / columns < 4
    assert draw_erased(config.model_copy(update={"erasing": 0.0}), np.random.default_rng(0)) == NOTHING


def test_network_input_normalises_and_erases() -> None:
    pictures = torch.zeros(2, 64, 32, 3, dtype=torch.uint8)
    pictures[..., 0] = 255
    result = NetworkInput(CPU)(pictures, torch.tensor([[10, 4, 20, 8], [0, 0, 0, 0]]))
    assert result.shape == (2, 3, 64, 32)
    assert result.is_contiguous(memory_format=torch.channels_last)
    red = [(1 - 0.485) / 0.229, -0.456 / 0.224, -0.406 / 0.225]
    assert result[1, :, 12, 5].tolist() == pytest.approx(red, rel=1e-5)
    erased = torch.zeros(64, 32, dtype=torch.bool)
    erased[10:30, 4:12] = True
    assert torch.equal(result[0, 1] == 0, erased)
    assert not (result[1] == 0).any()


def test_network_input_of_clips_is_that_of_their_frames() -> None:
    clips = torch.randint(0, 256, (2, 3, 64, 32, 3), dtype=torch.uint8)
    erased = torch.randint(0, 20, (2, 3, 4))
    result = NetworkInput(CPU)(clips, erased)
    assert result.shape == (2, 3, 3, 64, 32)
    frames = NetworkInput(CPU)(clips.flatten(0, 1), erased.flatten(0, 1))
    assert torch.equal(result.flatten(0, 1), frames)
    assert torch.equal(NetworkInput(CPU)(clips)[1, 2], NetworkInput(CPU)(clips[1, 2:])[0])
