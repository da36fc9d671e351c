"""Features by networks of other programs: by hand, like the bare libraries, and what is refused."""

from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import openvino
import pytest
from conftest import write_picture
from onnx import TensorProto, helper
from PIL import Image
from unit.appearance.small_networks import HEIGHT, WIDTH, by_hand, write_onnx, write_openvino

from streid.appearance.feature_model import FeatureModel, Reading
from streid.appearance.feature_models import open_model
from streid.appearance.network_settings import NetworkSettings, network_kind
from streid.data.picture_source import PictureSource
from streid.errors import InputError

NEAR = 5e-6
PATHS = [f"{number}.png" for number in range(7)]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for seed, name in enumerate(PATHS):
        write_picture(tmp_path / "pictures" / name, seed=seed, size=(WIDTH, HEIGHT))
    return tmp_path / "pictures"


def opened(
    path: Path, root: Path, *, threads: int = 2, workers: int = 0, batch_size: int = 4, **said: Any
) -> FeatureModel:
    reading = Reading(source=PictureSource(root), device="cpu", threads=threads, batch_size=batch_size, workers=workers)
    return open_model(network_kind(str(path)), path, NetworkSettings.of(**said), reading)


def pixels(root: Path, name: str, filter_: Image.Resampling = Image.Resampling.BILINEAR) -> np.ndarray:
    return np.asarray(Image.open(root / name).convert("RGB").resize((WIDTH, HEIGHT), filter_), np.float64)


def unit(vector: np.ndarray) -> np.ndarray:
    return vector / np.linalg.norm(vector)


def alone(*names: str) -> list[list[tuple[str, ...]]]:
    return [[(name,) for name in names]]


@pytest.mark.parametrize("write", [write_onnx, write_openvino])
@pytest.mark.parametrize("layout", ["nchw", "nhwc"])
@pytest.mark.parametrize("workers", [0, 1])
def test_features_are_those_computed_by_hand(root: Path, tmp_path: Path, write: Any, layout: str, workers: int) -> None:
    shape = ("N", 3, HEIGHT, WIDTH) if layout == "nchw" else ("N", HEIGHT, WIDTH, 3)
    path = write(tmp_path / ("n.onnx" if write is write_onnx else "n.xml"), shape=shape)
    model = opened(path, root, workers=workers, mean=[0.5, 0.4, 0.3], std=[0.2, 0.3, 0.25])
    (features,) = model.features(alone(*PATHS))
    assert (model.feature_length, model.frames, features.dtype) == (3, 1, np.float32)
    for feature, name in zip(features, PATHS, strict=True):
        values = (pixels(root, name) / 255 - [0.5, 0.4, 0.3]) / [0.2, 0.3, 0.25]
        np.testing.assert_allclose(feature, unit(by_hand(values) + by_hand(values[:, ::-1])), atol=NEAR)


def test_colours_scale_and_flip_are_as_said(root: Path, tmp_path: Path) -> None:
    path = write_onnx(tmp_path / "n.onnx")
    model = opened(path, root, colour="bgr", scale=1, mean=[104, 117, 123], std=[1], flip=False)
    (features,) = model.features(alone(*PATHS))
    for feature, name in zip(features, PATHS, strict=True):
        values = pixels(root, name)[:, :, ::-1] - [104, 117, 123]
        np.testing.assert_allclose(feature, unit(by_hand(values)), atol=NEAR)


def test_the_filter_is_as_said(root: Path, tmp_path: Path) -> None:
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (50, 21, 3), np.uint8)).save(root / "large.png")
    path = write_onnx(tmp_path / "n.onnx")
    for resize in ("bilinear", "bicubic"):
        (features,) = opened(path, root, resize=resize, scale=1, mean=[100], std=[1]).features(alone("large.png"))
        values = pixels(root, "large.png", Image.Resampling[resize.upper()]) - 100
        # A pixel resized in bytes may be one off Pillow's.
        np.testing.assert_allclose(features[0], unit(by_hand(values) + by_hand(values[:, ::-1])), atol=0.02)


def test_a_tracklet_is_the_mean_of_its_pictures_and_chunks_do_not_mix(root: Path, tmp_path: Path) -> None:
    model = opened(write_onnx(tmp_path / "n.onnx"), root)
    (single,) = model.features(alone(*PATHS))
    chunks = [[("0.png", "1.png", "2.png"), ("3.png",)], [("4.png", "5.png")], [("6.png",)]]
    first, second, third = model.features(chunks)
    np.testing.assert_allclose(first, [unit(single[:3].sum(axis=0)), single[3]], atol=1e-6)
    np.testing.assert_allclose(second, [unit(single[4:6].sum(axis=0))], atol=1e-6)
    np.testing.assert_allclose(third, single[6:], atol=1e-6)


@pytest.mark.parametrize("write", [write_onnx, write_openvino])
@pytest.mark.parametrize("batch", [1, 3])
def test_a_network_of_a_fixed_batch_is_fed_whole_batches(root: Path, tmp_path: Path, write: Any, batch: int) -> None:
    end = "onnx" if write is write_onnx else "xml"
    free = opened(write(tmp_path / f"free.{end}"), root)
    fixed = opened(write(tmp_path / f"fixed.{end}", shape=(batch, 3, HEIGHT, WIDTH)), root)
    for one, other in zip(free.features(alone(*PATHS)), fixed.features(alone(*PATHS)), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)


def in_one_row(path: Path, batch: int | str) -> Path:
    """A network that says it takes this batch, but was exported for one picture."""
    nodes = [
        helper.make_node("GlobalAveragePool", ["pictures"], ["pooled"]),
        helper.make_node("Constant", [], ["one_row"], value_ints=[1, 3]),
        helper.make_node("Reshape", ["pooled", "one_row"], ["feature"]),
    ]
    return write_onnx(path, nodes=nodes, shape=(batch, 3, HEIGHT, WIDTH))


def test_a_network_that_works_for_one_picture_alone_gets_one_at_a_time(root: Path, tmp_path: Path) -> None:
    model = opened(in_one_row(tmp_path / "n.onnx", "N"), root, mean=[0], std=[1])
    (features,) = model.features(alone(*PATHS))
    for feature, name in zip(features, PATHS, strict=True):
        np.testing.assert_allclose(feature, unit(pixels(root, name).mean(axis=(0, 1))), atol=NEAR)
    xml = tmp_path / "n.xml"
    openvino.save_model(openvino.convert_model(in_one_row(tmp_path / "one.onnx", 1)), xml, compress_to_fp16=False)
    (same,) = opened(xml, root, mean=[0], std=[1]).features(alone(*PATHS))
    np.testing.assert_allclose(same, features, atol=1e-6)


def mixing(path: Path) -> Path:
    """An OpenVINO network for one picture which, given more, would mix them without an error."""
    nodes = [
        helper.make_node("ReduceMean", ["pictures"], ["mean"], axes=[2, 3], keepdims=0),
        helper.make_node("ReduceMean", ["mean"], ["over_pictures"], axes=[0], keepdims=1),
        helper.make_node("Sub", ["mean", "over_pictures"], ["nothing"]),
        helper.make_node("Add", ["over_pictures", "nothing"], ["sum"]),
        helper.make_node("Mul", ["sum", "over_pictures"], ["feature"]),
    ]
    return write_openvino(path, nodes=nodes, shape=(1, 3, HEIGHT, WIDTH))


def test_a_network_that_would_mix_pictures_gets_one_at_a_time(root: Path, tmp_path: Path) -> None:
    model = opened(mixing(tmp_path / "n.xml"), root, mean=[0], std=[1], flip=False)
    (features,) = model.features(alone(*PATHS))
    for feature, name in zip(features, PATHS, strict=True):
        np.testing.assert_allclose(feature, unit(pixels(root, name).mean(axis=(0, 1)) ** 2), atol=NEAR)


def test_onnx_and_openvino_agree_with_their_bare_libraries(root: Path, tmp_path: Path) -> None:
    """A convolution, in float32 as exported, against a naive loop over Pillow's pictures."""
    weights = np.random.default_rng(1).normal(size=(5, 3, 3, 3)).astype(np.float32)
    nodes = [
        helper.make_node("Constant", [], ["weights"], value=helper.make_tensor("w", 1, weights.shape, weights.ravel())),
        helper.make_node("Conv", ["pictures", "weights"], ["map"]),
        helper.make_node("Relu", ["map"], ["positive"]),
        helper.make_node("GlobalAveragePool", ["positive"], ["feature"]),
    ]
    onnx_file, xml = write_onnx(tmp_path / "n.onnx", nodes=nodes), write_openvino(tmp_path / "o.xml", nodes=nodes)
    session = onnxruntime.InferenceSession(onnx_file)
    bare = openvino.Core().compile_model(xml, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    (by_onnx,) = opened(onnx_file, root, flip=False).features(alone(*PATHS))
    (by_openvino,) = opened(xml, root, flip=False).features(alone(*PATHS))
    for name, one, other in zip(PATHS, by_onnx, by_openvino, strict=True):
        values = (pixels(root, name) / 255 - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]
        batch = values.astype(np.float32).transpose(2, 0, 1)[None]
        np.testing.assert_allclose(one, unit(session.run(None, {"pictures": batch})[0].ravel()), atol=NEAR)
        np.testing.assert_allclose(other, unit(bare(batch)[0].ravel()), atol=NEAR)


def test_a_network_of_bytes_scales_them_itself(root: Path, tmp_path: Path) -> None:
    path = write_onnx(tmp_path / "n.onnx", dtype=TensorProto.UINT8, shape=("N", HEIGHT, WIDTH, 3))
    (features,) = opened(path, root, flip=False).features(alone(*PATHS))
    for feature, name in zip(features, PATHS, strict=True):
        np.testing.assert_allclose(feature, unit(by_hand(pixels(root, name))), atol=NEAR)


def test_a_network_of_clips_gets_clips(root: Path, tmp_path: Path) -> None:
    path = write_onnx(tmp_path / "n.onnx", shape=("N", 2, 3, HEIGHT, WIDTH))
    model = opened(path, root, mean=[0], std=[1], flip=False)
    (features,) = model.features([[("0.png", "1.png"), ("2.png",)]])
    assert model.frames == 2
    clip = [by_hand(pixels(root, name)) for name in ("0.png", "1.png")]
    np.testing.assert_allclose(features[0], unit(sum(clip)), atol=NEAR)
    np.testing.assert_allclose(features[1], unit(by_hand(pixels(root, "2.png"))), atol=NEAR)


@pytest.mark.parametrize(
    ("node", "message"),
    [
        (helper.make_node("Log", ["mean"], ["feature"]), "the feature of black.png is not finite"),
        (helper.make_node("Identity", ["mean"], ["feature"]), "the feature of black.png is all zeros"),
    ],
)
def test_a_feature_that_cannot_be_compared_names_its_picture(
    root: Path, tmp_path: Path, node: Any, message: str
) -> None:
    Image.new("RGB", (30, 60)).save(root / "black.png")
    nodes = [helper.make_node("GlobalAveragePool", ["pictures"], ["mean"]), node]
    model = opened(write_onnx(tmp_path / "n.onnx", nodes=nodes), root, mean=[0], std=[1])
    with pytest.raises(InputError, match=message):
        list(model.features(alone("0.png", "black.png", "1.png")))


@pytest.mark.parametrize(
    ("nodes", "shape"),
    [
        ([helper.make_node("Relu", ["pictures"], ["feature"])], r"\(2, 3, 16, 8\) for 2 pictures"),
        (
            [helper.make_node("ReduceMean", ["pictures"], ["feature"], axes=[0, 2, 3], keepdims=0)],
            r"\(3,\) for 2 pictures",
        ),
    ],
)
def test_an_output_that_is_no_vector_for_each_picture_is_refused(
    root: Path, tmp_path: Path, nodes: Any, shape: str
) -> None:
    with pytest.raises(InputError, match=rf"its output feature has the shape {shape}"):
        opened(write_onnx(tmp_path / "n.onnx", nodes=nodes), root)
