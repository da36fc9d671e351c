"""What a model computes of a few units: the energy of its last map, its stripes, graphs and attention.

Shape suffixes: as in `streid.files.inspections`; F = T frames of one unit.

No architecture's module is imported: an edit of one makes the inspections of its own models again, not of all.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields
from typing import TYPE_CHECKING, Any, TypeVar, cast

import numpy as np
import torch
from torch import nn

from streid.appearance.appearance_model import AppearanceModel
from streid.appearance.inference import NO_CAMERA
from streid.appearance.models import ModelConfig
from streid.arrays import FeatureArray
from streid.data.examples import Example
from streid.data.loading import EvaluationSet
from streid.data.picture_source import PictureSource
from streid.data.transforms import NetworkInput
from streid.errors import InputError
from streid.files.inspections import BlockAttention, Inspection, PatchGraphs, Stripes

if TYPE_CHECKING:
    from streid.appearance.pcb import PCB
    from streid.appearance.stcanet import STCANet
    from streid.appearance.stgcn import STGCN

Part = TypeVar("Part")
Call = tuple[tuple[Any, ...], torch.Tensor]


@torch.inference_mode()
def inspect_model(
    model: AppearanceModel,
    config: ModelConfig,
    examples: Sequence[Example],
    source: PictureSource,
    *,
    device: torch.device,
    dataset: str,
    name: str,
) -> Inspection:
    """Show the model the examples as extraction would, one at a time, and keep what it does.

    Args:
        model: as loaded from model.safetensors; it is moved to the device and set to evaluation.
        examples: with as many pictures each as the model takes frames; at least one.
        dataset, name: what the data set and the model are called.

    Raises:
        InputError: a picture cannot be read, or the model gives values that are not finite.
    """
    model.to(device).eval()
    shown = EvaluationSet(source, [one.paths for one in examples], height=config.height, width=config.width)
    prepare = NetworkInput(device)
    rows = config.camera_rows(dataset)
    cameras = [(torch.tensor([rows.get(one.camid, NO_CAMERA)], device=device),) if rows else () for one in examples]
    found = [
        _inspect_unit(model, config.architecture, prepare(shown[row][None]), cameras[row]) for row in range(len(shown))
    ]
    parts = _joined([more for _, more in found])
    return Inspection(
        dataset=dataset,
        model=name,
        architecture=config.architecture,
        pid_U=np.array([one.pid for one in examples], np.int64),
        camid_U=np.array([one.camid for one in examples], np.int64),
        paths_UT=np.array([list(one.paths) for one in examples], object),
        energy_UThw=np.stack([energy for energy, _ in found]),
        stripes=parts.pop("stripes", None),
        graphs=parts.pop("graphs", None),
        blocks=parts,
    )


def _inspect_unit(
    model: AppearanceModel, architecture: str, inputs: torch.Tensor, cameras: tuple[torch.Tensor, ...]
) -> tuple[FeatureArray, dict[str, Any]]:
    """One unit's energy (T, h, w), and its parts, each with a leading axis of one unit."""
    watched: dict[str, nn.Module] = {"map": model.backbone.layer4}
    if architecture == "stcanet":
        blocks = cast("STCANet", model).blocks
        watched |= {name: block.get_submodule("channel_attention") for name, block in blocks.items()}
    parts: dict[str, Any] = {}
    with _watched(watched) as calls:
        match architecture:
            case "stgcn":
                parts["graphs"] = _graphs(cast("STGCN", model), inputs, calls)
            case "stcanet":
                parts |= _blocks(cast("STCANet", model), inputs, calls)
            case "pcb":
                parts["stripes"] = _stripes(cast("PCB", model), inputs, calls)
            case _:
                model.features(inputs, *cameras)
    return _array(_last_map(model, calls).norm(dim=1)), parts


def _last_map(model: AppearanceModel, calls: Mapping[str, Call]) -> torch.Tensor:
    maps: torch.Tensor = model.backbone.to_map(calls["map"][1])
    return maps


def _stripes(model: "PCB", inputs: torch.Tensor, calls: Mapping[str, Call]) -> Stripes:
    feature_1D = model.features(inputs)
    return Stripes(
        bounds_P2=pooled_bounds(_last_map(model, calls).shape[2], model.parts),
        norms_UP=_array(feature_1D.view(1, model.parts, -1).norm(dim=2)),
    )


def _blocks(model: "STCANet", inputs: torch.Tensor, calls: Mapping[str, Call]) -> dict[str, BlockAttention]:
    found = {}
    for name, seen in model.attention(inputs).items():
        received_1C, added_1Thw = _channel_attention(*calls[name])
        found[name] = BlockAttention(
            part_maps_UTPhw=_array(seen.part_maps),
            messages_UVV=_array(seen.edges),
            received_UC=_array(received_1C),
            added_UThw=_array(added_1Thw),
        )
    return found


def _graphs(model: "STGCN", inputs: torch.Tensor, calls: Mapping[str, Call]) -> PatchGraphs:
    norms_1B = model.branches(inputs).norm(dim=2)
    cells = _last_map(model, calls).shape[2:]
    graphs = model.graphs(inputs)
    rows, columns = (pooled_bounds(size, parts) for size, parts in zip(cells, model.patches, strict=True))
    boxes = [(row[0], column[0], row[1], column[1]) for row in rows for column in columns]
    return PatchGraphs(
        boxes_V4=np.array(boxes, np.float32),
        spatial_UTVV=_array(graphs.spatial),
        temporal_UVTT=_array(graphs.temporal),
        fixed_spatial_VV=_array(model.spatial.fixed_VV),
        fixed_temporal_TT=_array(model.temporal.fixed_VV),
        norms_UB=_array(norms_1B),
    )


def _channel_attention(inputs: tuple[Any, ...], after_FChw: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """From the input and output of one unit's channel attention: attention received (1, T * C), and added (1, T, h, w).

    The attention that a channel receives is its mean weight over all channels, in softmax(X X^T) of `ChannelAttention`.
    added: length of what the module adds to the map at each place.
    """
    before_FChw: torch.Tensor = inputs[0]
    rows = before_FChw.flatten(2).flatten(0, 1).float()
    received_1C = (rows @ rows.T).softmax(1).mean(0, keepdim=True)
    return received_1C, (after_FChw - before_FChw).norm(dim=1)[None]


def pooled_bounds(size: int, parts: int) -> FeatureArray:
    """Where adaptive pooling cuts `size` cells into parts: both edges of each part, as fractions of the size (P, 2)."""
    edges = [(part * size // parts, -(-(part + 1) * size // parts)) for part in range(parts)]
    return (np.array(edges) / size).astype(np.float32)


@contextmanager
def _watched(modules: Mapping[str, nn.Module]) -> Iterator[dict[str, Call]]:
    """The last input and output of each module within the block.

    Raises:
        InputError: an output is not finite.
    """
    calls: dict[str, Call] = {}

    def keep(name: str) -> Any:
        def hook(_: nn.Module, inputs: tuple[Any, ...], output: torch.Tensor) -> None:
            if not bool(torch.isfinite(output).all()):
                raise InputError("the model's features are not finite, because its training diverged; train it again")
            calls[name] = (inputs, output)

        return hook

    handles = [module.register_forward_hook(keep(name)) for name, module in modules.items()]
    try:
        yield calls
    finally:
        for handle in handles:
            handle.remove()


def _joined(units: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The units' parts, each concatenated along the axis of units."""
    return {name: _join_part([unit[name] for unit in units]) for name in units[0]}


def _join_part(parts: Sequence[Part]) -> Part:
    tables: dict[str, Any] = {}
    for one in fields(parts[0]):  # type: ignore[arg-type]
        values = [getattr(part, one.name) for part in parts]
        per_unit = one.name.rsplit("_", 1)[1].startswith("U")
        tables[one.name] = np.concatenate(values) if per_unit else values[0]
    return type(parts[0])(**tables)


def _array(values: torch.Tensor) -> FeatureArray:
    array: FeatureArray = values.float().cpu().numpy()
    return array
