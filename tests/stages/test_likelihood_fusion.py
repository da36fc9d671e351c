"""The likelihood fusion as it is used: features.h5 written by plain h5py, then the stage scripts."""

import json
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from conftest import RunStage, error_line

CAMERAS = (1, 2, 3, 4)
STREAMS = ("visual", "joint")


def write_outside(path: Path, *, seed: int = 0, groups: tuple[str, ...] = ("val", "query", "gallery")) -> Path:
    """A features.h5 as another toolbox would write it: people walk past four cameras, in look-alike clothes.

    Camera c is passed about 30 c after camera 1; 40 people each to fit on and to find; three sessions.
    """
    rng = np.random.default_rng(seed)
    centres = rng.standard_normal((10, 12))  # eight people share each look
    with h5py.File(path, "w") as handle:
        handle.attrs.update(format="streid-features", version=1, dataset="town", model="theirs")
        people = {"train": range(300, 340), "val": range(1, 41), "query": range(100, 140), "gallery": range(100, 140)}
        starts = {pid: (int(rng.integers(3)), int(rng.integers(0, 2000))) for pids in people.values() for pid in pids}
        for name in groups:
            rows = [
                (pid, camera, starts[pid][0], starts[pid][1] + 30 * camera + int(rng.integers(-4, 5)))
                for pid in people[name]
                for camera in CAMERAS
                for _ in range(1 if name == "query" else 3)
            ]
            table = np.array(rows, np.int64)
            features = centres[table[:, 0] % 10] + 0.6 * rng.standard_normal((len(rows), 12))
            group = handle.create_group(name)
            group["features"] = features.astype(np.float32)
            for place, column in enumerate(("pid", "camid", "session", "time")):
                group[column] = table[:, place]
            names = [f"{name}{row}.jpg" for row in range(len(rows))]
            group.create_dataset("path", data=names, dtype=h5py.string_dtype())
    return path


def score(run_stage: RunStage, stage: str, folder: Path, *more: object, status: int = 0) -> tuple[Any, str]:
    """Run a scoring stage on folder/f.h5 and folder/h.h5; its figures and what it said."""
    done = run_stage(
        *(stage, "--features", folder / "f.h5", "--histograms", folder / "h.h5", "--bootstrap", 10),
        *("--output", folder / f"{stage}.h5", "--metrics", folder / f"{stage}.json", *more),
        status=status,
    )
    content = json.loads((folder / f"{stage}.json").read_text(encoding="utf-8")) if status == 0 else None
    return content, done.stderr


def mean_ap(content: Any, stream: str) -> float:
    return float(content["streams"][stream]["mAP"])


@pytest.fixture
def outside(tmp_path: Path, run_stage: RunStage) -> Path:
    """f.h5 written by an outsider and h.h5 built from its group val."""
    write_outside(tmp_path / "f.h5")
    done = run_stage("build_histograms", "--features", tmp_path / "f.h5", "--output", tmp_path / "h.h5")
    assert "likelihood of 40 identities, 4 cameras, 3 sessions, bins of 1; and again without 20 held out" in done.stderr
    return tmp_path


def test_features_made_elsewhere_are_fused_with_a_weight_chosen_on_val(outside: Path, run_stage: RunStage) -> None:
    content, said = score(run_stage, "evaluate_joint", outside, "--fusion", "likelihood")
    fusion = content["fusion"]
    assert (fusion["name"], fusion["weight_source"], fusion["same_camera"]) == ("likelihood", "held-out", "neutral")
    assert (fusion["identities"], fusion["sessions"], fusion["selection"]["identities"]) == (40, 3, 20)
    assert "held-out identities" in said
    assert mean_ap(content, "joint") > mean_ap(content, "visual") + 0.25
    assert fusion["near"] > 0 > fusion["apart"]
    assert content["audit"]["neutral_pairs"] == pytest.approx(1 / 4)
    logistic, _ = score(run_stage, "evaluate_joint", outside)
    assert logistic["fusion"] == {"name": "logistic", "alpha": 5.0}
    assert mean_ap(content, "joint") > mean_ap(logistic, "joint")
    reranked, _ = score(run_stage, "rerank_scores", outside, "--fusion", "likelihood", "--k1", 8, "--k2", 3)
    assert {**reranked["fusion"], **fusion} == reranked["fusion"]  # the same weight, chosen the same way
    assert mean_ap(reranked, "reranked") > mean_ap(content, "visual")


def test_given_weight(outside: Path, run_stage: RunStage) -> None:
    content, _ = score(run_stage, "evaluate_joint", outside, "--fusion", "likelihood", "--weight", 0.125)
    found = {name: content["fusion"][name] for name in ("weight", "weight_source", "selection")}
    assert found == {"weight": 0.125, "weight_source": "given", "selection": None}
    content, _ = score(run_stage, "evaluate_joint", outside, "--fusion", "likelihood", "--weight", 0)
    content["streams"]["joint"].pop("lift_ci95")
    assert content["streams"]["joint"] == content["streams"]["visual"]


@pytest.mark.parametrize("weight", ["-1", "nan", "inf", "much"])
def test_unusable_weight_is_refused(outside: Path, run_stage: RunStage, weight: str) -> None:
    _, said = score(run_stage, "evaluate_joint", outside, "--fusion", "likelihood", "--weight", weight, status=2)
    assert "--weight" in said
    assert not (outside / "evaluate_joint.json").exists()


def test_without_val_the_default_weight_is_used_and_said(outside: Path, run_stage: RunStage) -> None:
    with h5py.File(outside / "f.h5", "r+") as handle:
        del handle["val"]
    content, said = score(run_stage, "evaluate_joint", outside, "--fusion", "likelihood")
    assert content["fusion"]["weight_source"] == "default"
    assert "WARNING no held-out identities" in said
    assert mean_ap(content, "joint") > mean_ap(content, "visual") + 0.2


def test_unknown_times_and_cameras_are_counted_and_left_to_appearance(outside: Path, run_stage: RunStage) -> None:
    with h5py.File(outside / "f.h5", "r+") as handle:
        handle["query/time"][:] = -1
        handle["gallery/camid"][:7] = 99
    content, said = score(run_stage, "evaluate_joint", outside, "--fusion", "likelihood")
    assert (content["audit"]["unknown_times"], content["audit"]["unknown_cameras"]) == (160, 7)
    assert content["audit"]["neutral_pairs"] == 1
    content["streams"]["joint"].pop("lift_ci95")
    assert content["streams"]["joint"] == content["streams"]["visual"]
    assert "160 of 640 pictures have no time" in said
    assert "7 of 640 pictures are of cameras not seen in training" in said
    assert "the joint score is the cosine" in said


def test_labels_of_the_test_side_change_no_score(outside: Path, run_stage: RunStage) -> None:
    first, _ = score(run_stage, "evaluate_joint", outside, "--fusion", "likelihood", "--seed", 2)
    tables = (outside / "h.h5").read_bytes()
    with h5py.File(outside / "f.h5", "r+") as handle:
        for name in ("query", "gallery"):
            handle[f"{name}/pid"][:] = np.random.default_rng(0).permutation(handle[f"{name}/pid"][:])
    run_stage("build_histograms", "--features", outside / "f.h5", "--output", outside / "h.h5")
    assert (outside / "h.h5").read_bytes() == tables
    second, _ = score(run_stage, "evaluate_joint", outside, "--fusion", "likelihood", "--seed", 2)
    assert first["fusion"] == second["fusion"]
    assert first["streams"] != second["streams"]


def test_train_and_val_groups(tmp_path: Path, run_stage: RunStage) -> None:
    write_outside(tmp_path / "f.h5", groups=("train", "val", "query", "gallery"))
    done = run_stage("build_histograms", "--features", tmp_path / "f.h5", "--output", tmp_path / "h.h5")
    assert "likelihood of 80 identities" in done.stderr
    assert "again without 40 held out" in done.stderr


def test_inputs_of_build_histograms_are_checked(tmp_path: Path, run_stage: RunStage) -> None:
    path = write_outside(tmp_path / "f.h5", groups=("query", "gallery"))
    done = run_stage("build_histograms", "--features", path, "--output", tmp_path / "h.h5", status=2)
    assert "neither a group train nor a group val" in error_line(done.stderr)
    for arguments in ((), ("--features", path, "--manifest", path)):
        done = run_stage("build_histograms", *arguments, "--output", tmp_path / "h.h5", status=2)
        assert "--manifest" in done.stderr
    assert not (tmp_path / "h.h5").exists()


def test_tested_people_among_those_learned_from_are_refused(outside: Path, run_stage: RunStage) -> None:
    with h5py.File(outside / "f.h5", "r+") as handle:
        handle["val/pid"][0] = 100
    before = (outside / "h.h5").read_bytes()
    done = run_stage("build_histograms", "--features", outside / "f.h5", "--output", outside / "h.h5", status=2)
    _, said = score(run_stage, "evaluate_joint", outside, "--fusion", "likelihood", status=2)
    for line in (done.stderr, said):
        assert "f.h5: 1 identities are trained on (train, val) and tested (query, gallery)" in error_line(line)
    assert (outside / "h.h5").read_bytes() == before
    assert not (outside / "evaluate_joint.json").exists()
