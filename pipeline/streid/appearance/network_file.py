"""What a network's file says of itself, and the way pictures go into it, from that and the user's settings."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from streid.appearance.network_settings import TRAINED, NetworkSettings
from streid.errors import InputError
from streid.files.features import feature_origin

BYTES = "uint8"
INPUT_TYPES = (BYTES, "float32", "float16")
# Keys of what an exporter may write into an ONNX file (metadata_props); such a file mirrors its pictures itself.
METADATA = "streid."
OWN_WEIGHTS = f"{METADATA}weights_sha256"
SAID_BY_FILE = ("height", "width", "colour", "layout", "resize")
COLOURS = 3

Shape = tuple[int | None, ...]


@dataclass(frozen=True, kw_only=True)
class Port:
    """An input or output of a network: its name, shape (None: any length) and element type as numpy names it."""

    name: str
    shape: Shape | None
    dtype: str

    def __str__(self) -> str:
        sizes = "x".join("?" if size is None else str(size) for size in self.shape or ())
        return f"{self.name} ({sizes or 'any shape'}, {self.dtype})"


@dataclass(frozen=True, kw_only=True)
class NetworkFile:
    """A network's file: its inputs, outputs, and what its exporter wrote beside them."""

    path: Path
    inputs: Sequence[Port]
    outputs: Sequence[Port]
    metadata: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class NetworkForm:
    """How pictures go into a network, and which output is the feature.

    settings: with nothing left to the file: height, width, colour, layout, resize, flip and output_name are said.
    batch: how many pictures it takes at once; None for any number. frames: of a clip; 1 for single pictures.
    """

    input: Port
    settings: NetworkSettings
    batch: int | None
    frames: int

    @property
    def takes_bytes(self) -> bool:
        """Whether the input is of bytes, and the network scales them itself."""
        return self.input.dtype == BYTES

    @property
    def channels_last(self) -> bool:
        """Whether a pixel's colours are next to each other."""
        return self.settings.layout == "nhwc"

    def input_shape(self, batch: int) -> tuple[int, ...]:
        """The shape of an input of this many pictures or clips."""
        rows, columns = self.settings.height, self.settings.width
        picture = (rows, columns, COLOURS) if self.channels_last else (COLOURS, rows, columns)
        return (batch, *((self.frames,) if self.frames > 1 else ()), *picture)

    def record(self) -> str:
        """The settings as JSON, from which `features_settings` makes them again."""
        return json.dumps(self.settings.model_dump(by_alias=True), sort_keys=True)


def features_settings(features: Path, kind: str) -> NetworkSettings:
    """How pictures went into the network that made a features.h5; the defaults for a model that was trained here.

    Args:
        kind: of the model that is said to have made them.

    Raises:
        InputError: another kind made them, or the file is damaged.
    """
    _, record = feature_origin(features)
    if record and kind == TRAINED:
        raise InputError(f"{features}: was made with a network of another program: give that by --network")
    if kind == TRAINED:
        return NetworkSettings()
    if not record:
        raise InputError(f"{features}: does not say that a network made it; give the model's folder by --model")
    try:
        values: dict[str, Any] = json.loads(record)
        return NetworkSettings.of(**values)
    except (ValueError, TypeError, RecursionError) as error:
        raise InputError(f"{features}: damaged: how pictures went into its network is not said ({error})") from None


def find_form(file: NetworkFile, settings: NetworkSettings) -> NetworkForm:
    """How pictures go into a network: the settings, and what the file says where they leave it open.

    Raises:
        InputError: the settings do not fit the network, or it takes no pictures.
    """
    if len(file.inputs) != 1:
        named = ", ".join(map(str, file.inputs)) or "none"
        raise InputError(f"{file.path}: has {len(file.inputs)} inputs ({named}); a network of pictures has one")
    (port,) = file.inputs
    if port.dtype not in INPUT_TYPES:
        raise InputError(f"{file.path}: its input {port} is none of {', '.join(INPUT_TYPES)}; export it with one")
    settings = _with_file_values(file, settings)
    shape = port.shape
    if shape is None or len(shape) not in (4, 5):
        raise InputError(
            f"{file.path}: its input {port} is no batch of pictures, which has 4 axes, or of clips, which has 5"
        )
    layout = settings.layout
    if layout == "auto":
        layout = "nhwc" if shape[-1] == COLOURS and shape[-3] != COLOURS else "nchw"
    colours, height, width = (shape[-1], *shape[-3:-1]) if layout == "nhwc" else (shape[-3], *shape[-2:])
    if colours not in (COLOURS, None):
        raise InputError(f"{file.path}: its input {port} has {colours} colours with the layout {layout}; 3 are needed")
    sizes = {"height": _size(file, port, "height", settings.height, height)}
    sizes["width"] = _size(file, port, "width", settings.width, width)
    if port.dtype == BYTES:
        _refuse_scaling(file, port, settings)
    flip = OWN_WEIGHTS not in file.metadata if settings.flip == "auto" else settings.flip
    said: dict[str, object] = {
        **sizes,
        "layout": layout,
        "colour": "rgb" if settings.colour == "auto" else settings.colour,
        "resize": "bilinear" if settings.resize == "auto" else settings.resize,
        "flip": flip,
        "output_name": _choose_output(file, settings.output_name),
    }
    return NetworkForm(
        input=port, settings=settings.model_copy(update=said), batch=shape[0] or None, frames=_frames(file, port, shape)
    )


def _with_file_values(file: NetworkFile, settings: NetworkSettings) -> NetworkSettings:
    """The settings, with the file's own values (`METADATA`) where they say nothing."""
    open_values = {name for name in SAID_BY_FILE if getattr(settings, name) in (0, "auto")}
    said = {name: file.metadata[key] for name in open_values if (key := f"{METADATA}{name}") in file.metadata}
    try:
        return NetworkSettings.of(**settings.model_dump() | said)
    except InputError as error:
        raise InputError(f"{file.path}: its metadata cannot be used: {error}") from None


def _size(file: NetworkFile, port: Port, name: str, said: int, fixed: int | None) -> int:
    if said and fixed and said != fixed:
        raise InputError(f"{file.path}: {name} is {said}, but its input {port} takes {fixed} only; leave {name} out")
    if not (found := said or fixed):
        raise InputError(f"{file.path}: its input {port} takes any {name}; say by --{name} what it was trained with")
    return found


def _frames(file: NetworkFile, port: Port, shape: Shape) -> int:
    if len(shape) == 4:
        return 1
    said = file.metadata.get(f"{METADATA}frames", "")
    frames = shape[1] or (int(said) if said.isdecimal() else None)
    if not frames:
        raise InputError(f"{file.path}: its input {port} takes clips of any length; export it for a fixed one")
    return frames


def _refuse_scaling(file: NetworkFile, port: Port, settings: NetworkSettings) -> None:
    plain, bare = NetworkSettings(), {"scale": 1, "mean": [0], "std": [1]}
    for name, nothing in bare.items():
        if getattr(settings, name) not in (getattr(plain, name), nothing):
            raise InputError(
                f"{file.path}: its input {port} takes bytes, so that the network scales them itself; leave {name} out"
            )


def _choose_output(file: NetworkFile, name: str) -> str:
    names, name = [port.name for port in file.outputs], "" if name == "auto" else name
    told = ", ".join(map(str, file.outputs)) or "none"
    if name and name not in names:
        raise InputError(f"{file.path}: has no output {name!r}, but {told}")
    if not name and len(names) != 1:
        raise InputError(f"{file.path}: has {len(names)} outputs ({told}); say which is the feature by --output-name")
    return name or names[0]
