"""A trained model as one ONNX file: RGB pictures in, features for retrieval out.

Pre-processing, the mirror image and all normalisation are in the file, so that one run gives the features that
extraction writes. The file is run in onnxruntime beside the model before it is kept.

Shape suffixes: N units (pictures or clips), T frames of a clip, H rows, W columns, C channels (RGB), D feature values.
"""

import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
import torch
from onnxruntime.capi.onnxruntime_pybind11_state import Fail, InvalidGraph, NotImplemented, RuntimeException
from PIL import Image
from torch import nn
from torch.nn import functional

from streid.appearance.appearance_model import AppearanceModel, retrieval_features
from streid.appearance.checkpoints import first_line
from streid.appearance.models import ModelConfig
from streid.data.transforms import NetworkInput, augment_picture, no_augmentation
from streid.errors import InputError
from streid.files.atomic import atomic_output

Pictures = npt.NDArray[np.uint8]
Features = npt.NDArray[np.float32]
INPUT, OUTPUT = "pictures", "features"
OPSET = 18  # the first whose Resize can smooth as Pillow does
MOST_BYTES = 2_000_000_000  # of the weights in one file; protobuf's limit is 2 GiB
MOST_DISTANCE = 1e-3
COMPARED = (1, 2, 5)  # units in the batches that are compared
# Sizes of the pictures compared where any is taken, in the network's height and width.
COMPARED_SIZES = ((1.0, 1.0), (2.0, 1.5), (0.6, 0.7))
PATCHES, NOISE = (8, 4), 20  # rows and columns of patches in a picture, and by how much their pixels differ
REFUSALS = (Fail, InvalidGraph, NotImplemented, RuntimeException)
# They tell of every value they move.
for library in ("onnx_ir", "onnxscript"):
    logging.getLogger(library).setLevel(logging.WARNING)


class Difference(NamedTuple):
    """How far features lie from those expected: the largest 1 - cosine, and the largest difference of a value."""

    distance: float
    value: float


class ExportedNetwork(nn.Module):
    """A model with its pre-processing: from uint8 (N, H, W, C), or clips (N, T, H, W, C), to float32 (N, D).

    Args:
        size: height and width of the model's input.
        resizes: pictures may have another size; they are resized.
    """

    def __init__(self, model: AppearanceModel, size: tuple[int, int], *, resizes: bool) -> None:
        super().__init__()
        self.model, self.size, self.resizes = model, size, resizes
        self.prepare = NetworkInput(torch.device("cpu"))

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        """Features for retrieval, of length 1."""
        if self.resizes:
            frames_NCHW = pictures.flatten(0, -4).permute(0, 3, 1, 2).to(torch.float32)
            # As Pillow does it: the rows, then the columns, rounded to bytes after each.
            for size in ((pictures.shape[-3], self.size[1]), self.size):
                frames_NCHW = functional.interpolate(frames_NCHW, size, mode="bicubic", antialias=True)
                frames_NCHW = frames_NCHW.round().clamp(0, 255)
            frames_NHWC = frames_NCHW.permute(0, 2, 3, 1)
            pictures = frames_NHWC.unflatten(0, pictures.shape[:-3])  # type: ignore[no-untyped-call]
        return retrieval_features(self.model, self.prepare(pictures))


def export_model(
    path: str | os.PathLike[str],
    model: AppearanceModel,
    config: ModelConfig,
    *,
    weights: str,
    any_size: bool = False,
    threads: int = 1,
) -> Difference:
    """Write a model as an ONNX file, atomically, once its features have been compared with the model's.

    Input `pictures`: uint8 RGB (N, height, width, 3), of a model of clips (N, frames, height, width, 3). Output
    `features`: float32 (N, D), each of length 1. Metadata: see `describe`.

    Args:
        model: it is set to evaluation mode.
        weights: SHA-256 of the model's file, for the metadata.
        any_size: pictures of any height and width are taken, and resized (bicubic).
        threads: of onnxruntime.

    Returns:
        The difference to the model, over random pictures.

    Raises:
        InputError: the network cannot be exported, its weights are too large for one file, or `compare` refuses it.
    """
    network = ExportedNetwork(model, (config.height, config.width), resizes=any_size).eval()
    content = _convert(network, config)
    onnx.helper.set_model_props(content, describe(config, model.feature_length, weights))
    with atomic_output(path) as partial:
        onnx.save(content, partial)
        return compare(partial, model, config, any_size=any_size, threads=threads)


def describe(config: ModelConfig, feature_length: int, weights: str) -> dict[str, str]:
    """An exported file's metadata: what it takes and gives, and the SHA-256 of the weights it was made from."""
    values = {
        "height": config.height,
        "width": config.width,
        "colour": "rgb",
        "layout": "nhwc",
        "resize": "bicubic",
        "feature_length": feature_length,
        "weights_sha256": weights,
        **({"frames": config.frames} if config.frames > 1 else {}),
    }
    return {f"streid.{name}": str(value) for name, value in values.items()}


def compare(
    path: Path, model: AppearanceModel, config: ModelConfig, *, any_size: bool = False, threads: int = 1
) -> Difference:
    """The difference between an exported file's features and those of a model, over random pictures.

    Raises:
        InputError: a cosine is off by more than `MOST_DISTANCE`, or the model's features are not finite.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    except REFUSALS as error:
        raise InputError(f"onnxruntime cannot run the exported {config.architecture} ({first_line(error)})") from None
    size = (config.height, config.width)
    prepare = NetworkInput(torch.device("cpu"))
    found = []
    for pictures in _batches(config, COMPARED_SIZES if any_size else COMPARED_SIZES[:1]):
        with torch.inference_mode():
            expected_ND = retrieval_features(model, prepare(_resize(pictures, size))).numpy()
        if not np.isfinite(expected_ND).all():
            raise InputError("the model's features are not finite, because its training diverged; train it again")
        (found_ND,) = session.run([OUTPUT], {INPUT: pictures})
        found.append(measure(found_ND, expected_ND))
    largest = Difference(*np.max(found, axis=0).tolist())
    if not largest.distance <= MOST_DISTANCE:
        raise InputError(
            f"the exported {config.architecture} gives other features than the model (a cosine is off by "
            f"{largest.distance:.2g}, at most {MOST_DISTANCE:g} is allowed), so it is not written; "
            + ("export it for pictures of the network's own size" if any_size else "use the model itself")
        )
    return largest


def measure(found_ND: Features, expected_ND: Features) -> Difference:
    """How far features lie from those expected, all of length 1."""
    # 1 - cosine of vectors of length 1; so found features of another length are noticed too.
    distances_N = np.square(found_ND.astype(np.float64) - expected_ND).sum(1) / 2
    return Difference(float(distances_N.max()), float(np.abs(found_ND - expected_ND).max()))


def _convert(network: ExportedNetwork, config: ModelConfig) -> onnx.ModelProto:
    """The network as ONNX, without what the exporter notes of the source code, such as paths of this machine."""
    frames = (config.frames,) if config.frames > 1 else ()
    example = torch.zeros(2, *frames, config.height, config.width, 3, dtype=torch.uint8)
    free: dict[int, Any] = {0: torch.export.Dim("batch")}
    if network.resizes:
        free |= {example.ndim - 3: torch.export.Dim("height"), example.ndim - 2: torch.export.Dim("width")}
    try:
        with torch.no_grad():
            program = torch.onnx.export(
                network,
                (example,),
                input_names=[INPUT],
                output_names=[OUTPUT],
                dynamic_shapes=(free,),
                opset_version=OPSET,
                dynamo=True,
                verbose=False,
            )
    except torch.onnx.OnnxExporterError as error:
        raise InputError(
            f"a network of {config.architecture} cannot be written as ONNX ({first_line(error)})"
        ) from None
    assert program is not None
    size = sum(value.const_value.nbytes for value in program.model.graph.initializers.values() if value.const_value)
    if size > MOST_BYTES:
        raise InputError(
            f"the weights have {size / 1e9:.1f} GB, but one ONNX file holds {MOST_BYTES / 1e9:g}; use the model itself"
        )
    content: onnx.ModelProto = program.model_proto
    if not content.graph.input[0].type.tensor_type.shape.dim[0].dim_param:
        raise InputError(
            f"a network of {config.architecture} takes no other number of pictures than it was traced with; in its "
            "module write x.shape[0] for len(x)"
        )
    _forget_sources(content)
    return content


def _forget_sources(content: onnx.ModelProto) -> None:
    graph = content.graph
    for part in (graph, *graph.node, *graph.value_info, *graph.input, *graph.output, *graph.initializer):
        part.ClearField("metadata_props")
        part.ClearField("doc_string")


def random_pictures(*shape: int, seed: int = 0) -> Pictures:
    """Pictures (..., H, W, 3), always the same: large patches of random colours with some noise."""
    generator = np.random.default_rng(seed)
    *lead, height, width = shape
    rows, columns = PATCHES
    patches = generator.integers(0, 256, (*lead, rows, columns, 3))
    enlarged = patches.repeat(-(-height // rows), axis=-3).repeat(-(-width // columns), axis=-2)
    noise = generator.integers(-NOISE, NOISE + 1, (*shape, 3))
    pictures: Pictures = (enlarged[..., :height, :width, :] + noise).clip(0, 255).astype(np.uint8)
    return pictures


def _batches(config: ModelConfig, sizes: tuple[tuple[float, float], ...]) -> Iterator[Pictures]:
    """Pictures or clips in several numbers, and in several sizes."""
    frames = (config.frames,) if config.frames > 1 else ()
    for rows, columns in sizes:
        height, width = round(config.height * rows), round(config.width * columns)
        for count in COMPARED:
            yield random_pictures(count, *frames, height, width, seed=count)


def _resize(pictures: Pictures, size: tuple[int, int]) -> torch.Tensor:
    """The pictures in the network's size, as extraction resizes them."""
    resizing = no_augmentation(*size)
    single = pictures.reshape(-1, *pictures.shape[-3:])
    resized = torch.stack([augment_picture(Image.fromarray(picture), resizing) for picture in single])
    return resized.unflatten(0, pictures.shape[:-3])  # type: ignore[no-untyped-call, no-any-return]
