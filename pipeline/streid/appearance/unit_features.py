"""From the features of pictures or clips to those of units, chunk by chunk, for whatever computes them.

Shape suffixes: U units of a chunk, D feature values.
"""

import contextlib
from collections.abc import Callable, Generator, Iterator, Sequence

import numpy as np
import numpy.typing as npt

from streid.data.clips import evaluation_clips

FeatureArray = npt.NDArray[np.float32]
Paths = tuple[str, ...]
# From the paths of all clips and the numbers of the clips of each batch to the features of each batch, in order.
ComputeBatches = Callable[[Sequence[Paths], Sequence[list[int]]], Generator[FeatureArray, None, None]]


def unit_features(
    chunks: Sequence[Sequence[Paths]], compute: ComputeBatches, *, frames: int, step: int
) -> Iterator[FeatureArray]:
    """Yield the features (U, D) of each chunk's units.

    What takes pictures computes a feature for each picture of a tracklet, what takes clips one for each of its
    consecutive clips; the unit's feature is their mean, brought to length 1 again. A batch never mixes chunks, so a
    chunk's features do not depend on which others are computed with it.

    Args:
        chunks: the paths of the pictures of each unit.
        frames: of a clip; 1 for pictures.
        step: pictures or clips of a batch, at most.
    """
    clips: list[Paths] = []
    units: list[int] = []
    batches: list[list[int]] = []
    ends: list[int] = []
    for chunk in chunks:
        first = len(clips)
        for unit, paths in enumerate(chunk):
            taken = [tuple(paths[frame] for frame in clip) for clip in evaluation_clips(len(paths), frames)]
            clips += taken
            units += [unit] * len(taken)
        batches += [list(range(start, min(start + step, len(clips)))) for start in range(first, len(clips), step)]
        ends.append(len(batches))
    begin = 0
    with contextlib.closing(compute(clips, batches)) as computed:
        for chunk, end in zip(chunks, ends, strict=True):
            rows = np.array([units[clip] for batch in batches[begin:end] for clip in batch], np.int64)
            parts = [next(computed) for _ in range(begin, end)]
            begin = end
            yield _average(np.concatenate(parts), rows, len(chunk))


def _average(features: FeatureArray, rows: npt.NDArray[np.int64], units: int) -> FeatureArray:
    """Mean feature of each unit, brought to length 1; a unit with one feature keeps it as it is."""
    if len(rows) == units:
        return features
    sums_UD = np.zeros((units, features.shape[1]), np.float32)
    np.add.at(sums_UD, rows, features)
    lengths_U = np.linalg.norm(sums_UD, axis=1, keepdims=True)
    several_U = np.bincount(rows, minlength=units) > 1
    sums_UD[several_U] /= np.maximum(lengths_U[several_U], np.finfo(np.float32).tiny)
    return sums_UD
