"""What is read out of a model: planted signals where they stand, and values against sums written out."""

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import write_picture
from torch import nn

from streid.appearance.appearance_model import AppearanceModel
from streid.appearance.inspection import inspect_model, pooled_bounds
from streid.appearance.models import ModelConfig, build_model
from streid.appearance.stcanet import STCANet
from streid.appearance.stgcn import STGCN, grid_adjacency
from streid.data.examples import Example
from streid.data.loading import EvaluationSet
from streid.data.picture_source import PictureSource
from streid.data.transforms import NetworkInput
from streid.errors import InputError
from streid.files.inspections import Inspection


class Planted(nn.Module):
    """Gives the same map whatever it is given."""

    def __init__(self, planted: torch.Tensor) -> None:
        super().__init__()
        self.planted = planted

    def forward(self, _: torch.Tensor) -> torch.Tensor:
        return self.planted


@pytest.fixture
def pictures(tmp_path: Path) -> PictureSource:
    for number in range(6):
        write_picture(tmp_path / f"{number}.jpg", seed=number)
    return PictureSource(tmp_path)


def examples(frames: int, count: int = 2) -> list[Example]:
    return [
        Example(10 + unit, unit + 1, tuple(f"{unit * frames + frame}.jpg" for frame in range(frames)))
        for unit in range(count)
    ]


def tiny(architecture: str, frames: int = 1) -> tuple[AppearanceModel, ModelConfig]:
    torch.manual_seed(0)
    config = ModelConfig(
        architecture=architecture, backbone="resnet18", identities=3, height=64, width=32, frames=frames
    )
    return build_model(config), config


def look(
    model: AppearanceModel, config: ModelConfig, pictures: PictureSource, shown: list[Example] | None = None
) -> Inspection:
    return inspect_model(
        model,
        config,
        shown or examples(config.frames),
        pictures,
        device=torch.device("cpu"),
        dataset="demo",
        name="tiny",
    )


def inputs(config: ModelConfig, pictures: PictureSource) -> torch.Tensor:
    shown = EvaluationSet(pictures, [one.paths for one in examples(config.frames)], height=64, width=32)
    return NetworkInput(torch.device("cpu"))(torch.stack([shown[0], shown[1]]))


def test_energy_is_the_length_of_each_places_vector(
    pictures: PictureSource, randomise_norms: Callable[[nn.Module], None]
) -> None:
    model, config = tiny("baseline")
    randomise_norms(model)
    found = look(model, config, pictures)
    with torch.inference_mode():
        maps = model.backbone(inputs(config, pictures))
    assert found.energy_UThw.shape == (2, 1, 2, 1)
    for unit in range(2):
        for row in range(2):
            by_hand = math.sqrt(sum(float(value) ** 2 for value in maps[unit, :, row, 0]))
            assert found.energy_UThw[unit, 0, row, 0] == pytest.approx(by_hand, rel=1e-4)
    assert (found.architecture, found.model, found.dataset) == ("baseline", "tiny", "demo")
    assert (found.pid_U.tolist(), found.camid_U.tolist()) == ([10, 11], [1, 2])
    assert found.paths_UT.tolist() == [["0.jpg"], ["1.jpg"]]
    assert (found.stripes, found.graphs, found.blocks) == (None, None, {})


def test_a_planted_stripe_and_place_are_found(pictures: PictureSource) -> None:
    model, config = tiny("pcb")
    maps = torch.full((1, 512, 12, 4), 0.5)
    maps[0, :, 6:8] = 2.0
    maps[0, 0, 0, 3] = 40.0
    model.backbone.layer4 = Planted(maps)  # type: ignore[assignment]
    found = look(model, config, pictures)
    assert np.unravel_index(found.energy_UThw[0, 0].argmax(), (12, 4)) == (6, 0)
    assert found.energy_UThw[1, 0, 7, 2] == pytest.approx(2 * math.sqrt(512))
    assert found.energy_UThw[0, 0, 0, 3] == pytest.approx(math.sqrt(511 * 0.25 + 1600))
    assert found.stripes is not None
    np.testing.assert_allclose(found.stripes.norms_UP[0, 1:], math.sqrt(512) * np.array([0.5, 0.5, 2, 0.5, 0.5]))
    np.testing.assert_allclose(found.stripes.bounds_P2, [[part / 6, (part + 1) / 6] for part in range(6)], rtol=1e-6)


def test_bounds_are_those_of_adaptive_pooling() -> None:
    for size, parts in ((24, 6), (7, 3), (2, 4)):
        line = torch.arange(size, dtype=torch.float32)
        pooled = nn.functional.adaptive_avg_pool1d(line[None], parts)[0]
        bounds = np.rint(pooled_bounds(size, parts) * size).astype(int)
        np.testing.assert_allclose([line[low:high].mean() for low, high in bounds], pooled, rtol=1e-6)


def test_graphs_are_the_models_own_with_the_planted_edge(pictures: PictureSource) -> None:
    model, config = tiny("stgcn", frames=3)
    assert isinstance(model, STGCN)
    maps = torch.rand(3, 512, 16, 8)
    maps[1, :, :4, :4] = maps[1, :, 12:, 4:] = 5 * torch.randn(512)[:, None, None]
    model.backbone.layer4 = Planted(maps)  # type: ignore[assignment]
    found = look(model, config, pictures)
    assert found.graphs is not None
    assert found.graphs.spatial_UTVV[0, 1, 0].argmax() == 7
    assert found.graphs.learned_spatial()[0, 1, 0, 7] > 0.8
    assert found.graphs.learned_spatial()[0, 0, 0, 7] < 0.3
    with torch.inference_mode():
        clip = inputs(config, pictures)[:1]
        graphs, branches = model.graphs(clip), model.branches(clip)
    np.testing.assert_allclose(found.graphs.spatial_UTVV[:1], graphs.spatial, rtol=1e-5)
    np.testing.assert_allclose(found.graphs.temporal_UVTT[:1], graphs.temporal, rtol=1e-5)
    np.testing.assert_allclose(found.graphs.norms_UB[0], branches[0].square().sum(1).sqrt(), rtol=1e-5)
    np.testing.assert_allclose(found.graphs.fixed_spatial_VV, grid_adjacency(4, 2))
    np.testing.assert_allclose(found.graphs.fixed_temporal_TT, 0.5 - 0.5 * np.eye(3))
    np.testing.assert_allclose(found.graphs.boxes_V4[5], [0.5, 0.5, 0.75, 1.0])
    assert found.energy_UThw.shape == (2, 3, 16, 8)


def test_attention_is_the_models_own(pictures: PictureSource, randomise_norms: Callable[[nn.Module], None]) -> None:
    model, config = tiny("stcanet", frames=2)
    randomise_norms(model)
    assert isinstance(model, STCANet)
    found = look(model, config, pictures)
    with torch.inference_mode():
        seen = model.attention(inputs(config, pictures))
    assert list(found.blocks) == list(seen) == ["layer2"]
    block = found.blocks["layer2"]
    np.testing.assert_allclose(block.part_maps_UTPhw, seen["layer2"].part_maps, rtol=1e-3, atol=1e-5)
    np.testing.assert_allclose(block.messages_UVV, seen["layer2"].edges, rtol=1e-3, atol=1e-5)
    assert block.received_UC.shape == (2, 2 * 128)


def test_channel_attention_is_the_modules_sums_written_out(
    pictures: PictureSource, randomise_norms: Callable[[nn.Module], None]
) -> None:
    model, config = tiny("stcanet")
    randomise_norms(model)
    assert isinstance(model, STCANet)
    module = model.blocks["layer3"].channel_attention
    given = []
    handle = module.register_forward_hook(lambda _, inputs, after: given.append((inputs[0][0], after[0])))
    found = look(model, config, pictures, examples(1, count=1)).blocks["layer3"]
    handle.remove()
    before, after = given[-1]
    rows = before.flatten(1)
    weights = torch.stack([torch.stack([row @ other for other in rows]).softmax(0) for row in rows])
    np.testing.assert_allclose(found.received_UC[0], weights.mean(0), rtol=1e-3, atol=1e-6)
    # The same weights make the module's own output, so they are what it weighs with.
    with torch.inference_mode():
        heard = (weights @ rows).view_as(before)[None]
        torch.testing.assert_close(before + module.norm(module.convolve(heard))[0], after, rtol=1e-3, atol=1e-3)
    np.testing.assert_allclose(found.added_UThw[0, 0], (after - before).square().sum(0).sqrt(), rtol=1e-3)
    assert found.added_UThw.max() > 0


def test_units_do_not_change_one_another(pictures: PictureSource) -> None:
    model, config = tiny("stgcn", frames=2)
    both, alone = look(model, config, pictures), look(model, config, pictures, examples(2)[1:])
    np.testing.assert_array_equal(both.energy_UThw[1:], alone.energy_UThw)
    assert both.graphs is not None
    assert alone.graphs is not None
    np.testing.assert_array_equal(both.graphs.spatial_UTVV[1:], alone.graphs.spatial_UTVV)
    np.testing.assert_array_equal(both.graphs.fixed_spatial_VV, alone.graphs.fixed_spatial_VV)


def test_values_that_are_not_finite_are_refused(pictures: PictureSource) -> None:
    model, config = tiny("stcanet")
    with torch.no_grad():
        next(model.backbone.layer1.parameters()).fill_(torch.nan)
    with pytest.raises(InputError, match="not finite, because its training diverged"):
        look(model, config, pictures)
    assert not any(module._forward_hooks for module in model.modules())
