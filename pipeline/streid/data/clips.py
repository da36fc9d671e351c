"""The choice of a clip's frames from a tracklet; frames are numbered from 0 in the tracklet's order."""

import itertools

import numpy as np

from streid.errors import InputError


def training_clip(length: int, frames: int, frame_stride: int, generator: np.random.Generator) -> list[int]:
    """Draw the frames of a training clip, in ascending order.

    frame_stride 0: restricted random sampling (Li et al., CVPR 2018): the tracklet is cut into `frames`
    chunks of about equal length, and one frame is drawn from each. frame_stride s: frames s apart, from a random
    start; in a tracklet too short for that, as far apart as possible. A tracklet with fewer pictures
    than `frames` repeats them, each about as often.

    Args:
        length: pictures of the tracklet, at least 1.
        frames: T, pictures of the clip.
    """
    if frame_stride and length >= frames:
        stride = min(frame_stride, (length - 1) // (frames - 1)) if frames > 1 else 1
        start = int(generator.integers(length - (frames - 1) * stride))
        return [start + place * stride for place in range(frames)]
    ends = [place * length // frames for place in range(frames + 1)]
    return [int(generator.integers(low, max(high, low + 1))) for low, high in itertools.pairwise(ends)]


def evaluation_clips(length: int, frames: int) -> list[list[int]]:
    """All consecutive clips that together show every picture of a tracklet.

    The last clip is filled from the end: it takes the last `frames` pictures, some of them a second time.
    A tracklet with fewer pictures than `frames` is one clip that repeats them in order, each about as often.
    """
    if length < 1 or frames < 1:
        raise InputError(f"a clip of {frames} frames cannot be taken from {length} pictures")
    if length <= frames:
        return [[place * length // frames for place in range(frames)]]
    starts = [*range(0, length - frames, frames), length - frames]
    return [list(range(start, start + frames)) for start in starts]
