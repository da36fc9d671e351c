"""ONNX networks, run by onnxruntime. Nothing but the file itself is loaded: no custom operators, no other folders."""

import importlib.metadata
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from streid.appearance.network_file import NetworkFile, NetworkForm, Port
from streid.arrays import FeatureArray
from streid.errors import InputError, refused_by_system

if TYPE_CHECKING:
    import onnx

CUDA = "CUDAExecutionProvider"
CPU = "CPUExecutionProvider"
STANDARD = ("", "ai.onnx")
# Domains whose operators are part of onnxruntime itself.
BUILT_IN = ("ai.onnx.ml", "com.microsoft")
DTYPES = {"tensor(uint8)": "uint8", "tensor(float)": "float32", "tensor(float16)": "float16"}
ERRORS_ALONE = 3


def network_files(path: Path) -> tuple[Path, ...]:
    """An ONNX file and the files beside it that hold some of its weights, sorted.

    Raises:
        InputError: it is missing or no ONNX network, uses operators of its own, or names a file outside its folder.
    """
    model = _read_graph(path)
    _refuse_operators(path, model)
    names = {_location(path, tensor) for tensor in _tensors(model)} - {""}
    return (path, *(path.parent / name for name in sorted(names)))


class OnnxNetwork:
    """An ONNX network in memory.

    Args:
        threads: CPU threads of one call; 1 where several calls run at once.
        cuda: compute on the GPU.

    Raises:
        InputError: onnxruntime cannot run it.
    """

    def __init__(self, path: Path, *, threads: int, cuda: bool) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = ERRORS_ALONE
        # Threads that wait must leave the cores to those that decode pictures.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            self._session = onnxruntime.InferenceSession(str(path), options, providers=[CUDA, CPU] if cuda else [CPU])
        except Exception as error:  # onnxruntime's errors have no base class of their own
            raise _refusal(path, "onnxruntime cannot load it", error) from None
        if cuda and CUDA not in self._session.get_providers():
            raise InputError(f"{path}: onnxruntime found no usable GPU (its log says why); use --device cpu")
        self._path = path
        self.file = NetworkFile(
            path=path,
            inputs=[_port(one) for one in self._session.get_inputs()],
            outputs=[_port(one) for one in self._session.get_outputs()],
            metadata=dict(self._session.get_modelmeta().custom_metadata_map),
        )

    def prepare(self, form: NetworkForm, batch: int) -> None:
        """Nothing: the session takes what it is given."""

    def run(self, form: NetworkForm, values: npt.NDArray[Any]) -> FeatureArray:
        """The chosen output for a batch; several threads may call it at once.

        Raises:
            InputError: the network fails on it.
        """
        try:
            (found,) = self._session.run([form.settings.output_name], {form.input.name: values})
        except Exception as error:
            raise _refusal(self._path, f"fails on an input of shape {values.shape}", error) from None
        return np.asarray(found)


def library() -> str:
    """The package that onnxruntime comes from here: another one has it with CUDA."""
    found = importlib.metadata.packages_distributions().get("onnxruntime", ["onnxruntime"])
    return sorted(found)[-1]


def has_cuda() -> bool:
    """Whether this onnxruntime can compute on a GPU."""
    import onnxruntime

    return CUDA in onnxruntime.get_available_providers()


def _port(one: Any) -> Port:
    shape = tuple(size if isinstance(size, int) and size > 0 else None for size in one.shape)
    return Port(name=one.name, shape=shape, dtype=DTYPES.get(one.type, one.type))


def _refusal(path: Path, what: str, error: Exception) -> Exception:
    if refused_by_system(error):
        return error
    said = " ".join(str(error).removeprefix("[ONNXRuntimeError] : ").split())
    return InputError(f"{path}: {what} ({said[:300]})")


def _read_graph(path: Path) -> "onnx.ModelProto":
    import onnx
    from google.protobuf.message import DecodeError

    if not path.is_file():
        raise InputError(f"{path}: no such network")
    try:
        model = onnx.load_model(str(path), format="protobuf", load_external_data=False)
    except (DecodeError, ValueError, RecursionError) as error:
        raise InputError(f"{path}: no ONNX network, or damaged ({error}); copy or export it again") from None
    if not model.graph.node:
        raise InputError(f"{path}: no ONNX network, or damaged (it computes nothing); copy or export it again")
    return model


def _graphs(model: "onnx.ModelProto") -> "Iterator[onnx.GraphProto | onnx.FunctionProto]":
    """The network's graph, its functions, and all graphs within their operators."""
    waiting: list[onnx.GraphProto | onnx.FunctionProto] = [model.graph, *model.functions]
    while waiting:
        graph = waiting.pop()
        yield graph
        for node in graph.node:
            for attribute in node.attribute:
                waiting += [*attribute.graphs, *([attribute.g] if attribute.HasField("g") else [])]


def _tensors(model: "onnx.ModelProto") -> "Iterator[onnx.TensorProto]":
    """All tensors that a network holds, wherever they are."""
    import onnx

    for graph in _graphs(model):
        if isinstance(graph, onnx.GraphProto):
            yield from graph.initializer
            for sparse in graph.sparse_initializer:
                yield from (sparse.values, sparse.indices)
        for node in graph.node:
            for attribute in node.attribute:
                yield from (attribute.t, *attribute.tensors)
                for sparse in (attribute.sparse_tensor, *attribute.sparse_tensors):
                    yield from (sparse.values, sparse.indices)


def _location(path: Path, tensor: "onnx.TensorProto") -> str:
    """The file beside the network that holds a tensor; empty where the network holds it itself.

    Raises:
        InputError: the file is missing, or outside the network's folder.
    """
    import onnx

    if tensor.data_location != onnx.TensorProto.EXTERNAL:
        return ""
    name: str = {entry.key: entry.value for entry in tensor.external_data}.get("location", "")
    folder = path.parent.resolve()
    place = (folder / name).resolve() if "\0" not in name else folder
    if os.path.isabs(name) or place == folder or not place.is_relative_to(folder):  # noqa: PTH117
        raise InputError(
            f"{path}: takes weights from {name!r}; only files in its own folder are read: export it as one file"
        )
    if not place.is_file():
        raise InputError(f"{path}: its weights in {name!r} are missing; copy that file beside it")
    return name


def _refuse_operators(path: Path, model: "onnx.ModelProto") -> None:
    """Refuse operators that are neither standard, nor onnxruntime's, nor made of those in the file itself."""
    import onnx

    made = {(function.domain, function.name) for function in model.functions}
    for graph in _graphs(model):
        for node in graph.node:
            known = node.domain in BUILT_IN or (node.domain in STANDARD and onnx.defs.has(node.op_type, ""))
            if not known and (node.domain, node.op_type) not in made:
                raise InputError(
                    f"{path}: uses the operator {node.domain or 'ai.onnx'}:{node.op_type}, which is no standard one; "
                    "custom operators are never loaded: export the network without it"
                )
