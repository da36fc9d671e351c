"""inspection.h5: how a model works on a few units, checked when it is made and read.

Shape suffixes: U units, T frames of a unit (1: pictures), h, w rows and columns of a feature map, P parts or stripes,
V nodes of a graph (patches; in a block T * P part nodes), C channels.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, TypeVar

import h5py
import numpy as np
import numpy.typing as npt

from streid.arrays import FeatureArray, IntArray
from streid.errors import InputError
from streid.files.hdf5 import create_file, open_checked, stored_name, whole_numbers

INSPECTION_FORMAT = "streid-inspection"
INSPECTION_VERSION = 1
BRANCHES = ("global", "temporal", "spatial")
SUM_TOLERANCE = 1e-3

Part = TypeVar("Part")


@dataclass(frozen=True, kw_only=True, eq=False)
class Stripes:
    """How a model of horizontal stripes works.

    bounds_P2: first and last edge of each stripe, as shares of the picture's height. norms_UP: length of each
    stripe's feature before it is normalised.
    """

    bounds_P2: FeatureArray
    norms_UP: FeatureArray

    def __post_init__(self) -> None:
        if self.norms_UP.ndim != 2 or self.bounds_P2.shape != (self.norms_UP.shape[1], 2):
            raise InputError(f"stripes have bounds of shape {self.bounds_P2.shape}, norms {self.norms_UP.shape}")
        _check_range("stripes' bounds", self.bounds_P2, 1)
        _check_range("stripes' norms", self.norms_UP)


@dataclass(frozen=True, kw_only=True, eq=False)
class PatchGraphs:
    """The graphs of a clip's body patches, row = receiving patch, each row of sum 1.

    boxes_V4: each patch's top, left, bottom and right edge, as shares of the picture's height and width.
    spatial_UTVV: between the patches of a frame. temporal_UVTT: of one patch between the frames. fixed_spatial_VV,
    fixed_temporal_TT: the half of each graph that does not depend on the pictures; the other half is learned. norms_UB:
    length of the features of the global, temporal and spatial branch.
    """

    boxes_V4: FeatureArray
    spatial_UTVV: FeatureArray
    temporal_UVTT: FeatureArray
    fixed_spatial_VV: FeatureArray
    fixed_temporal_TT: FeatureArray
    norms_UB: FeatureArray

    def __post_init__(self) -> None:
        units, frames, nodes = (*self.spatial_UTVV.shape, 0, 0, 0)[:3]
        expected = {
            "boxes_V4": (nodes, 4),
            "spatial_UTVV": (units, frames, nodes, nodes),
            "temporal_UVTT": (units, nodes, frames, frames),
            "fixed_spatial_VV": (nodes, nodes),
            "fixed_temporal_TT": (frames, frames),
            "norms_UB": (units, len(BRANCHES)),
        }
        _check_shapes("graphs", self, expected)
        _check_range("patches' boxes", self.boxes_V4, 1)
        _check_range("branches' norms", self.norms_UB)
        for name in ("spatial_UTVV", "temporal_UVTT", "fixed_spatial_VV", "fixed_temporal_TT"):
            _check_weights(f"{stored_name(name)} graph", getattr(self, name))

    def learned_spatial(self) -> FeatureArray:
        """The learned half of the spatial graphs alone, rows of sum 1: (U, T, V, V)."""
        return 2 * self.spatial_UTVV - self.fixed_spatial_VV

    def learned_temporal(self) -> FeatureArray:
        """The learned half of the temporal graphs alone, rows of sum 1: (U, V, T, T)."""
        return 2 * self.temporal_UVTT - self.fixed_temporal_TT


@dataclass(frozen=True, kw_only=True, eq=False)
class BlockAttention:
    """The channel attention and part attention of a block.

    part_maps_UTPhw: 0 to 1, where the parts are. messages_UVV: the weight of every other part node's message, row =
    receiver, frame after frame, each row of sum 1. received_UC: share of the channel attention that each channel of
    each frame gets, sum 1. added_UThw: per place, length of what channel attention adds to the map.
    """

    part_maps_UTPhw: FeatureArray
    messages_UVV: FeatureArray
    received_UC: FeatureArray
    added_UThw: FeatureArray

    def __post_init__(self) -> None:
        units, frames, parts, height, width = (*self.part_maps_UTPhw.shape, 0, 0, 0, 0, 0)[:5]
        expected = {
            "part_maps_UTPhw": (units, frames, parts, height, width),
            "messages_UVV": (units, frames * parts, frames * parts),
            "received_UC": (units, *self.received_UC.shape[1:2]),
            "added_UThw": (units, frames, height, width),
        }
        _check_shapes("attention", self, expected)
        _check_range("part maps", self.part_maps_UTPhw, 1)
        _check_range("channel attention", self.added_UThw)
        _check_weights("messages between parts", self.messages_UVV)
        _check_weights("channel attention", self.received_UC)


@dataclass(frozen=True, kw_only=True, eq=False)
class Inspection:
    """How a model works on a few units.

    architecture: of the model. pid_U, camid_U: the identity and camera of each unit. paths_UT: the pictures, relative
    to the data set's root. energy_UThw: per place of the last feature map, the length of its channels' vector.
    stripes, graphs: for models that have them. blocks: for models with attention, by the layer that each follows.
    """

    dataset: str
    model: str
    architecture: str
    pid_U: IntArray
    camid_U: IntArray
    paths_UT: npt.NDArray[np.object_]
    energy_UThw: FeatureArray
    stripes: Stripes | None = None
    graphs: PatchGraphs | None = None
    blocks: Mapping[str, BlockAttention] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.paths_UT.ndim != 2 or not self.paths_UT.size:
            raise InputError(f"pictures have shape {self.paths_UT.shape}, expected (units, frames)")
        units, frames = self.paths_UT.shape
        expected = {"pid_U": (units,), "camid_U": (units,), "energy_UThw": (units, frames, *self.energy_UThw.shape[2:])}
        _check_shapes("inspection", self, expected)
        if self.energy_UThw.ndim != 4 or not self.energy_UThw.size:
            raise InputError(f"energy has shape {self.energy_UThw.shape}, expected (units, frames, rows, columns)")
        _check_range("energy", self.energy_UThw)
        shapes = [] if self.stripes is None else [self.stripes.norms_UP.shape[:1]]
        shapes += [] if self.graphs is None else [self.graphs.spatial_UTVV.shape[:2]]
        shapes += [block.part_maps_UTPhw.shape[:2] for block in self.blocks.values()]
        if any(shape != (units, frames)[: len(shape)] for shape in shapes):
            raise InputError(f"parts of the inspection do not have {units} units of {frames} frames")


def write_inspection(path: str | os.PathLike[str], inspection: Inspection) -> None:
    """Write an inspection.h5, atomically."""
    names = {name: getattr(inspection, name) for name in ("dataset", "model", "architecture")}
    with create_file(path, INSPECTION_FORMAT, INSPECTION_VERSION, **names) as handle:
        for name in ("pid_U", "camid_U", "energy_UThw"):
            _store(handle, name, getattr(inspection, name))
        handle.create_dataset("paths", data=inspection.paths_UT, dtype=h5py.string_dtype("utf-8"))
        for name in ("stripes", "graphs"):
            part = getattr(inspection, name)
            if part is not None:
                _store_part(handle.create_group(name), part)
        blocks = handle.create_group("blocks")
        for name in sorted(inspection.blocks):
            _store_part(blocks.create_group(name), inspection.blocks[name])


def read_inspection(path: str | os.PathLike[str]) -> Inspection:
    """Read an inspection.h5.

    Raises:
        InputError: the file is missing, damaged, of another format or version, or its parts do not fit together.
    """
    with open_checked(path, INSPECTION_FORMAT, INSPECTION_VERSION) as handle:
        return Inspection(
            dataset=str(handle.attrs["dataset"]),
            model=str(handle.attrs["model"]),
            architecture=str(handle.attrs["architecture"]),
            pid_U=whole_numbers(handle["pid"]),
            camid_U=whole_numbers(handle["camid"]),
            paths_UT=handle["paths"].asstr()[:].astype(object),
            energy_UThw=handle["energy"][:].astype(np.float32),
            stripes=_load_part(handle["stripes"], Stripes) if "stripes" in handle else None,
            graphs=_load_part(handle["graphs"], PatchGraphs) if "graphs" in handle else None,
            blocks={name: _load_part(handle["blocks"][name], BlockAttention) for name in sorted(handle["blocks"])},
        )


def _store(group: h5py.Group, name: str, table: npt.NDArray[Any]) -> None:
    group.create_dataset(stored_name(name), data=table)


def _store_part(group: h5py.Group, part: Any) -> None:
    for one in fields(part):
        _store(group, one.name, getattr(part, one.name).astype(np.float32))


def _load_part(group: h5py.Group, kind: type[Part]) -> Part:
    tables = {one.name: group[stored_name(one.name)][:].astype(np.float32) for one in fields(kind)}  # type: ignore[arg-type]
    return kind(**tables)


def _check_shapes(what: str, holder: object, expected: Mapping[str, tuple[int, ...]]) -> None:
    for name, shape in expected.items():
        found = getattr(holder, name).shape
        if found != shape:
            raise InputError(f"{what}: {stored_name(name)} has shape {found}, expected {shape}")


def _check_range(what: str, values: FeatureArray, most: float = np.inf) -> None:
    if not np.isfinite(values).all() or values.min(initial=0) < 0 or values.max(initial=0) > most:
        raise InputError(f"{what} must be finite, not negative" + ("" if most == np.inf else f" and at most {most}"))


def _check_weights(what: str, weights: FeatureArray) -> None:
    _check_range(what, weights, 1 + SUM_TOLERANCE)
    if weights.size and np.abs(weights.sum(-1) - 1).max() > SUM_TOLERANCE:
        raise InputError(f"{what}: a row does not add up to 1")
