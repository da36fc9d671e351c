"""Models of clips and models with part masks, trained and extracted by the real scripts."""

from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
from conftest import RunStage

Arguments = Callable[[Path], list[object]]


def test_a_model_of_clips_gives_tracklets_their_features(
    tiny_world: Path, train_arguments: Arguments, run_stage: RunStage, tmp_path: Path
) -> None:
    clips = ("--architecture", "stgcn", "--frames", 2, "--sampler", "pk", "--pictures-per-identity", 2)
    run_stage(
        *(*train_arguments(tmp_path), *clips, "--batch-size", 4, "--max-steps", 2),
        *("--triplet", "euclidean", "--optimizer", "adamw", "--height", 128, "--width", 64),
    )
    run_stage(
        *("extract_features", "--manifest", tiny_world / "manifest.csv", "--summary", tiny_world / "dataset.json"),
        *("--root", tiny_world / "data", "--model", tmp_path / "model.safetensors", "--name", "stgcn"),
        *("--output", tmp_path / "features.h5", "--work", tmp_path / "extraction", "--device", "cpu", "--threads", 1),
    )
    table = pd.read_csv(tiny_world / "manifest.csv")
    gallery = table[table["split"] == "gallery"]
    alone = gallery["tracklet"].isna().sum()
    with h5py.File(tmp_path / "features.h5") as file:
        assert file.attrs["unit"] == "tracklet"
        features = file["gallery"]["features"][:]
    assert len(features) == gallery["tracklet"].nunique() + alone
    assert len(features) < len(gallery)
    np.testing.assert_allclose(np.linalg.norm(features, axis=1), 1, rtol=1e-5)


def test_part_masks_take_part_where_model_and_data_set_have_them(
    train_arguments: Arguments, run_stage: RunStage, tmp_path: Path
) -> None:
    losses = []
    for weight in (0, 5):
        run_stage(
            *(*train_arguments(tmp_path / str(weight)), "--architecture", "stcanet", "--mask-weight", weight),
            *("--batch-size", 4, "--max-steps", 1),
        )
        losses.append(pd.read_csv(tmp_path / str(weight) / "training.csv")["loss"].item())
    # One step from the same weights on the same pictures: what is more comes from the masks.
    assert losses[1] > losses[0] + 0.5
