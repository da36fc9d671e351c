"""Settings of a network of another program: how pictures go into it, and which of its outputs is the feature."""

from pathlib import PurePath
from typing import Annotated, Literal

from annotated_types import Ge, Gt, Le, MinLen
from pydantic import Field

from streid.errors import InputError
from streid.stage.settings import READ, Auto, Positive, Section, Text, Truth

# The kinds of models (`streid.appearance.feature_models`): those trained here; of networks, by the file's ending.
TRAINED = "trained"
KINDS = {".onnx": "onnx", ".xml": "openvino"}

Size = Annotated[int, Ge(0), Le(4096), READ]
Mean = Annotated[float, Ge(-1e6), Le(1e6), READ]
Deviation = Annotated[float, Gt(0), Le(1e6), READ]
OutputName = Annotated[
    str,
    Text(
        "an output's name, in quotes if it is a number, that does not start with -",
        r"[^\x00-\x1f\x7f-\x9f-][^\x00-\x1f\x7f-\x9f]*",
        longest=500,
    ),
]


class NetworkSettings(Section):
    """How pictures go into the networks of other programs (docs/networks.md)."""

    height: Size = 0
    """input rows, pixels; 0: as the network's file says"""
    width: Size = 0
    """input columns, pixels; 0: as the network's file says"""
    colour: Literal["auto", "rgb", "bgr"] = "auto"
    """order of the colours: rgb, bgr, or auto (as the file says, else rgb)"""
    scale: Positive = 255
    """pixel values are divided by it first: 255 gives values from 0 to 1, 1 leaves them from 0 to 255"""
    mean: Annotated[list[Mean], MinLen(1)] = Field(default_factory=lambda: [0.485, 0.456, 0.406])
    """subtracted then: one number, or one for each colour in the order of the input"""
    std: Annotated[list[Deviation], MinLen(1)] = Field(default_factory=lambda: [0.229, 0.224, 0.225])
    """divided by then: one number, or one for each colour in the order of the input"""
    layout: Literal["auto", "nchw", "nhwc"] = "auto"
    """nchw (colours first), nhwc (colours last), or auto (where the input has the 3)"""
    resize: Literal["auto", "bilinear", "bicubic", "opencv"] = "auto"
    """bilinear or bicubic as in Pillow, opencv (its INTER_LINEAR), or auto (as the file says, else bilinear)"""
    flip: Auto | Truth = "auto"
    """true: add the feature of the mirror image, as streid's own models do; auto: unless the network itself does"""
    output_name: OutputName = "auto"
    """which output is the feature; auto: the only one"""

    def check(self) -> None:
        """Refuse means and deviations that are not one or three."""
        super().check()
        for name in ("mean", "std"):
            count = len(getattr(self, name))
            if count not in (1, 3):
                raise InputError(f"{name} has {count} values; give one, or three in the order of the network's colours")


def network_kind(path: str) -> str:
    """Which library runs a network's file, by its ending.

    Raises:
        InputError: neither does.
    """
    kind = KINDS.get(PurePath(path).suffix.lower())
    if kind is None:
        raise InputError(f"{path}: a network is an .onnx file, or an OpenVINO .xml with its .bin beside it")
    return kind
