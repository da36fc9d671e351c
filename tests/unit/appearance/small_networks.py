"""Small networks of other programs, whose features can be computed by hand."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import openvino
from onnx import TensorProto, helper, numpy_helper

HEIGHT, WIDTH = 16, 8
RAMP_W = np.linspace(0.1, 0.8, WIDTH, dtype=np.float32)
PICTURES = ("N", 3, HEIGHT, WIDTH)


def write_onnx(
    path: Path,
    *,
    shape: Sequence[Any] = PICTURES,
    dtype: int = TensorProto.FLOAT,
    nodes: Sequence[onnx.NodeProto] | None = None,
    outputs: Sequence[str] = ("feature",),
    metadata: Mapping[str, str] | None = None,
    inputs: Sequence[str] = ("pictures",),
    domain: str = "",
) -> Path:
    """By default a network whose feature is, for each colour, the mean of the pixels times a ramp over the columns."""
    ramp = RAMP_W.reshape(-1, 1) if shape[-1] == 3 else RAMP_W
    axes = [place for place in range(1, len(shape)) if place != (len(shape) - 1 if shape[-1] == 3 else len(shape) - 3)]
    weighted = [
        helper.make_node("Cast", ["pictures"], ["numbers"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["numbers", "ramp"], ["weighted"]),
        helper.make_node("ReduceMean", ["weighted"], ["feature"], axes=axes, keepdims=0),
    ]
    graph = helper.make_graph(
        weighted if nodes is None else list(nodes),
        "small",
        [helper.make_tensor_value_info(name, dtype, list(shape)) for name in inputs],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs],
        [numpy_helper.from_array(ramp, "ramp")],
    )
    sets = [helper.make_opsetid("", 17), *([helper.make_opsetid(domain, 1)] if domain else [])]
    model = helper.make_model(graph, opset_imports=sets, ir_version=9)
    if metadata:
        helper.set_model_props(model, dict(metadata))
    path.write_bytes(model.SerializeToString())
    return path


def write_openvino(path: Path, **network: Any) -> Path:
    """The same as an OpenVINO .xml and .bin."""
    onnx_file = write_onnx(path.with_suffix(".onnx"), **network)
    openvino.save_model(openvino.Core().read_model(onnx_file), path, compress_to_fp16=False)
    return path


def by_hand(pixels_HWC: np.ndarray) -> np.ndarray:
    """The default network's output for one picture, as it goes in."""
    feature: np.ndarray = (pixels_HWC.astype(np.float64) * RAMP_W[None, :, None]).mean(axis=(0, 1))
    return feature
