"""STGCN, a spatial-temporal graph convolutional network on clips (Yang et al., CVPR 2020).

Body patches are the nodes. A spatial graph connects the patches of one frame, a temporal graph the same patch in all
frames. Half of a graph's adjacency is fixed, the other half comes from the similarity of the patches, as in adaptive
graph representation learning (Wu et al., TIP 2020).

Shape suffixes: N clips, T frames, V nodes of a graph, B graphs, C channels, D embedding values.
"""

import warnings
from typing import NamedTuple

import torch
from torch import nn
from torch.nn import functional

from streid.appearance.appearance_model import AppearanceModel, Outputs
from streid.appearance.backbone_network import SIZE, Backbone

with warnings.catch_warnings():
    # torch-geometric 2.8 compiles with torch.jit, which torch 2.15 calls outdated; nobody here can act on it.
    warnings.simplefilter("ignore", FutureWarning)
    from torch_geometric.nn.dense.dense_gcn_conv import DenseGCNConv

PATCH_ROWS, PATCH_COLUMNS = 4, 2
PATCHES = PATCH_ROWS * PATCH_COLUMNS
EMBEDDING = 512
SIMILARITY_CHANNELS = 256
SHARPNESS = 10.0
GRAPH_LAYERS = 2


class Graphs(NamedTuple):
    """The weights of a clip's messages; row = receiver, each row sums to 1, none to itself.

    spatial: (N, T, 8, 8), patches row by row from the top left. temporal: (N, 8, T, T).
    """

    spatial: torch.Tensor
    temporal: torch.Tensor


class GraphLayer(nn.Module):
    """x + ReLU(BN(graph convolution of x)) (Kipf and Welling, 2017; each node also gets its own features)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.convolve = DenseGCNConv(channels, channels, bias=False)
        self.norm = nn.BatchNorm1d(channels)

    def forward(self, nodes_BVC: torch.Tensor, adjacency_BVV: torch.Tensor) -> torch.Tensor:
        """New node features (B, V, C)."""
        messages_BVC = self.convolve(nodes_BVC, adjacency_BVV)
        normed_BVC = self.norm(messages_BVC.flatten(0, 1)).view_as(messages_BVC)
        return nodes_BVC + functional.relu(normed_BVC)


class GraphBranch(nn.Module):
    """Graph layers over one kind of graph.

    Args:
        channels: of the node features.
        fixed_VV: the fixed adjacency; each row sums to 1, the diagonal is 0.
    """

    fixed_VV: torch.Tensor

    def __init__(self, channels: int, fixed_VV: torch.Tensor) -> None:
        super().__init__()
        self.register_buffer("fixed_VV", fixed_VV, persistent=False)
        self.project = nn.Linear(channels, SIMILARITY_CHANNELS, bias=False)
        self.layers = nn.ModuleList(GraphLayer(channels) for _ in range(GRAPH_LAYERS))

    def adjacency(self, nodes_BVC: torch.Tensor) -> torch.Tensor:
        """The mean of the fixed adjacency and the softmax, over the other nodes, of the projected nodes' cosines."""
        unit_BVD = functional.normalize(self.project(nodes_BVC).float(), dim=2)
        scores_BVV = SHARPNESS * unit_BVD @ unit_BVD.transpose(1, 2)
        itself_VV = torch.eye(scores_BVV.shape[1], dtype=torch.bool, device=scores_BVV.device)
        learned_BVV = scores_BVV.masked_fill(itself_VV, -torch.inf).softmax(2)
        return 0.5 * self.fixed_VV + 0.5 * learned_BVV

    def forward(self, nodes_BVC: torch.Tensor) -> torch.Tensor:
        """Node features after the graph layers (B, V, C); all layers use the adjacency of the input nodes."""
        adjacency_BVV = self.adjacency(nodes_BVC)
        for layer in self.layers:
            nodes_BVC = layer(nodes_BVC, adjacency_BVV)
        return nodes_BVC


class STGCN(AppearanceModel):
    """A global, a temporal and a spatial branch over the last feature map, fused to a 512-d embedding.

    The last layer has stride 1: 256 x 128 pictures give 16 x 8 maps, cut into 8 patches of 4 x 4 cells. Each branch
    gives C channels; the 3 C channels are reduced to C (Linear, BN, ReLU, dropout 0.5), then to the embedding, which a
    linear classifier reads.

    Args:
        backbone: see `backbones`.
        identities: classes.
        frames: of a clip, at least 2.
        size: see `Backbone`.
    """

    patches = (PATCH_ROWS, PATCH_COLUMNS)

    def __init__(self, backbone: str, identities: int, frames: int, size: tuple[int, int] = SIZE) -> None:
        super().__init__(Backbone(backbone, last_stride=1, size=size), frames)
        channels = self.backbone.channels
        self.spatial = GraphBranch(channels, grid_adjacency(PATCH_ROWS, PATCH_COLUMNS))
        self.temporal = GraphBranch(channels, (1 - torch.eye(frames)) / (frames - 1))
        self.fuse = nn.Sequential(
            nn.Linear(3 * channels, channels), nn.BatchNorm1d(channels), nn.ReLU(inplace=True), nn.Dropout(0.5)
        )
        self.embed = nn.Linear(channels, EMBEDDING)
        self.classify = nn.Linear(EMBEDDING, identities)
        nn.init.normal_(self.classify.weight, std=0.001)
        nn.init.zeros_(self.classify.bias)

    @property
    def feature_length(self) -> int:
        """Values per clip in retrieval: the embedding's 512."""
        return EMBEDDING

    def forward(self, clips_NTCHW: torch.Tensor) -> Outputs:
        """Identity logits of one classifier, and the embedding."""
        embedding_ND = self._embed(clips_NTCHW)
        return Outputs(logits=(self.classify(embedding_ND),), embeddings=(embedding_ND,))

    def features(self, clips_NTCHW: torch.Tensor) -> torch.Tensor:
        """The embedding: (N, D) float32."""
        return self._embed(clips_NTCHW).float()

    def branches(self, clips_NTCHW: torch.Tensor) -> torch.Tensor:
        """The global, temporal and spatial branch's features: (N, 3, C)."""
        maps = self._maps(clips_NTCHW)
        patches_NTVC = _patches(maps)
        spatial_NTVC = self.spatial(patches_NTVC.flatten(0, 1)).view_as(patches_NTVC)
        temporal_NVTC = self.temporal(patches_NTVC.transpose(1, 2).flatten(0, 1))
        temporal_NVTC = temporal_NVTC.view_as(patches_NTVC.transpose(1, 2))
        return torch.stack([maps.mean((1, 3, 4)), temporal_NVTC.mean((1, 2)), spatial_NTVC.mean((1, 2))], 1)

    def graphs(self, clips_NTCHW: torch.Tensor) -> Graphs:
        """The adjacency of the clips' spatial and temporal graphs."""
        patches_NTVC = _patches(self._maps(clips_NTCHW))
        clips, frames = patches_NTVC.shape[:2]
        spatial = self.spatial.adjacency(patches_NTVC.flatten(0, 1))
        temporal = self.temporal.adjacency(patches_NTVC.transpose(1, 2).flatten(0, 1))
        return Graphs(spatial.view(clips, frames, PATCHES, PATCHES), temporal.view(clips, PATCHES, frames, frames))

    def _maps(self, clips_NTCHW: torch.Tensor) -> torch.Tensor:
        maps: torch.Tensor = self.backbone(clips_NTCHW.flatten(0, 1))
        return maps.view(*clips_NTCHW.shape[:2], *maps.shape[1:])

    def _embed(self, clips_NTCHW: torch.Tensor) -> torch.Tensor:
        embedding_ND: torch.Tensor = self.embed(self.fuse(self.branches(clips_NTCHW).flatten(1)))
        return embedding_ND


def grid_adjacency(rows: int, columns: int) -> torch.Tensor:
    """Each cell of a grid connected to those above, below, left and right of it; each row sums to 1: (V, V)."""
    cells = torch.arange(rows * columns)
    row_V, column_V = cells // columns, cells % columns
    steps_VV = (row_V[:, None] - row_V).abs() + (column_V[:, None] - column_V).abs()
    joined_VV = (steps_VV == 1).float()
    return joined_VV / joined_VV.sum(1, keepdim=True)


def _patches(maps_NTChw: torch.Tensor) -> torch.Tensor:
    """Average-pooled body patches, row by row: (N, T, V, C)."""
    pooled = functional.adaptive_avg_pool2d(maps_NTChw.flatten(0, 1), (PATCH_ROWS, PATCH_COLUMNS))
    return pooled.flatten(2).transpose(1, 2).reshape(*maps_NTChw.shape[:2], PATCHES, -1)
