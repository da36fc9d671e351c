"""STCANet: its attention modules against loops written out, blocks that start as nothing, readable part maps."""

import math
from collections.abc import Callable

import pytest
import torch
from torch import nn
from torch.nn import functional

from streid.appearance.losses import mask_loss
from streid.appearance.stcanet import ChannelAttention, SpatialTemporalAttention, STCANet, part_neighbours

Randomise = Callable[[nn.Module], None]
Normalise = Callable[[nn.Module, torch.Tensor], torch.Tensor]


def test_channel_attention_is_the_softmax_of_the_gram_matrix(randomise_norms: Randomise, normalise: Normalise) -> None:
    torch.manual_seed(0)
    module = ChannelAttention(3)
    randomise_norms(module)
    maps = 0.3 * torch.randn(4, 3, 5, 2)  # two clips of two frames
    with torch.no_grad():
        found = module(maps, frames=2)
        for clip in range(2):
            x = maps[2 * clip : 2 * clip + 2]
            gram = torch.einsum("schw,tdhw->sctd", x, x)
            weights = gram.exp() / gram.exp().sum((2, 3), keepdim=True)
            heard = torch.einsum("sctd,tdhw->schw", weights, x)
            convolved = torch.einsum("dc,schw->shwd", module.convolve.weight[:, :, 0, 0], heard)
            by_hand = x + normalise(module.norm, convolved).permute(0, 3, 1, 2)
            torch.testing.assert_close(found[2 * clip : 2 * clip + 2], by_hand, rtol=1e-4, atol=1e-5)


def test_parts_hear_their_frame_and_themselves_in_others() -> None:
    assert part_neighbours(1, 4).tolist() == [[1, 2, 3], [0, 2, 3], [0, 1, 3], [0, 1, 2]]
    assert part_neighbours(3, 2).tolist() == [[1, 2, 4], [0, 3, 5], [3, 0, 4], [2, 1, 5], [5, 0, 2], [4, 1, 3]]


def attend_by_hand(
    normalise: Normalise, module: SpatialTemporalAttention, clip: torch.Tensor
) -> tuple[torch.Tensor, dict[tuple[int, ...], float]]:
    """STAM on one clip (T, C, h, w), with loops: the new maps, and the weight of each edge."""
    frames, channels = clip.shape[:2]
    conv, norm = module.find_parts
    areas = normalise(norm, torch.einsum("pc,tchw->thwp", conv.weight[:, :, 0, 0], clip)).sigmoid()  # type: ignore[index]
    whole = module.reduce(clip.mean((0, 2, 3)))
    nodes = {
        (t, p): module.reduce(sum(areas[t, y, x, p] * clip[t, :, y, x] for y in range(3) for x in range(2)))
        for t in range(frames)
        for p in range(4)
    }
    linear, update_norm, _ = module.update
    weights, updated = {}, {}
    for (t, p), node in nodes.items():
        neighbours = [(t, q) for q in range(4) if q != p] + [(s, p) for s in range(frames) if s != t]
        scores = [
            normalise(module.score_norm, module.score(torch.cat([(node - nodes[other]).abs(), whole])))
            for other in neighbours
        ]
        total = sum(math.exp(float(score)) for score in scores)
        heard = torch.zeros(channels // 2)
        for other, score in zip(neighbours, scores, strict=True):
            weights[(t, p, *other)] = math.exp(float(score)) / total
            heard = heard + weights[(t, p, *other)] * nodes[other]
        updated[t, p] = normalise(update_norm, linear(torch.cat([node, heard]))).clamp(min=0)
    result = []
    for t in range(frames):
        mean = sum(updated[t, p] for p in range(4)) / 4
        added = normalise(module.restore_norm, module.restore(torch.cat([mean, whole])))
        result.append(clip[t] + added[:, None, None])
    return torch.stack(result), weights


@pytest.mark.parametrize("frames", [1, 3])
def test_part_attention_is_the_loop_over_edges(frames: int, randomise_norms: Randomise, normalise: Normalise) -> None:
    torch.manual_seed(1)
    module = SpatialTemporalAttention(8, frames)
    randomise_norms(module)
    maps = torch.randn(2 * frames, 8, 3, 2)
    with torch.no_grad():
        found, logits, edges = module(maps)
        assert logits.shape == (2 * frames, 4, 3, 2)
        assert edges.shape == (2, 4 * frames, 3 + frames - 1)
        torch.testing.assert_close(edges.sum(2), torch.ones(2, 4 * frames))
        for unit in range(2):
            by_hand, weights = attend_by_hand(normalise, module, maps[unit * frames : (unit + 1) * frames])
            torch.testing.assert_close(found[unit * frames : (unit + 1) * frames], by_hand, rtol=1e-4, atol=1e-4)
            for node, others in enumerate(part_neighbours(frames, 4).tolist()):
                for place, other in enumerate(others):
                    expected = weights[node // 4, node % 4, other // 4, other % 4]
                    assert float(edges[unit, node, place]) == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize(("frames", "layers"), [(1, ["layer2", "layer3"]), (2, ["layer2"])])
def test_blocks_start_as_nothing(frames: int, layers: list[str]) -> None:
    model = STCANet("resnet18", 3, frames).eval()
    assert sorted(model.blocks) == layers
    inputs = torch.randn(2, frames, 3, 64, 32)
    with torch.inference_mode():
        plain = model.backbone(inputs.flatten(0, 1)).amax((2, 3)).view(2, frames, 512).mean(1)
        found = model.features(inputs if frames > 1 else inputs[:, 0])
    torch.testing.assert_close(found, plain / math.sqrt(1 + 1e-5), rtol=1e-4, atol=1e-5)


def test_attention_is_readable(randomise_norms: Randomise) -> None:
    torch.manual_seed(0)
    model = STCANet("resnet18", 3, frames=2)
    randomise_norms(model)
    # Weights so even that none rounds to zero.
    model.blocks["layer2"].part_attention.score_norm.running_var.fill_(1e4)  # type: ignore[union-attr,operator]
    clips = torch.randn(2, 2, 3, 64, 32)
    with torch.inference_mode():
        (attention,) = model.attention(clips).values()
        swapped = model.attention(clips.flip(1))["layer2"]
        torch.testing.assert_close(model.features(clips), model.features(clips.flip(1)), rtol=1e-3, atol=1e-3)
        assert model(clips).part_maps is None
    assert attention.part_maps.shape == (2, 2, 4, 8, 4)
    assert 0 <= float(attention.part_maps.min()) <= float(attention.part_maps.max()) <= 1
    assert attention.edges.shape == (2, 8, 8)
    torch.testing.assert_close(attention.edges.sum(2), torch.ones(2, 8))
    edges = torch.zeros(8, 8, dtype=torch.bool)
    for node, others in enumerate(part_neighbours(2, 4).tolist()):
        edges[node, others] = True
    assert torch.equal(attention.edges[0] > 0, edges)
    torch.testing.assert_close(swapped.part_maps, attention.part_maps.flip(1), rtol=1e-3, atol=1e-4)
    moved = attention.edges.view(2, 2, 4, 2, 4).flip(1, 3).reshape(2, 8, 8)
    torch.testing.assert_close(swapped.edges, moved, rtol=1e-3, atol=1e-4)


def test_pictures_give_part_maps_that_masks_can_teach() -> None:
    """Parts planted as stripes of the input: after a few steps each map lies on its own, in order."""
    torch.manual_seed(0)
    module = SpatialTemporalAttention(8, frames=1)
    rows = torch.arange(8) // 2
    labels = (rows + 1)[:, None].expand(8, 4)
    maps = functional.one_hot(labels - 1, 8).permute(2, 0, 1).float().expand(4, 8, 8, 4)
    maps = maps + 0.1 * torch.randn(4, 8, 8, 4)
    optimizer = torch.optim.Adam(module.find_parts.parameters(), 0.1)
    masks = labels.repeat_interleave(8, 0).repeat_interleave(8, 1).expand(4, 64, 32)
    for _ in range(60):
        optimizer.zero_grad()
        loss = mask_loss(module(maps)[1], masks)
        loss.backward()
        optimizer.step()
    assert float(loss.detach()) < 0.1
    areas = module(maps)[1].sigmoid()[0]
    for part in range(4):
        assert torch.equal(areas[part] > 0.5, labels == part + 1)


def test_a_picture_model_gives_what_its_losses_need() -> None:
    model = STCANet("resnet18", 3).train()
    outputs = model(torch.randn(4, 3, 64, 32))
    assert outputs.part_maps is not None
    assert outputs.part_maps.shape == (4, 4, 8, 4)
    masks = torch.randint(0, 5, (4, 64, 32))
    loss = outputs.logits[0].logsumexp(1).sum() + outputs.embeddings[0].square().sum()
    (loss + mask_loss(outputs.part_maps, masks)).backward()
    assert [name for name, weight in model.named_parameters() if weight.grad is None] == []
    gamma = model.blocks["layer2"].part_attention.restore_norm.weight  # type: ignore[union-attr]
    assert gamma.grad.abs().sum() > 0  # type: ignore[union-attr,operator]
