"""Shards: the parts of a features.h5 that several jobs extract, and merging them.

A shard is an HDF5 file like features.h5. Each group also has `row`, the row of each entry in the whole features.h5.
The root holds the `run` (an identifier of everything that decides the features), the number of the `shard` and the
number of `shards`. If one job extracts everything, its only shard is the features.h5 itself.

Shape suffixes: N rows, D feature values.
"""

import contextlib
import errno
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt

from streid.arrays import IntArray
from streid.errors import InputError
from streid.files.atomic import atomic_output, check_targets
from streid.files.features import FEATURES_FORMAT, write_features
from streid.files.hdf5 import create_file, named_defects, open_checked, plain
from streid.files.locks import exclusive_output
from streid.files.sightings import Sightings, concatenate_sightings, load_sightings, write_sightings

SHARD_FORMAT = "streid-feature-shard"
BLOCK_ROWS = 1024
DTYPES = ("float32", "float16")
# The errors if the file system has no hard links, is on another device, or allows no more links to the file.
NO_LINKS = (errno.EPERM, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP, errno.EXDEV, errno.EMLINK)
WHOLE_NUMBERS = ("shard", "shards", "dimension")

Features = npt.NDArray[np.floating]


@dataclass(frozen=True, kw_only=True)
class ShardHeader:
    """What a shard belongs to: run, shard (from 1), shards; and data set, model, unit and so on as in features.h5."""

    dataset: str
    model: str
    unit: str
    weights: str
    network: str = ""
    run: str
    shard: int
    shards: int
    dimension: int
    dtype: str


@dataclass(frozen=True, kw_only=True, eq=False)
class ShardGroup:
    """A group's rows in a shard, ascending, with their sightings and their features in blocks."""

    rows_N: IntArray
    sightings: Sightings
    blocks: Iterable[Features]


def write_shard(path: Path, header: ShardHeader, groups: Mapping[str, ShardGroup]) -> None:
    """Write a shard, atomically."""
    with create_file(path, SHARD_FORMAT, **vars(header)) as handle:
        for name in sorted(groups):
            group = handle.create_group(name)
            group.create_dataset("row", data=groups[name].rows_N)
            write_sightings(group, groups[name].sightings)
            count = len(groups[name].rows_N)
            stored = group.create_dataset("features", (count, header.dimension), header.dtype)
            start = 0
            for block in groups[name].blocks:
                stored[start : start + len(block)] = block
                start += len(block)
            if start != count:
                raise InputError(f"{path}: group {name} got {start} feature rows for {count} units")


@dataclass(frozen=True, kw_only=True, eq=False)
class Part:
    """What a shard holds except the features: its header, and the rows and sightings of each group."""

    path: Path
    header: ShardHeader
    rows: Mapping[str, IntArray]
    sightings: Mapping[str, Sightings]


def merge_shards(paths: Sequence[Path], output: Path) -> None:
    """Merge all shards of a run into the features.h5 that one job would have written.

    A run's only shard becomes the output without a copy, by a hard link, if the file system has hard links.

    Raises:
        InputError: a shard is missing, damaged, given twice, or belongs to another run.
    """
    if len(paths) == 1 and _is_features_file(paths[0]):
        _take_over(paths[0], output)
        return
    parts = [_read_part(path) for path in paths]
    first = parts[0].header
    for part in parts:
        if (part.header.run, part.header.shards) != (first.run, first.shards):
            raise InputError(f"{part.path}: belongs to another run than {paths[0]}; extract all shards again")
        if part.rows.keys() != parts[0].rows.keys():
            raise InputError(f"{part.path}: has other groups than {paths[0]}; extract all shards again")
    if sorted(part.header.shard for part in parts) != list(range(1, first.shards + 1)):
        numbers = ", ".join(str(part.header.shard) for part in parts)
        raise InputError(f"the shards are numbers {numbers} of {first.shards}; every one is needed, once")
    with contextlib.ExitStack() as stack:
        handles = [stack.enter_context(h5py.File(path, "r")) for path in paths]
        write_features(
            output,
            dataset=first.dataset,
            model=first.model,
            dimension=first.dimension,
            groups={name: _merge_group(parts, handles, name) for name in parts[0].rows},
            dtype=first.dtype,
            unit=first.unit,
            weights=first.weights,
            network=first.network,
        )


def _is_features_file(path: Path) -> bool:
    """Whether a file has the format of features.h5; defects of other files are found when they are read."""
    try:
        with h5py.File(path, "r") as handle:
            return bool(handle.attrs.get("format") == FEATURES_FORMAT)
    except (KeyError, OSError, RuntimeError, ValueError):  # what h5py raises for damaged files
        return False


def _take_over(path: Path, output: Path) -> None:
    """Make `output` a hard link to the file at `path`, or a copy if the file system has no hard links."""
    check_targets([output], [path])
    output.parent.mkdir(parents=True, exist_ok=True)
    with exclusive_output(output):
        if output.exists() and output.samefile(path):
            return
        link = output.with_name(f".{output.name}.partial")
        link.unlink(missing_ok=True)
        try:
            link.hardlink_to(path)
        except OSError as error:
            if error.errno not in NO_LINKS:
                raise
        else:
            link.replace(output)
            return
    with atomic_output(output) as partial:
        shutil.copyfile(path, partial)


def _read_part(path: Path) -> Part:
    with open_checked(path, SHARD_FORMAT) as handle:
        header = _header(handle)
        rows = {name: handle[name]["row"][:].astype(np.int64) for name in handle}
        for name, rows_N in rows.items():
            stored = handle[name]["features"]
            if stored.shape != (len(rows_N), header.dimension) or stored.dtype != header.dtype:
                raise InputError(
                    f"group {name} has features of another shape than the shard declares; extract the shard again"
                )
        sightings = {name: load_sightings(handle[name]) for name in rows}
    return Part(path=path, header=header, rows=rows, sightings=sightings)


def _header(handle: h5py.File) -> ShardHeader:
    values: dict[str, Any] = {field.name: plain(handle.attrs[field.name]) for field in fields(ShardHeader)}
    for name, value in values.items():
        if not isinstance(value, int if name in WHOLE_NUMBERS else str):
            raise InputError(f"the attribute {name} is {value!r}; extract the shard again")
    if values["dtype"] not in DTYPES or values["dimension"] < 1:
        raise InputError(
            f"features of {values['dimension']} x {values['dtype']} are impossible; extract the shard again"
        )
    return ShardHeader(**values)


def _merge_group(
    parts: Sequence[Part], handles: Sequence[h5py.File], name: str
) -> tuple[Sightings, Iterator[Features]]:
    rows_N = np.concatenate([part.rows[name] for part in parts])
    order_N = np.argsort(rows_N, kind="stable")
    if not np.array_equal(rows_N[order_N], np.arange(len(rows_N))):
        raise InputError(f"the shards' rows of group {name} are not complete; extract all shards again")
    sightings = concatenate_sightings([part.sightings[name] for part in parts])
    return sightings.take(order_N), _merge_blocks(parts, handles, name)


def _merge_blocks(parts: Sequence[Part], handles: Sequence[h5py.File], name: str) -> Iterator[Features]:
    header = parts[0].header
    total = sum(len(part.rows[name]) for part in parts)
    for start in range(0, total, BLOCK_ROWS):
        stop = min(start + BLOCK_ROWS, total)
        block_ND = np.empty((stop - start, header.dimension), header.dtype)
        for part, handle in zip(parts, handles, strict=True):
            rows_N = part.rows[name]
            begin, end = np.searchsorted(rows_N, (start, stop))
            with named_defects(part.path, SHARD_FORMAT):
                block_ND[rows_N[begin:end] - start] = handle[name]["features"][begin:end]
        yield block_ND
