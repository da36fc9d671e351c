"""Validation's figures against the scoring room's, and against a ranked list by hand."""

from pathlib import Path

import numpy as np
import pytest
import torch
from unit.appearance.tiny import TinyModel, tiny_dataset

from streid.appearance import validation
from streid.appearance.inference import Inference
from streid.appearance.models import ModelConfig
from streid.appearance.validation import Validation, Validator, average_precision, evaluate_features
from streid.data.units import Units
from streid.files.sightings import Sightings
from streid.scoring.metrics import measure
from streid.scoring.ranks import StreamRanker
from streid.stage.processes import World


def sightings(pid: list[int], camid: list[int]) -> Sightings:
    rows = np.arange(len(pid))
    paths = np.array([f"{row}.jpg" for row in rows], object)
    return Sightings(pid_N=np.array(pid), camid_N=np.array(camid), session_N=0 * rows, time_N=rows, path_N=paths)


def test_average_precision_by_hand() -> None:
    # Matches at ranks 1 and 3: (1 + 1) / 2 and (1/2 + 2/3) / 2.
    assert average_precision(np.array([True, False, True])) == pytest.approx((1 + 7 / 12) / 2)


@pytest.mark.parametrize("block_values", [1 << 24, 100])
def test_figures_are_those_of_scoring(monkeypatch: pytest.MonkeyPatch, block_values: int) -> None:
    monkeypatch.setattr(validation, "BLOCK_VALUES", block_values)
    generator = np.random.default_rng(0)
    count = 120
    people = sightings(generator.integers(1, 12, count).tolist(), generator.integers(1, 4, count).tolist())
    features = generator.normal(size=(count, 6)).astype(np.float32)
    features += 2 * generator.normal(size=(12, 6)).astype(np.float32)[people.pid_N]
    features[7] = features[50]  # equal scores
    features /= np.linalg.norm(features, axis=1, keepdims=True)
    found = evaluate_features(torch.from_numpy(features), people)
    ranker = StreamRanker(people, people)
    ranker.add(0, features @ features.T)
    figures = measure(ranker.outcomes)
    assert found.rank1 == pytest.approx(figures["rank1"])
    assert found.mean_ap == pytest.approx(figures["mAP"], rel=1e-6)
    assert 0.2 < figures["mAP"] < 0.95


def test_people_seen_by_one_camera_only_give_no_figures() -> None:
    features = torch.eye(3)
    assert evaluate_features(features, sightings([1, 1, 2], [1, 1, 1])) == Validation(rank1=None, mean_ap=None)


def test_a_model_is_validated_on_pictures_and_tracklets(tmp_path: Path) -> None:
    source = tiny_dataset(tmp_path, pictures=8).source
    shape = ModelConfig(architecture="pcb", backbone="resnet18", identities=4, height=64, width=32)
    inference = Inference(config=shape, source=source, device=torch.device("cpu"), batch_size=3)
    torch.manual_seed(0)
    model = TinyModel()
    paths = [("0.jpg",), ("1.jpg", "2.jpg"), ("3.jpg",), ("4.jpg", "5.jpg", "6.jpg")]
    people = sightings([1, 2, 1, 2], [1, 1, 2, 2])
    found = Validator(Units(sightings=people, paths=paths), inference, World())(model)
    (features,) = inference.features(model, [paths])
    assert found == evaluate_features(torch.from_numpy(features), people)
    assert found.rank1 is not None
