"""Which frames make a clip, by hand."""

import numpy as np
import pytest

from streid.data.clips import evaluation_clips, training_clip
from streid.errors import InputError


def clips(length: int, frames: int, stride: int) -> set[tuple[int, ...]]:
    return {tuple(training_clip(length, frames, stride, np.random.default_rng(seed))) for seed in range(300)}


def test_restricted_sampling_draws_one_frame_from_each_chunk() -> None:
    assert clips(4, 2, 0) == {(0, 2), (0, 3), (1, 2), (1, 3)}
    assert clips(5, 2, 0) == {(low, high) for low in (0, 1) for high in (2, 3, 4)}
    assert clips(4, 4, 0) == {(0, 1, 2, 3)}


def test_short_tracklets_repeat_their_pictures_evenly() -> None:
    assert clips(1, 4, 0) == {(0, 0, 0, 0)}
    assert clips(2, 4, 0) == {(0, 0, 1, 1)}
    assert clips(3, 4, 8) == {(0, 0, 1, 2)}


def test_a_stride_sets_frames_apart_as_far_as_fits() -> None:
    assert clips(10, 4, 2) == {(start, start + 2, start + 4, start + 6) for start in range(4)}
    assert clips(8, 4, 8) == {(start, start + 2, start + 4, start + 6) for start in range(2)}
    assert clips(4, 4, 8) == {(0, 1, 2, 3)}


def test_a_clip_depends_on_its_generator_alone() -> None:
    drawn = [training_clip(100, 4, 8, np.random.default_rng(5)) for _ in range(2)]
    assert drawn[0] == drawn[1]


@pytest.mark.parametrize(
    ("length", "frames", "expected"),
    [
        (1, 1, [[0]]),
        (3, 1, [[0], [1], [2]]),
        (8, 4, [[0, 1, 2, 3], [4, 5, 6, 7]]),
        (9, 4, [[0, 1, 2, 3], [4, 5, 6, 7], [5, 6, 7, 8]]),
        (4, 4, [[0, 1, 2, 3]]),
        (3, 4, [[0, 0, 1, 2]]),
        (1, 4, [[0, 0, 0, 0]]),
    ],
)
def test_evaluation_shows_every_picture(length: int, frames: int, expected: list[list[int]]) -> None:
    assert evaluation_clips(length, frames) == expected


def test_no_clip_comes_from_nothing() -> None:
    with pytest.raises(InputError):
        evaluation_clips(0, 4)
