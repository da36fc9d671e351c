import json
import subprocess
from pathlib import Path

import numpy as np
import pytest
from conftest import error_line, stage_command
from forked_stage import run_forked
from rankings_by_hand import two_queries

from streid.files.features import write_features
from streid.files.histograms import Histograms, write_histograms
from streid.files.rankings import read_rankings, write_rankings
from streid.files.sightings import Sightings


def run(folder: Path, *more: str) -> subprocess.CompletedProcess[str]:
    inputs = ("--features", folder / "features.h5", "--histograms", folder / "histograms.h5")
    outputs = ("--output", folder / "reranked.h5", "--metrics", folder / "reranked.json")
    return run_forked(stage_command("rerank_scores", *inputs, *outputs, *more), timeout=300)


@pytest.fixture
def inputs(tmp_path: Path) -> Path:
    """Six identities in two cameras; 6 queries, 30 gallery pictures; no times."""
    rng = np.random.default_rng(0)
    identities = rng.standard_normal((7, 16))
    groups = {}
    for name, count, camid in (("query", 6, 1), ("gallery", 30, 2)):
        pid = np.arange(count) % 6 + 1
        features = (identities[pid] + 0.3 * rng.standard_normal((count, 16))).astype(np.float32)
        sightings = Sightings(
            pid_N=pid,
            camid_N=np.full(count, camid),
            session_N=np.zeros(count, np.int64),
            time_N=np.full(count, -1),
            path_N=np.array([f"{name}/{row}.jpg" for row in range(count)], object),
        )
        groups[name] = (sightings, [features])
    write_features(tmp_path / "features.h5", dataset="toy", model="toy", dimension=16, groups=groups)
    zeros = np.zeros((2, 2, 4))
    write_histograms(
        tmp_path / "histograms.h5",
        Histograms(
            cameras_C=np.array([1, 2]),
            counts_CCB=zeros.astype(np.int64),
            density_CCB=zeros,
            bin_width=100.0,
            sigma=1.0,
            identities=0,
            sessions=0,
        ),
    )
    return tmp_path


@pytest.mark.parametrize("average", ["nearest", "cross-camera"])
def test_writes_ranking_and_figures(inputs: Path, average: str) -> None:
    done = run(inputs, "--k1", "6", "--k2", "3", "--block-rows", "8", "--average", average)
    assert done.returncode == 0, done.stderr
    content = json.loads((inputs / "reranked.json").read_text(encoding="utf-8"))
    settings = {"k1": 6, "k2": 3, "lambda": 0.3, "average": average, "precision": "fp32"}
    assert content["fusion"] == {"name": "logistic", "alpha": 5.0, **settings}
    assert content["audit"]["pairs_with_time"] == 0
    assert list(content["streams"]) == ["reranked"]
    assert content["streams"]["reranked"]["rank1"] == 1.0
    ranking = read_rankings(inputs / "reranked.h5")["reranked"]
    assert ranking.indices_QK.shape == (6, 30)
    assert (np.diff(ranking.scores_QK, axis=1) <= 0).all()
    assert (ranking.scores_QK <= 0).all()


def test_block_size_and_threads_leave_the_result_as_it_is(inputs: Path) -> None:
    found = []
    for more in (("--block-rows", "7", "--threads", "1"), ("--block-rows", "4096", "--threads", "2")):
        assert run(inputs, *more).returncode == 0
        found.append(read_rankings(inputs / "reranked.h5")["reranked"])
    np.testing.assert_array_equal(found[0].indices_QK, found[1].indices_QK)
    np.testing.assert_allclose(found[0].scores_QK, found[1].scores_QK, atol=1e-6)


def test_bf16_candidates_give_the_same_ranking(inputs: Path) -> None:
    found = []
    for precision in ("fp32", "bf16"):
        done = run(inputs, "--k1", "5", "--k2", "3", "--precision", precision)
        assert done.returncode == 0, done.stderr
        content = json.loads((inputs / "reranked.json").read_text(encoding="utf-8"))
        assert content["fusion"].pop("precision") == precision
        found.append(content)
    assert found[0]["streams"]["reranked"]["rank1"] == found[1]["streams"]["reranked"]["rank1"]
    assert found[0]["streams"]["reranked"]["mAP"] == pytest.approx(found[1]["streams"]["reranked"]["mAP"], abs=0.01)


@pytest.mark.parametrize("option", ["--k1", "--k2", "--average", "--precision", "--lambda", "--block-rows"])
def test_option_out_of_range_is_refused(inputs: Path, option: str) -> None:
    done = run(inputs, option, "-1")
    assert done.returncode == 2
    assert not (inputs / "reranked.h5").exists()


def test_damaged_features_leave_one_line(inputs: Path) -> None:
    whole = (inputs / "features.h5").read_bytes()
    (inputs / "features.h5").write_bytes(whole[: len(whole) // 2])
    done = run(inputs)
    assert done.returncode == 2
    assert error_line(done.stderr)
    assert not (inputs / "reranked.json").exists()


def test_gains_over_the_joint_score_are_reported_where_its_rankings_are_given(inputs: Path) -> None:
    assert run(inputs, "--k1", "5").returncode == 0
    alone = json.loads((inputs / "reranked.json").read_text(encoding="utf-8"))["streams"]["reranked"]
    assert "lift_ci95" not in alone
    shared = ("--features", inputs / "features.h5", "--histograms", inputs / "histograms.h5")
    outputs = ("--output", inputs / "scores.h5", "--metrics", inputs / "scores.json")
    assert run_forked(stage_command("evaluate_joint", *shared, *outputs), timeout=300).returncode == 0
    assert run(inputs, "--k1", "5", "--scores", str(inputs / "scores.h5")).returncode == 0
    compared = json.loads((inputs / "reranked.json").read_text(encoding="utf-8"))["streams"]["reranked"]
    joint = json.loads((inputs / "scores.json").read_text(encoding="utf-8"))["streams"]["joint"]
    lifts = compared.pop("lift_ci95")
    assert compared == alone
    assert list(lifts) == ["visual", "joint"]
    low, high = lifts["joint"]["mAP"]
    assert low <= compared["mAP"] - joint["mAP"] <= high


def test_rankings_of_other_queries_are_refused(inputs: Path) -> None:
    write_rankings(inputs / "other.h5", dataset="toy", model="toy", streams={"joint": two_queries()})
    done = run(inputs, "--scores", str(inputs / "other.h5"))
    assert done.returncode == 2
    assert "other.h5: stream joint ranks 2 queries where the features have 6" in error_line(done.stderr)
    assert not (inputs / "reranked.json").exists()
