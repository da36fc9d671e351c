"""features.h5: one feature row per picture or tracklet, with identity, camera, session and time.

Shape suffixes: N pictures, D feature values. All row indices are 0-based.
"""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt

from streid.arrays import FeatureArray
from streid.errors import InputError
from streid.files.hdf5 import create_file, open_checked
from streid.files.sightings import Sightings, load_sightings, write_sightings

FEATURES_FORMAT = "streid-features"
READ_BYTES = 1 << 26


@dataclass(frozen=True, kw_only=True, eq=False)
class FeatureGroup:
    """The pictures of one group (query, gallery, val), with one feature row each: float32, not normalised."""

    sightings: Sightings
    features_ND: FeatureArray

    def __post_init__(self) -> None:
        if self.features_ND.ndim != 2 or len(self.features_ND) != len(self.sightings):
            raise InputError(
                f"features have shape {self.features_ND.shape} for {len(self.sightings)} pictures; "
                "one row per picture is needed"
            )


@dataclass(frozen=True, kw_only=True, eq=False)
class FeatureSet:
    """A features.h5 file in memory; unit: what a row describes, a picture or a tracklet."""

    dataset: str
    model: str
    groups: Mapping[str, FeatureGroup]
    unit: str = "picture"


def write_features(
    path: str | os.PathLike[str],
    *,
    dataset: str,
    model: str,
    dimension: int,
    groups: Mapping[str, tuple[Sightings, Iterable[npt.NDArray[Any]]]],
    dtype: str = "float32",
    unit: str = "picture",
    weights: str = "",
    network: str = "",
) -> None:
    """Write a features.h5 block by block, atomically.

    Args:
        dimension: D, the number of values per picture.
        groups: group name -> (its pictures, blocks of consecutive feature rows that add up to them).
        dtype: float32 or float16, as stored.
        unit: what a row describes, picture or tracklet.
        weights: SHA-256 of the file with the weights that the features come from, in hexadecimal; not stored if empty.
        network: how pictures went into a network of another program, as JSON; not stored if empty.
    """
    with create_file(path, FEATURES_FORMAT, dataset=dataset, model=model, unit=unit) as handle:
        if weights:
            handle.attrs["weights_sha256"] = weights
        if network:
            handle.attrs["network"] = network
        for name in sorted(groups):
            sightings, blocks = groups[name]
            group = handle.create_group(name)
            write_sightings(group, sightings)
            stored = group.create_dataset("features", (len(sightings), dimension), dtype)
            row = 0
            for block in blocks:
                stored[row : row + len(block)] = block
                row += len(block)
            if row != len(sightings):
                raise InputError(f"{path}: group {name} got {row} feature rows for {len(sightings)} pictures")


def feature_shape(group: h5py.Group) -> tuple[int, int]:
    """Rows and values per row of a group's features.

    Raises:
        InputError: they are not a floating-point table.
    """
    stored = group["features"]
    if stored.ndim != 2 or not np.issubdtype(stored.dtype, np.floating):
        raise InputError(
            f"group {group.name[1:]}: features are {stored.dtype} of shape {stored.shape}, expected float (N, D)"
        )
    return int(stored.shape[0]), int(stored.shape[1])


def load_feature_blocks(group: h5py.Group, features_ND: FeatureArray) -> Iterator[tuple[int, FeatureArray]]:
    """Read a group's features into `features_ND`, in blocks of about 64 MiB; NaN and infinity are refused.

    Yields:
        After each block its first row in the group, and its rows of `features_ND`, which may be changed in place.
    """
    stored = group["features"]
    step = max(1, READ_BYTES // max(1, 4 * stored.shape[1]))
    for start in range(0, len(stored), step):
        block = features_ND[start : start + step]
        stored.read_direct(features_ND, np.s_[start : start + len(block)], np.s_[start : start + len(block)])
        if not np.isfinite(block).all():
            bad = start + int(np.flatnonzero(~np.isfinite(block).all(axis=1))[0])
            raise InputError(f"group {group.name[1:]}: features of row {bad} are not finite")
        yield start, block


def largest_of_rows(features_ND: FeatureArray) -> FeatureArray:
    """The largest absolute value of each row (N,), without a copy of the features."""
    largest_N: FeatureArray = np.maximum(features_ND.max(axis=1, initial=0), -features_ND.min(axis=1, initial=0))
    return largest_N


def refuse_zero_rows(largest_R: FeatureArray, where: str, first: int = 0) -> None:
    """Refuse features that are all zeros: they have no direction.

    Args:
        largest_R: the largest absolute value of each of R rows.
        where, first: the file or group with the rows, and the number of the first row in it, for the message.
    """
    if not largest_R.all():
        row = first + int(np.argmin(largest_R))
        raise InputError(f"{where}: features of row {row} are all zero; extract that picture again")


def _load_features(group: h5py.Group) -> FeatureArray:
    features_ND = np.empty(feature_shape(group), np.float32)
    for _ in load_feature_blocks(group, features_ND):
        pass
    return features_ND


def refuse_different_lengths(path: str | os.PathLike[str], lengths: Mapping[str, int]) -> None:
    """Refuse groups of one features.h5 whose rows are not equally long (`lengths` by group)."""
    if len(set(lengths.values())) > 1:
        raise InputError(f"{path}: groups have feature lengths {dict(lengths)}; all must be the same")


def read_features(path: str | os.PathLike[str], groups: Sequence[str] = ("query", "gallery")) -> FeatureSet:
    """Read the named groups of a features.h5.

    Raises:
        InputError: the file is missing, damaged, or of another format or version; it lacks a group; or its groups'
            rows, lengths or values do not fit together.
    """
    with open_checked(path, FEATURES_FORMAT) as handle:
        loaded = {
            name: FeatureGroup(sightings=load_sightings(handle[name]), features_ND=_load_features(handle[name]))
            for name in groups
        }
        refuse_different_lengths(path, {name: group.features_ND.shape[1] for name, group in loaded.items()})
        return FeatureSet(
            dataset=str(handle.attrs["dataset"]),
            model=str(handle.attrs["model"]),
            groups=loaded,
            unit=str(handle.attrs.get("unit", "picture")),
        )


def feature_groups(path: str | os.PathLike[str]) -> tuple[str, ...]:
    """The names of a features.h5's groups, sorted."""
    with open_checked(path, FEATURES_FORMAT) as handle:
        return tuple(sorted(handle))


def feature_origin(path: str | os.PathLike[str]) -> tuple[str, str]:
    """What a features.h5 was made with: `weights` and `network` of `write_features`, empty where it does not say."""
    with open_checked(path, FEATURES_FORMAT) as handle:
        return str(handle.attrs.get("weights_sha256", "")), str(handle.attrs.get("network", ""))


def read_sightings(path: str | os.PathLike[str], group: str) -> Sightings:
    """Read one group's pictures from a features.h5 without its features."""
    with open_checked(path, FEATURES_FORMAT) as handle:
        return load_sightings(handle[group])
