"""How pictures go into a network: what the settings say, what the file says, and what fits neither."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from streid.appearance.network_file import NetworkFile, Port, features_settings, find_form
from streid.appearance.network_settings import NetworkSettings
from streid.errors import InputError
from streid.files.features import write_features
from streid.files.sightings import Sightings

FEATURE = Port(name="feature", shape=(None, 8), dtype="float32")


def file(
    shape: tuple[int | None, ...] | None = (None, 3, 256, 128),
    *,
    dtype: str = "float32",
    outputs: tuple[Port, ...] = (FEATURE,),
    more_inputs: tuple[Port, ...] = (),
    **metadata: str,
) -> NetworkFile:
    return NetworkFile(
        path=Path("n.onnx"),
        inputs=(Port(name="x", shape=shape, dtype=dtype), *more_inputs),
        outputs=outputs,
        metadata={f"streid.{name}": value for name, value in metadata.items()},
    )


def form_of(network: NetworkFile, **said: Any) -> dict[str, Any]:
    form = find_form(network, NetworkSettings.of(**said))
    names = ("height", "width", "colour", "layout", "resize", "flip", "output_name")
    return {name: getattr(form.settings, name) for name in names} | {"batch": form.batch, "frames": form.frames}


KNOWN = {
    "height": 256,
    "width": 128,
    "colour": "rgb",
    "layout": "nchw",
    "resize": "bilinear",
    "flip": True,
    "output_name": "feature",
    "batch": None,
    "frames": 1,
}


@pytest.mark.parametrize(
    ("network", "said", "other"),
    [
        (file(), {}, {}),
        (file((1, 256, 128, 3)), {}, {"layout": "nhwc", "batch": 1}),
        (file((None, 3, None, None)), {"height": 64, "width": 32}, {"height": 64, "width": 32}),
        (file((None, 3, 256, 3)), {}, {"width": 3}),
        (
            file((None, None, None, None)),
            {"height": 9, "width": 8, "layout": "nhwc"},
            {"layout": "nhwc", "height": 9, "width": 8},
        ),
        (file((2, 4, 3, 256, 128)), {}, {"batch": 2, "frames": 4}),
        (file((None, None, 256, 128, 3), frames="6"), {}, {"frames": 6, "layout": "nhwc"}),
        (
            file(
                (None, None, None, 3),
                height="40",
                width="20",
                colour="bgr",
                layout="nhwc",
                resize="bicubic",
                weights_sha256="a",
            ),
            {},
            {"height": 40, "width": 20, "colour": "bgr", "layout": "nhwc", "resize": "bicubic", "flip": False},
        ),
        (file(colour="bgr", weights_sha256="a"), {"colour": "rgb", "flip": True}, {}),
        (
            file(outputs=(FEATURE, Port(name="logits", shape=None, dtype="float32"))),
            {"output_name": "logits"},
            {"output_name": "logits"},
        ),
    ],
)
def test_the_settings_come_first_and_the_file_says_the_rest(
    network: NetworkFile, said: dict[str, Any], other: dict[str, Any]
) -> None:
    assert form_of(network, **said) == KNOWN | other


@pytest.mark.parametrize(
    ("network", "said", "message"),
    [
        (file((None, 3, 256)), {}, r"its input x \(\?x3x256, float32\) is no batch of pictures, which has 4 axes"),
        (file(None), {}, r"its input x \(any shape, float32\) is no batch"),
        (file((None, 1, 256, 128)), {}, "has 1 colours with the layout nchw; 3 are needed"),
        (file((None, 256, 128, 3)), {"layout": "nchw"}, "has 256 colours with the layout nchw"),
        (file(dtype="int64"), {}, "is none of uint8, float32, float16; export it with one"),
        (file(), {"height": 384}, "height is 384, but its input .* takes 256 only; leave height out"),
        (file((None, 3, None, 128)), {}, "takes any height; say by --height what it was trained with"),
        (file((None, None, 3, 64, 32)), {}, "takes clips of any length; export it for a fixed one"),
        (file(more_inputs=(FEATURE,)), {}, r"has 2 inputs \(x \(\?x3x256x128, float32\), feature .*\); .* has one"),
        (file(dtype="uint8"), {"scale": 2}, "takes bytes, so that the network scales them itself; leave scale out"),
        (
            file(outputs=(FEATURE, FEATURE)),
            {},
            r"has 2 outputs \(feature .*\); say which is the feature by --output-name",
        ),
        (file(), {"output_name": "f"}, r"has no output 'f', but feature \(\?x8, float32\)"),
        (file(colour="grey"), {}, "n.onnx: its metadata cannot be used: colour is 'grey'; it must be one of auto, rgb"),
    ],
)
def test_what_does_not_fit_is_said(network: NetworkFile, said: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        form_of(network, **said)


def test_bytes_take_no_scaling_and_its_absence_may_be_said() -> None:
    assert form_of(file(dtype="uint8"), scale=1, mean=[0], std=[1]) == KNOWN
    assert form_of(file(dtype="uint8")) == KNOWN


def test_means_are_one_or_three() -> None:
    with pytest.raises(InputError, match="mean has 2 values; give one, or three in the order of the network's colours"):
        NetworkSettings.of(mean=[0.5, 0.5])


def test_a_features_file_says_how_its_network_is_fed(tmp_path: Path) -> None:
    one = Sightings(
        **{f"{n}_N": np.ones(1, np.int64) for n in ("pid", "camid", "session", "time")}, path_N=np.array(["a"], object)
    )
    groups = {"gallery": (one, [np.ones((1, 2), np.float32)])}
    form = find_form(file(), NetworkSettings.of(colour="bgr", mean=[0.5]))

    def written(name: str, record: str) -> Path:
        write_features(tmp_path / name, dataset="d", model="m", dimension=2, groups=groups, network=record)
        return tmp_path / name

    found = features_settings(written("n.h5", form.record()), "onnx")
    assert found == form.settings
    assert find_form(file(), found) == form
    assert features_settings(written("t.h5", ""), "trained") == NetworkSettings()
    with pytest.raises(InputError, match=r"n\.h5: was made with a network of another program: give that by --network"):
        features_settings(tmp_path / "n.h5", "trained")
    with pytest.raises(InputError, match=r"t\.h5: does not say that a network made it"):
        features_settings(tmp_path / "t.h5", "onnx")
    for record in ("[", "3", json.dumps({"colour": "grey"})):
        with pytest.raises(InputError, match="damaged: how pictures went into its network is not said"):
            features_settings(written("d.h5", record), "onnx")
