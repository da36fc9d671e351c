import json
import subprocess
import sys
import time
from pathlib import Path

import h5py
import numpy as np
import pytest
from conftest import RunStage, error_line, stage_command
from forked_stage import run_forked

from streid.files.rankings import read_rankings
from streid.scoring.metric_records import METRICS

PIPELINE = Path(__file__).parents[2] / "pipeline"


def run(script: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return run_forked(stage_command(script.removesuffix(".py"), *arguments), timeout=300)


def write_group(handle: h5py.File, name: str, features: np.ndarray, **columns: list[int]) -> None:
    group = handle.create_group(name)
    group["features"] = features.astype(np.float32)
    for column, values in columns.items():
        group[column] = np.array(values, np.int64)
    group.create_dataset("path", data=[f"{name}{row}.jpg" for row in range(len(features))], dtype=h5py.string_dtype())


@pytest.fixture
def outside_features(tmp_path: Path) -> Path:
    """A features.h5 as another toolbox would write it, with h5py alone."""
    with h5py.File(tmp_path / "features.h5", "w") as handle:
        handle.attrs.update(format="streid-features", version=1, dataset="outside", model="theirs")
        # query 0 finds row 1 by appearance; query 1's look-alike (row 3) is wrong, its right match came in time
        write_group(
            handle, "query", np.array([[3, 0, 0], [0, 2, 0], [0, 0, 1]]),
            pid=[1, 2, 3], camid=[1, 1, 1], session=[0, 0, 0], time=[0, 0, -1],
        )  # fmt: skip
        write_group(
            handle, "gallery", np.array([[1, 0, 0], [1, 0.1, 0], [0, 1, 0.3], [0, 1, 0.25], [0, 1, 0], [0, 0, 9]]),
            pid=[1, 1, 2, 0, -1, 0], camid=[1, 2, 2, 2, 2, 9], session=[0] * 6, time=[5, 150, 150, 9000, 150, 7],
        )  # fmt: skip
    return tmp_path / "features.h5"


@pytest.fixture
def histograms(tmp_path: Path) -> Path:
    rows = [f"{pid}_{cam},train,{100 + pid},{cam},0,{(cam - 1) * 150 + pid}," for pid in range(9) for cam in (1, 2)]
    manifest = tmp_path / "manifest.csv"
    manifest.write_text("path,split,pid,camid,session,time,tracklet\n" + "\n".join(rows) + "\n", encoding="utf-8")
    done = run("build_histograms.py", "--manifest", manifest, "--output", tmp_path / "histograms.h5", "--sigma", "0.5")
    assert done.returncode == 0, done.stderr
    return tmp_path / "histograms.h5"


def evaluate(features: Path, tables: Path, folder: Path, *more: str) -> subprocess.CompletedProcess[str]:
    outputs = ("--output", folder / "scores.h5", "--metrics", folder / "scores.json")
    return run("evaluate_joint.py", "--features", features, "--histograms", tables, *outputs, *more)


def test_streams_of_features_made_elsewhere(outside_features: Path, histograms: Path, tmp_path: Path) -> None:
    done = evaluate(outside_features, histograms, tmp_path)
    assert done.returncode == 0, done.stderr
    content = json.loads((tmp_path / "scores.json").read_text(encoding="utf-8"))
    assert {name: content[name] for name in ("format", "version", "dataset", "model", "fusion")} == {
        "format": "streid-metrics",
        "version": 2,
        "dataset": "outside",
        "model": "theirs",
        "fusion": {"name": "logistic", "alpha": 5.0},
    }
    assert content["audit"] == {
        "query": 3,
        "gallery": 6,
        "junk": 1,
        "distractors": 2,
        "evaluated": 2,
        "skipped": 1,
        "unknown_times": 1,
        "unknown_cameras": 1,
        "pairs_with_time": pytest.approx(2 * 4 / 18),
    }
    assert list(content["streams"]) == ["visual", "spatiotemporal", "joint"]
    assert content["streams"]["visual"]["rank1"] == 0.5
    assert content["streams"]["joint"]["rank1"] == 1.0
    assert content["bootstrap"] == {"resampled": "identities", "identities": 2, "resamples": 1000, "seed": 0}
    assert content["streams"]["joint"]["lift_ci95"]["visual"]["rank1"] == [0.0, 1.0]
    for figures in content["streams"].values():
        assert len(figures["cmc"]) == 50
        for name in METRICS:
            low, high = figures["ci95"][name]
            assert 0 <= low <= high <= 1
    rankings = read_rankings(tmp_path / "scores.h5")
    assert rankings["visual"].indices_QK[1, :2].tolist() == [3, 2]
    assert rankings["joint"].indices_QK[1].tolist() == [2, 1, 3, 0, 5, -1]  # 0 and 5 tie; junk, row 4, is left out
    assert rankings["visual"].first_match_Q.tolist() == [1, 2, 0]


def test_same_seed_same_bytes(outside_features: Path, histograms: Path, run_stage: RunStage, tmp_path: Path) -> None:
    assert evaluate(outside_features, histograms, tmp_path / "once", "--seed", "4").returncode == 0
    outputs = ("--output", tmp_path / "twice/scores.h5", "--metrics", tmp_path / "twice/scores.json", "--seed", 4)
    inputs = ("--features", outside_features, "--histograms", histograms)
    run_stage("evaluate_joint", *inputs, *outputs, fresh=True)
    for name in ("scores.h5", "scores.json"):
        assert (tmp_path / "once" / name).read_bytes() == (tmp_path / "twice" / name).read_bytes()


def test_without_fusion_joint_is_visual(outside_features: Path, histograms: Path, tmp_path: Path) -> None:
    assert evaluate(outside_features, histograms, tmp_path, "--fusion", "none").returncode == 0
    content = json.loads((tmp_path / "scores.json").read_text(encoding="utf-8"))
    assert content["fusion"] == {"name": "none"}
    assert content["streams"]["joint"].pop("lift_ci95") == {"visual": {key: [0.0, 0.0] for key in METRICS}}
    assert content["streams"]["joint"] == content["streams"]["visual"]


def spoil(path: Path, dataset: str, row: int, value: float) -> None:
    with h5py.File(path, "r+") as handle:
        handle[dataset][row] = value


@pytest.mark.parametrize(
    ("spoiled", "message"),
    [
        (("query/features", 1, 0.0), "group query: features of row 1 are all zero"),
        (("gallery/features", 2, np.nan), "features of row 2 are not finite"),
        (("gallery/time", 0, -7), "group gallery: time of row 0 is -7; a number of at least -1"),
        (("gallery/time", 3, 2**53), "time of row 3 is 9007199254740992, which is not below 2^53"),
    ],
)
def test_unusable_features_leave_one_line_and_no_file(
    outside_features: Path, histograms: Path, tmp_path: Path, spoiled: tuple[str, int, float], message: str
) -> None:
    spoil(outside_features, *spoiled)
    done = evaluate(outside_features, histograms, tmp_path / "out")
    assert done.returncode == 2
    assert message in error_line(done.stderr)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("script", ["evaluate_joint.py", "rerank_scores.py"])
@pytest.mark.parametrize("pid", [0, -1])
def test_a_query_of_nobody_is_refused(
    outside_features: Path, histograms: Path, tmp_path: Path, pid: int, script: str
) -> None:
    spoil(outside_features, "query/pid", 1, pid)
    outputs = ("--output", tmp_path / "out" / "r", "--metrics", tmp_path / "out" / "m")
    done = run(script, "--features", outside_features, "--histograms", histograms, *outputs)
    assert done.returncode == 2
    line = error_line(done.stderr)
    assert f"features.h5: group query, row 1: pid is {pid}" in line
    assert "add 1 to every pid" in line
    assert not (tmp_path / "out").exists()


def test_no_query_with_a_match_is_refused(outside_features: Path, histograms: Path, tmp_path: Path) -> None:
    for row in range(3):
        spoil(outside_features, "query/pid", row, 50 + row)
    done = evaluate(outside_features, histograms, tmp_path / "out")
    assert done.returncode == 2
    assert "features.h5: group query, row 0: none of the 3 queries" in error_line(done.stderr)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("script", ["evaluate_joint.py", "rerank_scores.py"])
def test_an_output_that_is_an_input_another_output_or_a_folder_is_refused(
    outside_features: Path, histograms: Path, tmp_path: Path, script: str
) -> None:
    before = {path: path.read_bytes() for path in (outside_features, histograms)}
    inputs = ("--features", outside_features, "--histograms", histograms)
    outputs = (
        (histograms, tmp_path / "m"),
        (tmp_path / "r", outside_features),
        (tmp_path / "r",) * 2,
        (tmp_path / "r", tmp_path),
    )
    for rankings, metrics in outputs:
        done = run(script, *inputs, "--output", rankings, "--metrics", metrics)
        assert done.returncode == 2
        assert "cannot be written" in error_line(done.stderr)
    assert {path: path.read_bytes() for path in before} == before
    assert not (tmp_path / "r").exists() and not (tmp_path / "m").exists()


def test_histograms_do_not_replace_their_manifest(histograms: Path, tmp_path: Path) -> None:
    done = run("build_histograms.py", "--manifest", tmp_path / "manifest.csv", "--output", tmp_path / "manifest.csv")
    assert done.returncode == 2
    assert "is read as an input" in done.stderr
    assert (tmp_path / "manifest.csv").read_text(encoding="utf-8").startswith("path,")


@pytest.mark.parametrize("more", [("--alpha", "1e39"), ("--fusion", "likelihood", "--weight", "1e38")])
@pytest.mark.parametrize("script", ["evaluate_joint.py", "rerank_scores.py"])
def test_settings_beyond_float32_are_refused_in_one_line(
    outside_features: Path, histograms: Path, tmp_path: Path, script: str, more: tuple[str, ...]
) -> None:
    outputs = ("--output", tmp_path / "out" / "r", "--metrics", tmp_path / "out" / "m")
    done = run(script, "--features", outside_features, "--histograms", histograms, *outputs, *more)
    assert done.returncode == 2
    assert f"error: argument {more[-2]}: {more[-1]!r} given; it must be " in done.stderr.splitlines()[-1]
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("script", ["evaluate_joint.py", "rerank_scores.py", "build_histograms.py"])
def test_help_is_quick_and_loads_no_numerics(script: str) -> None:
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-X", "importtime", PIPELINE / script, "--help"],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert "--help" in done.stdout
    loaded = {line.rsplit("|", 1)[-1].strip() for line in done.stderr.splitlines()}
    assert not loaded & {"torch", "numpy", "numba", "h5py"}
    assert time.perf_counter() - started < 30
