"""Weights that a training starts from: torchvision's by name, or a file of torchvision, timm, st-ReID or streid.

A file may name its weights in one of these ways, each with or without the `module.` of a model trained on several GPUs:
torchvision's or timm's (`conv1.weight`, `features.denseblock1...`, also the older `norm.1` for `norm1`); those of
st-ReID's net_last.pth (torchvision's after `model.`, heads `classifier0.add_block...` for PCB and
`classifier.add_block...` for a baseline); and those of streid's own model.safetensors and checkpoint.pt. Where it has
none of these names, its weights are taken in their order, if all shapes agree. Code in a file is never run.
"""

import logging
import math
import pickle
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch

from streid.appearance.appearance_model import AppearanceModel
from streid.appearance.backbones import BACKBONES
from streid.appearance.checkpoints import first_line, read_checkpoint
from streid.appearance.models import read_model_file
from streid.errors import InputError, refused_by_system
from streid.files.checksums import has_checksum

logger = logging.getLogger(__name__)

State = dict[str, torch.Tensor]
OLD_DENSE_NAME = re.compile(r"(denselayer\d+\.(?:norm|conv))\.([12])\.")
STREID_HEAD = re.compile(r"classifier(\d*)\.(add_block\.(\d+)|classifier\.0)\.(.+)")
IMAGENET_CLASSIFIERS = {
    f"{name}.{kind}" for name in ("fc", "classifier", "head", "head.fc") for kind in ("weight", "bias")
}
NORM_WEIGHTS = {"weight", "bias", "running_mean", "running_var"}
SHOWN = 5
POSITIONS = "backbone.stem.0.pos_embed"
STEPS_SEEN = "num_batches_tracked"


def load_start_weights(model: AppearanceModel, source: str, work: Path | None = None) -> None:
    """Load start weights into a model.

    The backbone's must be complete. The heads' are loaded as far as the file has them and their shapes fit, which for
    the classifier means as many identities. The log says what was loaded.

    Args:
        source: `imagenet` (torchvision's, downloaded once into torch's cache), `none` (keep the random weights), or a
            file (.safetensors, or .pth, in which code is not run).
        work: the training's work folder, whose files it replaces.

    Raises:
        InputError: the weights cannot be downloaded or read, do not fit, or are in the work folder.
    """
    if source == "none":
        return
    if work is not None and work.resolve() in Path(source).resolve().parents:
        raise InputError(f"{source}: lies in this training's work folder, which it writes to; start from a copy")
    name = model.backbone.name
    state = _download(name) if source == "imagenet" else _read_weights(Path(source))
    wanted = model.state_dict()
    failure = f"start weights {source} do not fit {name}"
    translated = {_model_key(key, model.backbone.file_modules): value for key, value in state.items()}
    if not translated.keys() & wanted.keys():
        translated = _by_order(state, wanted, failure)
        logger.info("start weights: the names in %s are others; its weights were taken by order and shape", source)
    backbone = {key: value for key, value in translated.items() if key.startswith("backbone.")}
    heads = {key: value for key, value in translated.items() if key not in backbone}
    if POSITIONS in backbone and POSITIONS in wanted:
        backbone[POSITIONS] = _resampled(backbone[POSITIONS], wanted[POSITIONS], model)
    _check_backbone(backbone, wanted, failure)
    fitting = {key: value for key, value in heads.items() if key in wanted and wanted[key].shape == value.shape}
    model.load_state_dict(backbone | fitting, strict=False)
    left = sorted(heads.keys() - fitting.keys() - IMAGENET_CLASSIFIERS)
    logger.info(
        "start weights: loaded %d of the backbone and %d of the heads from %s", len(backbone), len(fitting), source
    )
    if left:
        logger.info(
            "start weights: %d of %s not loaded, as this model lacks them or has other shapes: %s",
            *(len(left), source, _first(left)),
        )
    if new := sorted(key for key in wanted.keys() - backbone.keys() - fitting.keys() if not key.endswith(STEPS_SEEN)):
        logger.info("start weights: %d of the model are not in it and stay random: %s", len(new), _first(new))


def _first(names: Sequence[str]) -> str:
    """The first few of some names."""
    return ", ".join(names[:SHOWN]) + (", ..." if len(names) > SHOWN else "")


def _by_order(state: State, wanted: Mapping[str, torch.Tensor], failure: str) -> State:
    """A file's weights under the names of the backbone's, in the order of both; a classifier at its end is left out.

    Raises:
        InputError: the shapes, or what names say of a normalisation's weights, disagree anywhere.
    """
    ours = [key for key in wanted if key.startswith("backbone.") and not key.endswith(STEPS_SEEN)]
    theirs = [key for key in state if not key.endswith(STEPS_SEEN)]
    if len(theirs) < len(ours):
        raise InputError(f"{failure}: its names are others, and it has {len(theirs)} weights instead of {len(ours)}")
    for place, (key, own) in enumerate(zip(theirs, ours, strict=False), 1):
        kinds = {name.rpartition(".")[2] for name in (key, own)} & NORM_WEIGHTS
        if state[key].shape != wanted[own].shape or len(kinds) > 1:
            raise InputError(
                f"{failure}: its names are others, and by order weight {place}, {key} {tuple(state[key].shape)}, would "
                f"be {own} {tuple(wanted[own].shape)}"
            )
    rest = theirs[len(ours) :]
    if [state[key].dim() for key in rest] not in ([], [2], [2, 1]):
        raise InputError(f"{failure}: its names are others, and after the last weight it has more, the first {rest[0]}")
    return {own: state[key] for own, key in zip(ours, theirs, strict=False)}


def _model_key(key: str, modules: Mapping[str, str]) -> str:
    """The model's name for a weight of a file; a name of no backbone's weight stays as it is."""
    key = key.removeprefix("module.")
    if key.startswith("backbone."):
        return key
    if head := STREID_HEAD.fullmatch(key):
        owner = f"heads.{head[1]}" if head[1] else "head"
        return f"{owner}.reduce.{head[3]}.{head[4]}" if head[3] else f"{owner}.classify.{head[4]}"
    plain = OLD_DENSE_NAME.sub(r"\1\2.", key.removeprefix("model.").removeprefix("features."))
    words = plain.split(".")
    for length in range(len(words), 0, -1):
        if (module := ".".join(words[:length])) in modules:
            return ".".join(["backbone", modules[module], *words[length:]])
    return plain


def _resampled(found_1SD: torch.Tensor, wanted_1SD: torch.Tensor, model: AppearanceModel) -> torch.Tensor:
    """A vision transformer's position embedding for the model's size of picture.

    Args:
        found_1SD: of a square picture, unless it has the wanted size; anything else is returned as it is.
    """
    size, before = model.backbone.token_grid()
    side = math.isqrt(max(found_1SD.shape[1] - before, 0)) if found_1SD.dim() == 3 else 0
    if found_1SD.shape == wanted_1SD.shape or not side or side**2 + before != found_1SD.shape[1]:
        return found_1SD
    from timm.layers.pos_embed import resample_abs_pos_embed

    logger.info("start weights: position embedding resampled from %d x %d to %d x %d patches", side, side, *size)
    resampled_1SD: torch.Tensor = resample_abs_pos_embed(found_1SD, list(size), num_prefix_tokens=before)
    return resampled_1SD


def _check_backbone(found: State, wanted: Mapping[str, torch.Tensor], failure: str) -> None:
    ours = {key for key in wanted if key.startswith("backbone.") and not key.endswith(STEPS_SEEN)}
    if missing := sorted(ours - found.keys()):
        raise InputError(f"{failure}: {len(missing)} of {len(ours)} weights are missing, the first {missing[0]}")
    if unknown := sorted(found.keys() - wanted.keys()):
        raise InputError(f"{failure}: {len(unknown)} weights are of another network, the first {unknown[0]}")
    for key, value in sorted(found.items()):
        if value.shape != wanted[key].shape:
            shapes = f"{tuple(value.shape)} instead of {tuple(wanted[key].shape)}"
            raise InputError(f"{failure}: {key} is {shapes}")


def _download(name: str) -> State:
    try:
        return BACKBONES[name].download_weights()
    except (OSError, RuntimeError) as error:
        raise InputError(
            f"ImageNet weights of {name} cannot be downloaded ({error}); set train.start_weights to a file fetched "
            "elsewhere, or to none to train from random weights"
        ) from None


def _read_weights(path: Path) -> State:
    if not path.is_file():
        raise InputError(f"{path}: no such weights file; train.start_weights is imagenet, none or a file")
    try:
        if path.suffix == ".safetensors":
            _, state = read_model_file(path)
        elif has_checksum(path):
            state = read_checkpoint(path)["model"]
        else:
            state = torch.load(path, "cpu", weights_only=True)
    except InputError:
        raise
    except pickle.UnpicklingError:
        raise InputError(
            f"{path}: not a readable weights file: it holds code or is damaged, and code is never run; "
            "save the state dict alone, model.state_dict()"
        ) from None
    except Exception as error:
        if refused_by_system(error):
            raise
        raise InputError(f"{path}: not a readable weights file ({first_line(error)})") from None
    if not isinstance(state, dict) or not all(isinstance(value, torch.Tensor) for value in state.values()):
        raise InputError(f"{path}: not a readable weights file: no state dict of tensors by name")
    return state
