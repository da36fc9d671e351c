"""Scores and neighbours on a torch device, here the CPU, against the compiled kernels and the formulas."""

import numpy as np
import pytest
import torch
from scenes_by_hand import (
    ALPHA,
    CASES,
    made_up_likelihood,
    naive_scores,
    random_features,
    random_rows,
    random_tables,
    seen,
)

from streid.scoring.accelerated import DeviceScores, free_bytes, resident
from streid.scoring.evaluation import make_scene
from streid.scoring.fusion import likelihood_fusion, locate, logistic_fusion, visual_fusion
from streid.scoring.kernels import fuse_block
from streid.scoring.neighbours import find_neighbours
from streid.scoring.products import PairProducts

CPU = torch.device("cpu")


@pytest.mark.parametrize("fused", [True, False])
@pytest.mark.parametrize("name", CASES)
def test_a_torch_device_finds_what_the_kernels_find(name: str, fused: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streid.scoring.accelerated.LARGEST_BLOCK", 1 << 10)
    features, tables = random_features(CASES[name], seed=9), random_tables(4)
    scene, fusion = make_scene(features), logistic_fusion(tables, ALPHA) if fused else visual_fusion()
    pictures = locate(scene.everyone, fusion.cameras_C)
    compiled, on_device = (
        find_neighbours(PairProducts(scene.features_ND, device), pictures, fusion.rule, count=7, block_rows=48)
        for device in (None, torch.device("cpu"))
    )
    if CASES[name].exact:
        np.testing.assert_array_equal(on_device.indices_NK, compiled.indices_NK)
    np.testing.assert_allclose(on_device.scores_NK, compiled.scores_NK, atol=1e-6)
    np.testing.assert_allclose(on_device.lowest_N, compiled.lowest_N, atol=1e-6)
    scores = naive_scores(features, tables if fused else None).T
    of_found = np.take_along_axis(scores, on_device.indices_NK.astype(np.int64), 1)
    np.testing.assert_allclose(of_found, on_device.scores_NK, atol=1e-6)


@pytest.mark.parametrize("latest", [3, 45, 4000, 2**45])
@pytest.mark.parametrize("equal_bins", [0, 2, 8])
def test_scores_are_those_of_the_kernels(latest: int, equal_bins: int) -> None:
    fusion, rows = likelihood_fusion(made_up_likelihood(equal_bins=equal_bins), 0.5), random_rows(2, 90, latest)
    features = np.random.default_rng(0).standard_normal((90, 8)).astype(np.float32)
    pictures = locate(seen(*rows), fusion.cameras_C)
    found = DeviceScores(torch.from_numpy(features), pictures, fusion.rule, CPU).scores(slice(0, 90), slice(20, 90))
    expected = np.empty((90, 90), np.float32)
    fuse_block(features @ features.T, pictures, pictures, fusion.rule, True, expected)
    np.testing.assert_allclose(found.numpy(), expected[:, 20:], rtol=0, atol=1e-5)


def test_negative_and_equal_scores_keep_their_order() -> None:
    features = np.array([[1, 0], [-1, 0], [1, 0], [0, 1], [-1, 0]], np.float32)
    nowhere = locate(seen(*([(1, 0, -1)] * 5)), np.empty(0, np.int64))
    scores = DeviceScores(torch.from_numpy(features), nowhere, visual_fusion().rule, CPU)
    indices, values, lowest = scores.nearest(5, 2)
    assert indices[0].tolist() == [0, 2, 3, 1, 4]
    assert values[0].tolist() == [1, 1, 0, -1, -1]
    assert lowest.tolist() == [-1, -1, -1, 0, -1]


def test_the_processors_memory_is_not_shared_out() -> None:
    features = torch.ones(3, 2)
    assert free_bytes(CPU) is None
    assert resident(features, CPU).device == CPU
