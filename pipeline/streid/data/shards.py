"""The part of a features.h5 that one of several jobs extracts, and putting the parts together.

A shard is an HDF5 file like features.h5; each group has besides `row`, the row in the whole of each of its own, and
the root names the `run` (what decides the features), the `shard` and how many `shards` there are.

Shape suffixes: N rows, D feature values.
"""

import contextlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt

from streid.artifacts import (
    IntArray,
    Sightings,
    concatenate_sightings,
    create_file,
    load_sightings,
    open_checked,
    write_features,
    write_sightings,
)
from streid.errors import InputError

SHARD_FORMAT = "streid-feature-shard"
BLOCK_ROWS = 1024

Features = npt.NDArray[np.floating]


@dataclass(frozen=True, kw_only=True)
class ShardHeader:
    """What a shard belongs to: data set, model and unit as in features.h5; run, shard (from 1) and shards."""

    dataset: str
    model: str
    unit: str
    run: str
    shard: int
    shards: int
    dimension: int
    dtype: str


@dataclass(frozen=True, kw_only=True, eq=False)
class ShardGroup:
    """A group's own rows in a shard, ascending, with who, where and when, and their features in blocks."""

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
            stored = group.create_dataset(
                "features",
                (count, header.dimension),
                header.dtype,
                chunks=(min(count, BLOCK_ROWS), header.dimension) if count else None,
                fletcher32=count > 0,
            )
            start = 0
            for block in groups[name].blocks:
                stored[start : start + len(block)] = block
                start += len(block)
            if start != count:
                raise InputError(f"{path}: group {name} got {start} feature rows for {count} units")


def merge_shards(paths: Sequence[Path], output: Path) -> None:
    """Put all shards of a run together to the features.h5 that one job would have written.

    Raises:
        InputError: a shard is missing, damaged, there twice, or of another run.
    """
    with contextlib.ExitStack() as stack:
        handles = [stack.enter_context(open_checked(path, SHARD_FORMAT)) for path in paths]
        headers = [_header(handle) for handle in handles]
        first = headers[0]
        for path, header in zip(paths, headers, strict=True):
            if (header.run, header.shards) != (first.run, first.shards):
                raise InputError(f"{path}: belongs to another run than {paths[0]}; extract all shards again")
        if sorted(header.shard for header in headers) != list(range(1, first.shards + 1)):
            numbers = ", ".join(str(header.shard) for header in headers)
            raise InputError(f"the shards are numbers {numbers} of {first.shards}; every one is needed, once")
        groups = {name: _merge_group([handle[name] for handle in handles], name) for name in handles[0]}
        write_features(
            output,
            dataset=first.dataset,
            model=first.model,
            dimension=first.dimension,
            groups=groups,
            dtype=first.dtype,
            unit=first.unit,
        )


def _header(handle: h5py.File) -> ShardHeader:
    attributes = {name: handle.attrs[name] for name in ShardHeader.__annotations__}
    values: dict[str, Any] = {
        name: one.item() if isinstance(one, np.integer) else str(one) for name, one in attributes.items()
    }
    return ShardHeader(**values)


def _merge_group(parts: Sequence[h5py.Group], name: str) -> tuple[Sightings, Iterator[Features]]:
    rows = [part["row"][:].astype(np.int64) for part in parts]
    rows_N = np.concatenate(rows)
    order_N = np.argsort(rows_N, kind="stable")
    if not np.array_equal(rows_N[order_N], np.arange(len(rows_N))):
        raise InputError(f"the shards' rows of group {name} do not make a whole; extract all shards again")
    sightings = concatenate_sightings([load_sightings(part) for part in parts])
    return sightings.take(order_N), _merge_blocks(parts, rows)


def _merge_blocks(parts: Sequence[h5py.Group], rows: Sequence[IntArray]) -> Iterator[Features]:
    stored = [part["features"] for part in parts]
    total = sum(map(len, rows))
    for start in range(0, total, BLOCK_ROWS):
        stop = min(start + BLOCK_ROWS, total)
        block_ND = np.empty((stop - start, stored[0].shape[1]), stored[0].dtype)
        for features, rows_N in zip(stored, rows, strict=True):
            begin, end = np.searchsorted(rows_N, (start, stop))
            block_ND[rows_N[begin:end] - start] = features[begin:end]
        yield block_ND
