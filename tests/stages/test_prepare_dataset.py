"""prepare_dataset.py as a user runs it."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from conftest import RunStage, error_line
from dataset_trees import write_duke, write_duke_video, write_mars, write_msmt17

from streid.data.manifest import read_manifest, sightings
from streid.data.picture_source import PictureSource
from streid.files.features import write_features
from streid.files.picture_pack import PackReader
from streid.files.rankings import read_rankings


def prepare(run_stage: RunStage, root: Path, out: Path, *more: object, status: int = 0) -> str:
    done = run_stage(
        *("prepare_dataset", "--dataset", "tiny", "--format", "market1501", "--root", root),
        *("--manifest", out / "manifest.csv", "--summary", out / "dataset.json", *more),
        status=status,
    )
    return str(done.stderr)


def assert_refused(error: str, out: Path, message: str) -> None:
    """One line, and nothing written."""
    assert message in error_line(error)
    assert not out.exists() or not list(out.iterdir())


def test_manifest_and_summary(run_stage: RunStage, tiny_world: Path, tmp_path: Path) -> None:
    prepare(run_stage, tiny_world / "data", tmp_path)
    assert (tmp_path / "manifest.csv").read_bytes() == (tiny_world / "manifest.csv").read_bytes()
    summary = json.loads((tmp_path / "dataset.json").read_text())
    assert summary["warnings"] == []
    assert summary["counts"]["train"]["identities"] == 6
    assert summary["counts"]["query"]["identities"] == 6
    assert (summary["counts"]["gallery"]["distractors"], summary["counts"]["gallery"]["junk"]) == (3, 2)
    assert (summary["tracklets"], summary["unit"], summary["masks"]) == ("oracle", "picture", True)
    assert summary["pictures_with_time"] == sum(count["pictures"] for count in summary["counts"].values())


def test_bad_input_is_one_clear_line(run_stage: RunStage, market_tree: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    missing = prepare(run_stage, tmp_path / "nowhere", out, status=2)
    assert_refused(missing, out, "no such data set. Market-1501 is offered by its authors")
    stray = market_tree / "query" / "holiday.jpg"
    stray.write_bytes(b"")
    assert_refused(prepare(run_stage, market_tree, out, status=2), out, "'holiday.jpg' is not a Market-1501 picture")
    stray.unlink()
    picture = market_tree / "query" / "0001_c1s1_001051_00.jpg"
    content = picture.read_bytes()
    picture.write_bytes(content[:300])
    assert_refused(prepare(run_stage, market_tree, out, status=2), out, "query/0001_c1s1_001051_00.jpg (")
    picture.unlink()
    assert_refused(prepare(run_stage, market_tree, out, status=2), out, "query: holds no pictures")


def test_pictures_that_are_not_packed_leave_an_empty_pack(
    run_stage: RunStage, market_tree: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    prepare(run_stage, market_tree, out, "--pictures", out / "pictures.h5")
    assert len(PackReader(out / "pictures.h5")) == 0
    error = prepare(run_stage, market_tree, tmp_path / "no", "--pack", "true", status=2)
    assert_refused(error, tmp_path / "no", "--pack true needs --pictures, the file to copy the pictures into")


def test_an_unknown_format_is_refused(run_stage: RunStage, market_tree: Path, tmp_path: Path) -> None:
    error = prepare(run_stage, market_tree, tmp_path / "out", "--format", "cuhk", status=2)
    assert_refused(
        error,
        tmp_path / "out",
        "unknown data set format 'cuhk'; known: market1501, dukemtmc, msmt17, mars, duke_video, manifest",
    )


@pytest.mark.parametrize(
    ("source_format", "write"),
    [
        ("dukemtmc", write_duke),
        ("msmt17", write_msmt17),
        ("mars", write_mars),
        ("duke_video", write_duke_video),
    ],
)
def test_every_format_from_its_tree_to_its_manifest(
    run_stage: RunStage, tmp_path: Path, source_format: str, write: Callable[[Path], Path]
) -> None:
    root, out = write(tmp_path / "tree"), tmp_path / "out"
    prepare(run_stage, root, out, "--format", source_format, "--pictures", out / "pictures.h5", "--pack", "true")
    assert sorted(path.name for path in out.iterdir()) == ["dataset.json", "manifest.csv", "pictures.h5"]
    summary = json.loads((out / "dataset.json").read_text())
    assert summary["source_format"] == source_format
    table = read_manifest(out / "manifest.csv")
    assert len(table) == sum(count["pictures"] for count in summary["counts"].values())
    source = PictureSource(root, out / "pictures.h5")
    assert all(source.bytes(path) == (root / path).read_bytes() for path in table["path"])
    missing = prepare(run_stage, root / "none", tmp_path / "no", "--format", source_format, status=2)
    assert_refused(missing, tmp_path / "no", "no such data set")


def test_a_data_set_without_times_goes_the_whole_way(run_stage: RunStage, tmp_path: Path) -> None:
    """MARS: no histogram has anybody in it, the joint score is the cosine, re-ranking works."""
    prepare(run_stage, write_mars(tmp_path / "tree"), tmp_path, "--format", "mars")
    run_stage("build_histograms", "--manifest", tmp_path / "manifest.csv", "--output", tmp_path / "histograms.h5")
    table = read_manifest(tmp_path / "manifest.csv").drop_duplicates(["split", "tracklet"])
    groups = {}
    for split in ("query", "gallery"):
        tracklets = sightings(table[table["split"] == split])
        features_ND = np.random.default_rng(0).normal(size=(len(tracklets), 8)).astype(np.float32)
        groups[split] = (tracklets, [features_ND + 3 * tracklets.pid_N[:, None]])
    write_features(tmp_path / "features.h5", dataset="tiny", model="m", dimension=8, groups=groups)
    inputs = ("--features", tmp_path / "features.h5", "--histograms", tmp_path / "histograms.h5")
    for stage, name in (("evaluate_joint", "scores"), ("rerank_scores", "reranked")):
        run_stage(stage, *inputs, "--output", tmp_path / f"{name}.h5", "--metrics", tmp_path / f"{name}.json")
    streams = json.loads((tmp_path / "scores.json").read_text())["streams"]
    lifts = streams["joint"].pop("lift_ci95")["visual"]
    assert set(map(tuple, lifts.values())) == {(0.0, 0.0)}
    assert streams["visual"] == streams["joint"]
    rankings = read_rankings(tmp_path / "scores.h5")
    np.testing.assert_array_equal(rankings["visual"].indices_QK, rankings["joint"].indices_QK)
    # A query never finds its own tracklet, which stays in the gallery.
    gallery, query = groups["gallery"][0], groups["query"][0]
    found_QK = rankings["visual"].indices_QK
    for row, best_K in enumerate(found_QK):
        assert not set(gallery.path_N[best_K[best_K >= 0]]) & {query.path_N[row]}
