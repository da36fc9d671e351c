"""timm's networks as backbones: cut into a stem and four layers by what timm says of their stages.

A convolutional network is taken if it is a chain of modules, whose stages timm's `feature_info` names; a vision
transformer if it is its patches, position embedding and blocks in a row. Whether the parts give what the network gives
is tried on a picture, so no network has to be known here by name. Weights are random; nothing is downloaded.

Shape suffixes: N pictures, S tokens, D channels of a token, C channels of a map, h x w its rows and columns.
"""

import difflib
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

import timm
import torch
from timm.models import is_model_in_modules
from timm.models.vision_transformer import VisionTransformer
from torch import nn

from streid.appearance.backbones import Cut
from streid.errors import InputError

LAYERS = 4
DROP_PATH = 0.1
NEAR_NAMES = 4
TRIED_SIZE = (128, 128)
PARTS = ("stem", "layer1", "layer2", "layer3", "layer4")
STEM = ("cls_token", "reg_token", "pos_embed", "patch_embed", "norm_pre")
TRANSFORMERS = ("vision_transformer", "deit")


class TokenStem(nn.Module):
    """A vision transformer up to its blocks: patches, class and register tokens, position embedding.

    Raises:
        ValueError: it has no position embedding.
    """

    def __init__(self, network: VisionTransformer) -> None:
        super().__init__()
        if network.pos_embed is None:
            raise ValueError("it has no position embedding to add")
        self.first = int(network.num_prefix_tokens)
        self.apart = bool(network.no_embed_class)
        self.cls_token, self.reg_token, self.pos_embed = network.cls_token, network.reg_token, network.pos_embed
        self.patch_embed, self.norm_pre = network.patch_embed, network.norm_pre

    def forward(self, pictures_NCHW: torch.Tensor) -> torch.Tensor:
        """Tokens (N, S, D): the class token, register tokens, then the patches row by row."""
        tokens_NSD: torch.Tensor = self.patch_embed(pictures_NCHW)
        more = [one for one in (self.cls_token, self.reg_token) if one is not None]
        before = [one.expand(tokens_NSD.shape[0], -1, -1) for one in more]
        if self.apart:
            tokens_NSD = torch.cat([*before, tokens_NSD + self.pos_embed], 1)
        else:
            tokens_NSD = torch.cat([*before, tokens_NSD], 1) + self.pos_embed
        normed_NSD: torch.Tensor = self.norm_pre(tokens_NSD)
        return normed_NSD


class TokenMap(nn.Module):
    """The patches' tokens as a map (N, D, h, w).

    Args:
        first: tokens before the first patch.
        size: h and w.
    """

    def __init__(self, first: int, size: tuple[int, int]) -> None:
        super().__init__()
        self.first, self.size = first, size

    def forward(self, tokens_NSD: torch.Tensor) -> torch.Tensor:
        """The map."""
        return tokens_NSD[:, self.first :].transpose(1, 2).unflatten(2, self.size)  # type: ignore[no-untyped-call,no-any-return]


def cut_timm(name: str, size: tuple[int, int], *, overlap: bool = False) -> Cut:
    """A network of timm, `timm:NAME`, cut into parts.

    Args:
        size: rows and columns of the input.
        overlap: see `cut_backbone`.

    Raises:
        InputError: timm has no such network, or it cannot be cut.
    """
    network = _build_overlapping(name, size) if overlap else build_timm(name, size)
    trained = network.training
    network.eval()
    try:
        with torch.no_grad():
            cut = _cut_transformer(network, size) if isinstance(network, VisionTransformer) else _cut_chain(network)
    except (ValueError, TypeError, AttributeError, RuntimeError, AssertionError, KeyError) as error:
        words = str(error).splitlines()[:1]
        raise InputError(
            f"backbone {name} cannot be used: it is no chain of stem and four layers that ends in a map of channels, "
            f"rows and columns, and no plain vision transformer for {size[0]} x {size[1]} pixels ({': '.join(words)})"
        ) from None
    network.train(trained)
    for part in cut.parts:
        part.train(trained)
    return cut


def build_timm(name: str, size: tuple[int, int], **settings: Any) -> Any:
    """A network of timm without classifier, for pictures of this size, with random weights.

    Args:
        settings: further arguments of timm's.

    Raises:
        InputError: timm has no such network, or not of this size.
    """
    plain = name.removeprefix("timm:")
    known = timm.list_models()
    if plain not in known:
        near = difflib.get_close_matches(plain.partition(".")[0], known, NEAR_NAMES, 0.5)
        said = f"near names: {', '.join(near)}" if near else "timm.list_models() lists them"
        raise InputError(f"unknown backbone {name!r}: timm {timm.__version__} has no such network; {said}")
    try:
        sized: dict[str, Any] = (
            {"img_size": size, "dynamic_img_size": False} if is_model_in_modules(plain, TRANSFORMERS) else {}
        )
        return timm.create_model(plain, pretrained=False, num_classes=0, **sized, **settings)
    except (ValueError, TypeError, RuntimeError, AssertionError) as error:
        words = ": ".join(str(error).splitlines()[:1])
        raise InputError(f"backbone {name} cannot be built for {size[0]} x {size[1]} pixels ({words})") from None


def _build_overlapping(name: str, size: tuple[int, int]) -> Any:
    """A vision transformer whose patches overlap: they start every three quarters of a patch (He et al., 2021).

    In training some of the residual branches are dropped, as there.

    Raises:
        InputError: as `build_timm`, or it is no vision transformer.
    """
    patch = getattr(getattr(build_timm(name, size), "patch_embed", None), "patch_size", None)
    if not isinstance(patch, tuple):
        raise InputError(f"backbone {name} is no vision transformer, so its patches cannot overlap; choose one")
    strides = [side * 3 // 4 for side in patch]
    grid = [(pixels - side) // stride + 1 for pixels, side, stride in zip(size, patch, strides, strict=True)]
    # Built for the pictures whose patches without overlap are as many.
    network = build_timm(name, (grid[0] * patch[0], grid[1] * patch[1]), drop_path_rate=DROP_PATH)
    network.patch_embed.proj.stride = tuple(strides)
    network.patch_embed.strict_img_size = False
    return network


def _cut_chain(network: Any) -> Cut:
    """A convolutional network's parts.

    Raises:
        ValueError: it is no chain, or its layers do not give maps.
    """
    stages = list({info["reduction"]: info["module"] for info in network.feature_info}.values())
    chain = dict(_chain(network, stages))
    names = list(chain)
    ends = [names.index(stage) + 1 for stage in stages][-LAYERS - 1 :]
    if len(ends) == LAYERS:
        # Without an end of the stem the first stage is one module, and what is before it is the stem.
        ends.insert(0, ends[0] - 1)
    if len(ends) < LAYERS:
        raise ValueError(f"{len(stages)} stages")
    maps = _try_picture(*TRIED_SIZE)
    wanted = network.forward_features(maps)
    channels = []
    for place, module in enumerate(chain.values(), 1):
        maps = module(maps)
        if place in ends[1:-1]:
            channels.append(_channels(maps))
        if place >= ends[-1] and _equal(maps, wanted):
            break
    else:
        raise ValueError("its modules in a row give something else")
    bounds = [0, *ends[:-1], place]
    parts = [names[start:stop] for start, stop in pairwise(bounds)]
    return Cut(
        tuple(nn.Sequential(*(chain[name] for name in part)) for part in parts),
        {
            name.removeprefix("features."): f"{here}.{row}"
            for here, part in zip(PARTS, parts, strict=True)
            for row, name in enumerate(part)
        },
        (*channels, _channels(maps)),
    )


def _chain(network: nn.Module, stages: Sequence[str]) -> Iterator[tuple[str, nn.Module]]:
    """A network's modules in a row; those that hold stages are opened."""
    for name, module in network.named_children():
        if any(stage.startswith(f"{name}.") for stage in stages):
            yield from ((f"{name}.{inner}", one) for inner, one in module.named_children())
        else:
            yield name, module


def _channels(maps_NChw: torch.Tensor) -> int:
    """Depth of a map (N, C, h, w) of a square picture.

    Raises:
        ValueError: it is something else, as tokens or a map with the channels last.
    """
    if maps_NChw.dim() != 4 or maps_NChw.shape[2] != maps_NChw.shape[3]:
        raise ValueError(f"a layer gives {tuple(maps_NChw.shape)}")
    return maps_NChw.shape[1]


def _cut_transformer(network: VisionTransformer, size: tuple[int, int]) -> Cut:
    """A vision transformer's parts: each layer has a quarter of the blocks.

    Raises:
        ValueError: it does more than patches, position embedding and blocks in a row.
    """
    stem, blocks = TokenStem(network), list(network.blocks.named_children())
    wanted = network.forward_features(_try_picture(*size))
    tokens = stem(_try_picture(*size))
    for _, block in blocks:
        tokens = block(tokens)
    if not _equal(network.norm(tokens), wanted):
        raise ValueError("its blocks in a row give something else")
    if len(blocks) < LAYERS:
        raise ValueError(f"{len(blocks)} blocks")
    bounds = [len(blocks) * layer // LAYERS for layer in range(LAYERS + 1)]
    layers = [blocks[start:stop] for start, stop in pairwise(bounds)]
    modules = {name: f"stem.0.{name}" for name in STEM}
    for here, layer in zip(PARTS[1:], layers, strict=True):
        modules |= {f"blocks.{name}": f"{here}.{row}" for row, (name, _) in enumerate(layer)}
    modules["norm"] = f"{PARTS[-1]}.{len(layers[-1])}"
    parts: list[list[nn.Module]] = [[stem], *([block for _, block in layer] for layer in layers)]
    parts[-1] += [network.norm]
    return Cut(
        tuple(nn.Sequential(*part) for part in parts),
        modules,
        (network.num_features,) * LAYERS,
        maps=False,
        to_map=TokenMap(stem.first, network.patch_embed.grid_size),
    )


def _equal(one: torch.Tensor, other: torch.Tensor) -> bool:
    """Whether two tensors are the same; on the meta device, which holds no values, whether they have the same shape."""
    return one.shape == other.shape and (one.is_meta or torch.equal(one, other))


def _try_picture(height: int, width: int) -> torch.Tensor:
    """A picture to try a network on, the same each time: (1, 3, height, width)."""
    return torch.linspace(0, 100, 3 * height * width).sin().view(1, 3, height, width)
