"""STGCN: its graphs and messages against sums written out, what each node can hear, and the order of frames."""

import math
from collections.abc import Callable

import pytest
import torch
from torch import nn

from streid.appearance.stgcn import STGCN, GraphBranch, GraphLayer, grid_adjacency

Normalise = Callable[[nn.Module, torch.Tensor], torch.Tensor]


@pytest.fixture
def model(randomise_norms: Callable[[nn.Module], None]) -> STGCN:
    torch.manual_seed(0)
    model = STGCN("resnet18", 5, frames=3)
    randomise_norms(model)
    return model


@pytest.fixture
def maps(model: STGCN) -> torch.Tensor:
    """Feature maps (2 clips, 3 frames, 512, 16, 8) that the model's backbone gives for whatever clips."""
    maps = torch.rand(2, 3, 512, 16, 8, requires_grad=True)
    model.backbone.forward = lambda _: maps.flatten(0, 1)  # type: ignore[method-assign]
    return maps


CLIPS = torch.zeros(2, 3, 3, 256, 128)


def patches_by_hand(maps: torch.Tensor) -> torch.Tensor:
    """Means of the 4x4 cells of 16x8 maps: (N, T, 8, C)."""
    cells = [
        maps[..., 4 * row : 4 * row + 4, 4 * column : 4 * column + 4].mean((3, 4))
        for row in range(4)
        for column in range(2)
    ]
    return torch.stack(cells, 2)


def adjacency_by_hand(branch: GraphBranch, nodes: torch.Tensor, fixed: torch.Tensor) -> torch.Tensor:
    count = len(nodes)
    adjacency = torch.zeros(count, count)
    projected = [branch.project.weight.detach() @ node for node in nodes]
    for receiver in range(count):
        weights = {}
        for sender in range(count):
            if sender != receiver:
                a, b = projected[receiver], projected[sender]
                weights[sender] = math.exp(10 * float(a @ b / (a.norm() * b.norm())))
        for sender, weight in weights.items():
            learned = weight / sum(weights.values())
            adjacency[receiver, sender] = 0.5 * float(fixed[receiver, sender]) + 0.5 * learned
    return adjacency


def layer_by_hand(
    normalise: Normalise, layer: GraphLayer, nodes: torch.Tensor, adjacency: torch.Tensor
) -> torch.Tensor:
    """Each node: half its own, half the weighted sum of what its neighbours send."""
    result = []
    for receiver in range(len(nodes)):
        message = layer.convolve.lin.weight @ nodes[receiver] / 2
        for sender in range(len(nodes)):
            message = message + adjacency[receiver, sender] * (layer.convolve.lin.weight @ nodes[sender]) / 2
        result.append(nodes[receiver] + normalise(layer.norm, message).clamp(min=0))
    return torch.stack(result)


def branch_by_hand(normalise: Normalise, branch: GraphBranch, nodes: torch.Tensor, fixed: torch.Tensor) -> torch.Tensor:
    adjacency = adjacency_by_hand(branch, nodes, fixed)
    for layer in branch.layers:
        nodes = layer_by_hand(normalise, layer, nodes, adjacency)  # type: ignore[arg-type]
    return nodes


GRID_NEIGHBOURS = {
    0: (1, 2),
    1: (0, 3),
    2: (0, 3, 4),
    3: (1, 2, 5),
    4: (2, 5, 6),
    5: (3, 4, 7),
    6: (4, 7),
    7: (5, 6),
}


def grid_by_hand() -> torch.Tensor:
    grid = torch.zeros(8, 8)
    for patch, neighbours in GRID_NEIGHBOURS.items():
        for neighbour in neighbours:
            grid[patch, neighbour] = 1 / len(neighbours)
    return grid


def test_the_fixed_spatial_graph_joins_touching_patches() -> None:
    torch.testing.assert_close(grid_adjacency(4, 2), grid_by_hand())


def test_branches_are_the_message_sums_written_out(model: STGCN, maps: torch.Tensor, normalise: Normalise) -> None:
    with torch.no_grad():
        branches = model.branches(CLIPS)
        patches = patches_by_hand(maps)
        frames = torch.full((3, 3), 0.5) - 0.5 * torch.eye(3)
        for clip in range(2):
            spatial = [
                branch_by_hand(normalise, model.spatial, patches[clip, frame], grid_by_hand()) for frame in range(3)
            ]
            temporal = [
                branch_by_hand(normalise, model.temporal, patches[clip, :, patch], frames) for patch in range(8)
            ]
            torch.testing.assert_close(branches[clip, 0], maps[clip].mean((0, 2, 3)))
            torch.testing.assert_close(branches[clip, 1], torch.stack(temporal).mean((0, 1)), rtol=1e-4, atol=1e-4)
            torch.testing.assert_close(branches[clip, 2], torch.stack(spatial).mean((0, 1)), rtol=1e-4, atol=1e-4)


def test_graphs_are_readable_and_half_fixed(model: STGCN, maps: torch.Tensor) -> None:
    with torch.no_grad():
        spatial, temporal = model.graphs(CLIPS)
        patches = patches_by_hand(maps)
    assert spatial.shape == (2, 3, 8, 8)
    assert temporal.shape == (2, 8, 3, 3)
    for graph in (spatial, temporal):
        torch.testing.assert_close(graph.sum(-1), torch.ones(graph.shape[:-1]))
        assert float(graph.diagonal(dim1=-2, dim2=-1).abs().max()) == 0
    assert bool((spatial >= 0.5 * grid_by_hand()).all())
    by_hand = adjacency_by_hand(model.spatial, patches[1, 2], grid_by_hand())
    torch.testing.assert_close(spatial[1, 2], by_hand, rtol=1e-4, atol=1e-5)
    by_hand = adjacency_by_hand(model.temporal, patches[1, :, 6], torch.full((3, 3), 0.5) - 0.5 * torch.eye(3))
    torch.testing.assert_close(temporal[1, 6], by_hand, rtol=1e-4, atol=1e-5)


def test_a_patch_alike_is_listened_to(model: STGCN, maps: torch.Tensor) -> None:
    """A signal planted in patches 0 and 7 of one frame, far apart in the fixed graph, joins them there alone."""
    with torch.no_grad():
        maps[0, 1, :, :4, :4] = maps[0, 1, :, 12:, 4:] = 5 * torch.randn(512)[:, None, None]
        spatial = model.graphs(CLIPS).spatial
    assert int(spatial[0, 1, 0].argmax()) == 7
    assert float(spatial[0, 1, 0, 7]) > 0.4
    assert float(spatial[0, 0, 0, 7]) < 0.2


def test_messages_stay_in_their_frame_or_patch(model: STGCN, maps: torch.Tensor) -> None:
    nodes = patches_by_hand(maps).detach().requires_grad_()
    spatial = model.spatial(nodes.flatten(0, 1)).view_as(nodes)
    (gradient,) = torch.autograd.grad(spatial[1, 2, 4].sum(), nodes)
    heard = gradient.abs().sum(3) > 0
    assert heard.nonzero().tolist() == [[1, 2, patch] for patch in range(8)]
    temporal = model.temporal(nodes.transpose(1, 2).flatten(0, 1)).view(2, 8, 3, 512)
    (gradient,) = torch.autograd.grad(temporal[0, 5, 1].sum(), nodes)
    heard = gradient.abs().sum(3) > 0
    assert heard.nonzero().tolist() == [[0, frame, 5] for frame in range(3)]


def test_the_order_of_frames_moves_the_graphs_and_keeps_the_feature(model: STGCN) -> None:
    clips = torch.randn(2, 3, 3, 64, 32)
    order = [2, 0, 1]
    with torch.inference_mode():
        feature, moved_feature = model.features(clips), model.features(clips[:, order])
        graphs, moved = model.graphs(clips), model.graphs(clips[:, order])
    torch.testing.assert_close(moved_feature, feature, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(moved.spatial, graphs.spatial[:, order], rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(moved.temporal, graphs.temporal[:, :, order][..., order], rtol=1e-4, atol=1e-5)


def test_clips_do_not_hear_one_another(model: STGCN) -> None:
    clips = torch.randn(2, 3, 3, 64, 32)
    with torch.inference_mode():
        together = model(clips)
        alone = model(clips[1:])
    torch.testing.assert_close(together.embeddings[0][1:], alone.embeddings[0], rtol=1e-4, atol=1e-4)
    assert together.logits[0].shape == (2, 5)
    assert together.part_maps is None


def test_every_weight_learns() -> None:
    model = STGCN("resnet18", 4, frames=2).train()
    outputs = model(torch.randn(3, 2, 3, 64, 32))
    (outputs.logits[0].logsumexp(1).sum() + outputs.embeddings[0].square().sum()).backward()
    assert [name for name, weight in model.named_parameters() if weight.grad is None] == []
    assert model.spatial.project.weight.grad.abs().sum() > 0  # type: ignore[union-attr]
