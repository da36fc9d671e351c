"""OpenVINO networks (.xml with its .bin), run by openvino on the CPU. No extension of openvino is loaded."""

import threading
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from streid.appearance.network_file import NetworkFile, NetworkForm, Port
from streid.arrays import FeatureArray
from streid.errors import InputError, refused_by_system
from streid.stage.signal_stack import kept_signal_stack

PRECISIONS = {"fp32": "f32", "bf16": "bf16", "fp16": "f16"}


def network_files(path: Path) -> tuple[Path, ...]:
    """The two files of an OpenVINO network.

    Raises:
        InputError: one is missing.
    """
    if not path.is_file():
        raise InputError(f"{path}: no such network")
    weights = path.with_suffix(".bin")
    if not weights.is_file():
        raise InputError(f"{path}: {weights.name}, which holds its weights, is missing; copy it beside it")
    return path, weights


class OpenvinoNetwork:
    """An OpenVINO network in memory.

    Args:
        lanes: how many calls of `run` go on at once, with a thread each.
        precision: of the computation, a key of `PRECISIONS`; openvino itself would choose bf16 where the CPU has it.

    Raises:
        InputError: openvino cannot read it.
    """

    def __init__(self, path: Path, *, lanes: int, precision: str) -> None:
        import openvino

        self._lanes, self._precision = lanes, PRECISIONS[precision]
        self._core = openvino.Core()
        self._path = path
        try:
            self._model = self._core.read_model(str(path), str(path.with_suffix(".bin")))
        except Exception as error:  # openvino's errors are RuntimeError and others
            raise self._refusal("no OpenVINO network, or damaged", error) from None
        self.file = NetworkFile(
            path=path,
            inputs=[_port(one) for one in self._model.inputs],
            outputs=[_port(one) for one in self._model.outputs],
            metadata={},
        )
        self._compiled: Any = None
        self._own = threading.local()

    def prepare(self, form: NetworkForm, batch: int) -> None:
        """Compile it for inputs of so many pictures.

        Raises:
            InputError: openvino cannot compile it for them.
        """
        settings = {
            "NUM_STREAMS": str(self._lanes),
            "INFERENCE_NUM_THREADS": str(self._lanes),
            "INFERENCE_PRECISION_HINT": self._precision,
            "ENABLE_CPU_PINNING": "NO",
        }
        try:
            model = self._model.clone()
            model.reshape(list(form.input_shape(batch)))
            with kept_signal_stack():
                self._compiled = self._core.compile_model(model, "CPU", settings)
        except Exception as error:
            raise self._refusal(f"cannot be used with {batch} pictures at once", error) from None
        self._own = threading.local()

    def run(self, form: NetworkForm, values: npt.NDArray[Any]) -> FeatureArray:
        """The chosen output for a batch; several threads may call it at once.

        Raises:
            InputError: the network fails on it.
        """
        if not hasattr(self._own, "request"):
            self._own.request = self._compiled.create_infer_request()
        request = self._own.request
        try:
            request.infer({0: values}, share_inputs=True)
            number = [port.name for port in self.file.outputs].index(form.settings.output_name)
            return np.array(request.get_output_tensor(number).data)
        except Exception as error:
            raise self._refusal(f"fails on an input of shape {values.shape}", error) from None

    def _refusal(self, what: str, error: Exception) -> Exception:
        if refused_by_system(error):
            return error
        # The last line says what is wrong, those before where in openvino.
        said = [line for line in str(error).splitlines() if line.strip()]
        return InputError(f"{self._path}: {what} ({said[-1].strip()[:300] if said else type(error).__name__})")


def _port(one: Any) -> Port:
    partial = one.partial_shape
    known = partial.rank.is_static
    shape = tuple(size.get_length() if size.is_static else None for size in partial) if known else None
    name = one.any_name if one.names else one.node.friendly_name
    return Port(name=name, shape=shape, dtype=np.dtype(one.element_type.to_dtype()).name)
