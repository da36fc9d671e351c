"""Building an appearance model by its configuration, and its file model.safetensors."""

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import safetensors
import torch
from safetensors.torch import save_file

from streid.appearance.appearance_model import AppearanceModel
from streid.appearance.architectures import ARCHITECTURES, build_network, check_architecture
from streid.appearance.backbones import check_backbone
from streid.appearance.train_settings import LossSettings
from streid.arrays import IntArray
from streid.errors import InputError, refused_by_system
from streid.files.atomic import atomic_output

MODEL_FORMAT = "streid-model"
MODEL_VERSION = 2
HEADER_KEY = "streid"
COPY_OR_TRAIN = "copy it again from an undamaged copy, or train again"
MOST_CAMERAS = 100_000
MOST = {"identities": 1_000_000, "height": 4096, "width": 4096, "frames": 1024}


@dataclass(frozen=True, kw_only=True)
class ModelConfig:
    """What is needed to build a model again.

    architecture: one of `ARCHITECTURES`. backbone: one of `BACKBONES`, or `timm:NAME`. identities: classes that it is
    trained on. height, width: input size in pixels. frames: of a clip; 1 for a model of pictures.
    pooling: one of `POOLINGS`. cameras: numbers of the cameras that the model has learned, ascending, for an
    architecture that learns them. cameras_of: the data sets whose cameras they are; with several their numbers are as
    `streid.data.training_sets` makes them.
    """

    architecture: str
    backbone: str
    identities: int
    height: int
    width: int
    frames: int = 1
    pooling: str = "average"
    cameras: tuple[int, ...] = ()
    cameras_of: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name in ("architecture", "backbone", "pooling"):
            if not isinstance(getattr(self, name), str):
                raise InputError(f"{name} is {getattr(self, name)!r}; it must be a name")
        for name, most in MOST.items():
            value = getattr(self, name)
            if type(value) is not int or value > most:
                raise InputError(f"{name} is {value!r}, but a model takes a whole number up to {most}")
        if min(self.height, self.width) < 1:
            raise InputError(f"a model takes no pictures of {self.height} x {self.width} pixels")
        check_architecture(self.architecture, self.frames, self.pooling)
        self._check_cameras()
        check_backbone(self.backbone)
        if self.identities < 2:
            raise InputError(f"a model needs at least 2 identities to learn from, got {self.identities}")

    def _check_cameras(self) -> None:
        cameras, names = self._as_tuple("cameras"), self._as_tuple("cameras_of")
        numbers = all(type(one) is int and one >= 0 for one in cameras) and len(cameras) <= MOST_CAMERAS
        if not numbers or sorted(set(cameras)) != list(cameras):
            raise InputError(f"cameras is {cameras!r}; it must be camera numbers in ascending order")
        if not all(isinstance(one, str) for one in names) or bool(names) != bool(cameras):
            raise InputError(f"cameras_of is {names!r}; it must be the names of the cameras' data sets")
        if cameras and not ARCHITECTURES[self.architecture].cameras:
            raise InputError(f"cameras is {cameras!r}, but {self.architecture} learns no cameras")

    def _as_tuple(self, name: str) -> tuple[Any, ...]:
        found = getattr(self, name)
        if not isinstance(found, tuple | list):
            raise InputError(f"{name} is {found!r}; it must be a list")
        object.__setattr__(self, name, tuple(found))  # JSON has a list
        return tuple(found)

    def camera_rows(self, dataset: str | None = None) -> dict[int, int]:
        """The rows of the cameras in the model's embedding, by their numbers in a data set; none if it learned others.

        Args:
            dataset: its name; None for the numbers that `streid.data.training_sets` gives while training.
        """
        if dataset is None:
            return {camera: row for row, camera in enumerate(self.cameras)}
        if dataset not in self.cameras_of:
            return {}
        number, count = self.cameras_of.index(dataset), len(self.cameras_of)
        return {camera // count: row for row, camera in enumerate(self.cameras) if camera % count == number}


def build_model(config: ModelConfig) -> AppearanceModel:
    """A model with random weights."""
    return build_network(
        config.architecture,
        config.backbone,
        config.identities,
        config.frames,
        size=(config.height, config.width),
        pooling=config.pooling,
        cameras=len(config.cameras),
    )


def learned_cameras(architecture: str, camid_U: IntArray, datasets: Sequence[str]) -> dict[str, Any]:
    """What a `ModelConfig` holds of the training units' cameras, for an architecture that learns them; else nothing."""
    if not ARCHITECTURES[architecture].cameras:
        return {}
    return {"cameras": tuple(np.unique(camid_U).tolist()), "cameras_of": tuple(datasets)}


def reads_masks(config: ModelConfig, settings: LossSettings) -> bool:
    """Whether training uses part masks where there are some: the model gives part maps, and they count."""
    finds_parts = ARCHITECTURES[config.architecture].part_maps and config.frames == 1
    return finds_parts and settings.mask_weight > 0


def save_model(path: str | os.PathLike[str], model: AppearanceModel, config: ModelConfig) -> None:
    """Write model.safetensors with its configuration and its weights' SHA-256 in the header, atomically."""
    state = {name: value.detach().cpu().contiguous() for name, value in model.state_dict().items()}
    content = {"format": MODEL_FORMAT, "version": MODEL_VERSION, "config": asdict(config)}
    # One entry alone: safetensors writes several in an order of its own, and the bytes would differ.
    header = {HEADER_KEY: json.dumps({**content, "sha256": _digest(content, state)})}
    with atomic_output(path) as partial:
        save_file(state, partial, metadata=header)


def read_model_file(path: str | os.PathLike[str]) -> tuple[dict[str, Any], dict[str, torch.Tensor]]:
    """The header and the weights of a .safetensors file, checked against the SHA-256 that the header may hold.

    Returns:
        streid's header, empty in a file of another program, and the weights by name.

    Raises:
        InputError: the weights or the header are not those that were written.
        OSError, ValueError, safetensors.SafetensorError: the file cannot be read.
    """
    with open(path, "rb"):  # noqa: PTH123 - a text path may be given; safetensors says of any failure that it is missing
        pass
    with safetensors.safe_open(path, framework="pt") as handle:
        header = json.loads((handle.metadata() or {}).get(HEADER_KEY, "{}"))
        state = {name: handle.get_tensor(name) for name in handle.keys()}  # noqa: SIM118
    if "sha256" in header and header.pop("sha256") != _digest(header, state):
        raise InputError(f"{path}: damaged model (other weights than were written); {COPY_OR_TRAIN}")
    return header, state


def _digest(content: Mapping[str, Any], state: Mapping[str, torch.Tensor]) -> str:
    digest = hashlib.sha256(json.dumps(content, sort_keys=True).encode())
    for name in sorted(state):
        value = state[name]
        digest.update(f"{name} {value.dtype} {tuple(value.shape)}".encode())
        digest.update(value.reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()


def load_model(path: str | os.PathLike[str]) -> tuple[AppearanceModel, ModelConfig]:
    """Read a model.safetensors; code in the file is never run.

    Raises:
        InputError: the file is missing, damaged, or not one this streid reads.
    """
    try:
        header, state = read_model_file(path)
        if header.get("format") != MODEL_FORMAT:
            raise InputError(f"{path}: not a model of this streid (format {header.get('format')!r})")
        if header.get("version") != MODEL_VERSION:
            newer = isinstance(header.get("version"), int) and header["version"] > MODEL_VERSION
            raise InputError(
                f"{path}: a model of another streid (version {header.get('version')}, this one reads {MODEL_VERSION}); "
                + ("update this streid" if newer else "train again")
            )
        config = ModelConfig(**header["config"])
        model = build_model(config)
        model.load_state_dict(state)
    except FileNotFoundError:
        raise InputError(f"{path}: no such model; train it first") from None
    except (
        safetensors.SafetensorError,
        KeyError,
        TypeError,
        ValueError,
        AttributeError,
        RuntimeError,  # also of a header nested too deeply
        OSError,
    ) as error:
        if isinstance(error, InputError) or refused_by_system(error):
            raise
        raise InputError(f"{path}: damaged model, or none of streid ({error}); {COPY_OR_TRAIN}") from None
    return model, config
