"""Building an appearance model by its configuration, and its file model.safetensors."""

import json
import os
from dataclasses import asdict, dataclass

import safetensors
from safetensors.torch import save_file

from streid.appearance.architectures import build_network, check_architecture
from streid.appearance.outputs import AppearanceModel
from streid.artifacts import atomic_output
from streid.errors import InputError

MODEL_FORMAT = "streid-model"
MODEL_VERSION = 2
HEADER_KEY = "streid"
MOST = {"identities": 1_000_000, "height": 4096, "width": 4096, "frames": 1024}


@dataclass(frozen=True, kw_only=True)
class ModelConfig:
    """What is needed to build a model again.

    architecture: see `architectures`. backbone: see `backbones`. identities: classes it is trained on.
    height, width: input size in pixels. frames: 1, the model takes pictures; more, clips of so many frames.
    """

    architecture: str
    backbone: str
    identities: int
    height: int
    width: int
    frames: int = 1

    def __post_init__(self) -> None:
        for name in ("architecture", "backbone"):
            if not isinstance(getattr(self, name), str):
                raise InputError(f"{name} is {getattr(self, name)!r}, which names none")
        for name, most in MOST.items():
            value = getattr(self, name)
            if type(value) is not int or value > most:
                raise InputError(f"{name} is {value!r}, but a model takes a whole number up to {most}")
        if min(self.height, self.width) < 1:
            raise InputError(f"a model takes no pictures of {self.height} x {self.width} pixels")
        check_architecture(self.architecture, self.frames)
        if self.identities < 2:
            raise InputError(f"a model needs at least 2 identities to learn from, got {self.identities}")


def build_model(config: ModelConfig) -> AppearanceModel:
    """A model with random weights.

    Raises:
        InputError: the backbone is not known.
    """
    return build_network(config.architecture, config.backbone, config.identities, config.frames)


def save_model(path: str | os.PathLike[str], model: AppearanceModel, config: ModelConfig) -> None:
    """Write model.safetensors with its configuration in the header, atomically."""
    # One entry alone: safetensors writes several in an order of its own, and the bytes would differ.
    header = {HEADER_KEY: json.dumps({"format": MODEL_FORMAT, "version": MODEL_VERSION, "config": asdict(config)})}
    state = {name: value.detach().cpu().contiguous() for name, value in model.state_dict().items()}
    with atomic_output(path) as partial:
        save_file(state, partial, metadata=header)


def load_model(path: str | os.PathLike[str]) -> tuple[AppearanceModel, ModelConfig]:
    """Read a model.safetensors; no code in the file is ever run.

    Raises:
        InputError: the file is missing, damaged, or not one this streid reads.
    """
    try:
        with safetensors.safe_open(path, framework="pt") as handle:
            header = json.loads((handle.metadata() or {}).get(HEADER_KEY, "{}"))
            if header.get("format") != MODEL_FORMAT:
                raise InputError(f"{path}: not a model of this streid (format {header.get('format')!r})")
            if header.get("version") != MODEL_VERSION:
                raise InputError(
                    f"{path}: a model of another streid (version {header.get('version')}, this one reads "
                    f"{MODEL_VERSION}); train again"
                )
            config = ModelConfig(**header["config"])
            state = {name: handle.get_tensor(name) for name in handle.keys()}  # noqa: SIM118
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
        if isinstance(error, InputError):
            raise
        raise InputError(f"{path}: damaged model ({error}); remove it and train again") from None
    return model, config
