"""STCANet, the spatial-temporal context-aware network for pictures and clips (Zulfiqar et al., 2023).

A block between the backbone's layers holds channel attention and a spatial-temporal attention module (STAM). STAM finds
body parts, and passes messages to each part from the other parts of its frame and the same part of the other frames.

Shape suffixes: N units, T frames (1: pictures), F = N x T frames of all units, C channels, P parts, V = T x P part
nodes of a unit, K neighbours of a node, D = C / 2.
"""

from typing import NamedTuple

import torch
from torch import nn
from torch.nn import functional

from streid.appearance.appearance_model import AppearanceModel, Outputs
from streid.appearance.backbone_network import Backbone
from streid.errors import InputError

PARTS = 4


class Attention(NamedTuple):
    """What a block attends to.

    part_maps: (N, T, P, h, w), from 0 to 1, where the parts are. edges: (N, T * P, T * P), weights of the messages
    between parts; row = receiver, frame after frame; each row sums to 1.
    """

    part_maps: torch.Tensor
    edges: torch.Tensor


class ChannelAttention(nn.Module):
    """Each channel of each frame attends to the channels that resemble it: X + BN(conv(softmax(X X^T) X)).

    The rows of X are the T * C channel maps of a unit. The normalisation's weight starts at zero, so at the start the
    module returns its input.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.convolve = nn.Conv2d(channels, channels, 1, bias=False)
        self.norm = nn.BatchNorm2d(channels)
        nn.init.zeros_(self.norm.weight)

    def forward(self, maps_FChw: torch.Tensor, frames: int) -> torch.Tensor:
        """New maps of the same shape."""
        channels, height, width = maps_FChw.shape[1:]
        rows = maps_FChw.reshape(-1, frames * channels, height * width)
        # Sums over a whole map exceed the range of half precision.
        with torch.autocast(maps_FChw.device.type, enabled=False):
            rows = rows.float()
            attended = (rows @ rows.transpose(1, 2)).softmax(2) @ rows
        changed: torch.Tensor = self.norm(self.convolve(attended.reshape(maps_FChw.shape)))
        return maps_FChw + changed


class SpatialTemporalAttention(nn.Module):
    """Finds parts, passes messages between them along a graph, and adds the result to the map.

    Part map a = sigmoid(BN(conv x)); part = sum of a * x over the map; u = mean of x over frames and places;
    parts and u go through one Linear to D. Edge weight = softmax over a node's neighbours of
    BN(linear([|x_i - x_j|, u])); y_i = ReLU(BN(linear([x_i, sum_j w_ij x_j]))). The mean of y over a frame's
    parts, joined with u, goes through Linear to C and a normalisation whose weight starts at zero.

    Args:
        channels: of the map, even.
        frames: of a unit.
    """

    neighbours_VK: torch.Tensor

    def __init__(self, channels: int, frames: int) -> None:
        super().__init__()
        half = channels // 2
        self.frames = frames
        self.register_buffer("neighbours_VK", part_neighbours(frames, PARTS), persistent=False)
        self.find_parts = nn.Sequential(nn.Conv2d(channels, PARTS, 1, bias=False), nn.BatchNorm2d(PARTS))
        self.reduce = nn.Linear(channels, half)
        self.score = nn.Linear(channels, 1, bias=False)
        self.score_norm = nn.BatchNorm1d(1)
        self.update = nn.Sequential(nn.Linear(channels, half, bias=False), nn.BatchNorm1d(half), nn.ReLU(inplace=True))
        self.restore = nn.Linear(channels, channels, bias=False)
        self.restore_norm = nn.BatchNorm1d(channels)
        nn.init.zeros_(self.restore_norm.weight)

    def forward(self, maps_FChw: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """New maps (F, C, h, w), the part maps' logits (F, P, h, w), and the edge weights (N, V, K)."""
        logits_FPhw = self.find_parts(maps_FChw)
        parts_FPC = torch.einsum("fphw,fchw->fpc", logits_FPhw.sigmoid(), maps_FChw)
        nodes_NVD = self.reduce(parts_FPC).view(-1, self.frames * PARTS, self.reduce.out_features)
        whole_NC = maps_FChw.mean((2, 3)).view(-1, self.frames, maps_FChw.shape[1]).mean(1)
        whole_ND = self.reduce(whole_NC)
        edges_NVK = self.edge_weights(nodes_NVD, whole_ND)
        messages_NVD = (edges_NVK[..., None] * nodes_NVD[:, self.neighbours_VK]).sum(2)
        updated_VD = self.update(torch.cat([nodes_NVD, messages_NVD], 2).flatten(0, 1))
        frames_FD = updated_VD.view(-1, PARTS, updated_VD.shape[1]).mean(1)
        context_FC = torch.cat([frames_FD, whole_ND.repeat_interleave(self.frames, 0)], 1)
        added_FC = self.restore_norm(self.restore(context_FC))
        return maps_FChw + added_FC[:, :, None, None], logits_FPhw, edges_NVK

    def edge_weights(self, nodes_NVD: torch.Tensor, whole_ND: torch.Tensor) -> torch.Tensor:
        """The weight of each neighbour's message to a node: (N, V, K), which sums to 1 over K."""
        differences_NVKD = (nodes_NVD[:, :, None] - nodes_NVD[:, self.neighbours_VK]).abs()
        whole_NVKD = whole_ND[:, None, None].expand_as(differences_NVKD)
        scores = self.score(torch.cat([differences_NVKD, whole_NVKD], 3))
        normed_NVK: torch.Tensor = self.score_norm(scores.view(-1, 1)).view(differences_NVKD.shape[:3])
        return normed_NVK.softmax(2)


class ContextBlock(nn.Module):
    """Channel attention, then STAM."""

    def __init__(self, channels: int, frames: int) -> None:
        super().__init__()
        self.frames = frames
        self.channel_attention = ChannelAttention(channels)
        self.part_attention = SpatialTemporalAttention(channels, frames)

    def forward(self, maps_FChw: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """New maps, part logits and edge weights, as of `SpatialTemporalAttention`."""
        attended: tuple[torch.Tensor, torch.Tensor, torch.Tensor] = self.part_attention(
            self.channel_attention(maps_FChw, self.frames)
        )
        return attended


class STCANet(AppearanceModel):
    """A backbone with a context block after layer2, for pictures another after layer3, and one classifier.

    The last layer has stride 1. Its map is max-pooled, the frames of a clip are averaged, and a batch normalisation
    gives the feature that the classifier, the triplet loss and retrieval use. For pictures the outputs hold the first
    block's part maps, which learn from part masks where a data set has them.

    Args:
        backbone: see `backbones`.
        identities: classes.
        frames: 1 for pictures, more for clips.

    Raises:
        InputError: the backbone's layers give no maps.
    """

    def __init__(self, backbone: str, identities: int, frames: int = 1) -> None:
        super().__init__(Backbone(backbone, last_stride=1), frames)
        if not self.backbone.maps:
            raise InputError(
                f"stcanet has blocks between the backbone's layers, which need maps, and the layers of {backbone} give "
                "tokens; choose another backbone, or the architecture baseline"
            )
        places = (2, 3) if frames == 1 else (2,)
        self.blocks = nn.ModuleDict(
            {f"layer{place}": ContextBlock(self.backbone.layer_channels[place - 1], frames) for place in places}
        )
        self.norm = nn.BatchNorm1d(self.backbone.channels)
        self.classify = nn.Linear(self.backbone.channels, identities)
        nn.init.normal_(self.classify.weight, std=0.001)
        nn.init.zeros_(self.classify.bias)

    @property
    def feature_length(self) -> int:
        """Values per unit in retrieval: 2048 with ResNet50."""
        return self.backbone.channels

    def forward(self, inputs: torch.Tensor) -> Outputs:
        """Identity logits of one classifier, the feature as embedding, and for pictures the part maps."""
        maps_FChw, seen = self._maps(inputs)
        feature_ND = self._feature(maps_FChw)
        part_maps = next(iter(seen.values()))[0] if self.frames == 1 else None
        return Outputs(logits=(self.classify(feature_ND),), embeddings=(feature_ND,), part_maps=part_maps)

    def features(self, inputs: torch.Tensor) -> torch.Tensor:
        """The normalised pooled feature: (N, C) float32."""
        return self._feature(self._maps(inputs)[0]).float()

    def attention(self, inputs: torch.Tensor) -> dict[str, Attention]:
        """What each block attends to, by the layer it follows."""
        result = {}
        for name, (logits_FPhw, edges_NVK) in self._maps(inputs)[1].items():
            part_maps = logits_FPhw.sigmoid().view(-1, self.frames, *logits_FPhw.shape[1:])
            result[name] = Attention(part_maps, _dense_edges(edges_NVK, part_neighbours(self.frames, PARTS)))
        return result

    def _maps(self, inputs: torch.Tensor) -> tuple[torch.Tensor, dict[str, tuple[torch.Tensor, torch.Tensor]]]:
        """The last feature map of every frame, and each block's part logits and edge weights."""
        seen = {}
        maps_FChw = self.backbone.stem(inputs.reshape(-1, *inputs.shape[-3:]))
        for number, layer in enumerate(self.backbone.layers(), 1):
            maps_FChw = layer(maps_FChw)
            name = f"layer{number}"
            if name in self.blocks:
                maps_FChw, logits_FPhw, edges_NVK = self.blocks[name](maps_FChw)
                seen[name] = (logits_FPhw, edges_NVK)
        return maps_FChw, seen

    def _feature(self, maps_FChw: torch.Tensor) -> torch.Tensor:
        pooled_FC = functional.adaptive_max_pool2d(maps_FChw, 1).flatten(1)
        feature_NC: torch.Tensor = self.norm(pooled_FC.view(-1, self.frames, pooled_FC.shape[1]).mean(1))
        return feature_NC


def part_neighbours(frames: int, parts: int) -> torch.Tensor:
    """The neighbours of each part node: the other parts of its frame, and the same part of the other frames.

    Returns:
        (frames * parts, parts - 1 + frames - 1) node numbers; node = frame * parts + part.
    """
    rows = []
    for frame in range(frames):
        for part in range(parts):
            same_frame = [frame * parts + other for other in range(parts) if other != part]
            same_part = [other * parts + part for other in range(frames) if other != frame]
            rows.append(same_frame + same_part)
    return torch.tensor(rows)


def _dense_edges(edges_NVK: torch.Tensor, neighbours_VK: torch.Tensor) -> torch.Tensor:
    """Edge weights as matrices (N, V, V), 0 where there is no edge."""
    units, nodes = edges_NVK.shape[:2]
    columns_NVK = neighbours_VK.to(edges_NVK.device).expand(units, -1, -1)
    return edges_NVK.new_zeros(units, nodes, nodes).scatter(2, columns_NVK, edges_NVK)
