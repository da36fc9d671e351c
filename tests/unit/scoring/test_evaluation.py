"""From features to ranked streams and what is written of them."""

import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from scenes_by_hand import (
    ALPHA,
    CASES,
    made_up_likelihood,
    naive_log_ratio,
    naive_scores,
    random_features,
    random_rows,
    random_tables,
    seen,
    tables_with,
)

from streid.errors import InputError
from streid.files import features
from streid.files.features import FeatureGroup, FeatureSet, read_features, write_features
from streid.files.json_files import read_json
from streid.files.rankings import read_rankings
from streid.scoring import evaluation
from streid.scoring.evaluation import (
    BLOCK_VALUES,
    make_scene,
    query_blocks,
    rank_streams,
    read_scene,
    summary,
    write_results,
)
from streid.scoring.fusion import likelihood_fusion, logistic_fusion
from streid.scoring.products import PairProducts


def written_features(path: Path, dtype: str, rows: int = 50, dimension: int = 16) -> Path:
    rng = np.random.default_rng(0)
    groups = {
        name: (seen(*([(1, 0, 0)] * count)), [rng.standard_normal((count, dimension), np.float32)])
        for name, count in (("query", rows), ("gallery", 3 * rows), ("val", 5))
    }
    write_features(path, dataset="d", model="m", dimension=dimension, groups=groups, dtype=dtype)
    return path


@pytest.mark.parametrize("dtype", ["float32", "float16"])
@pytest.mark.parametrize("read_bytes", [64, 640, 1 << 26])
def test_a_scene_read_at_once_is_that_of_the_features(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dtype: str, read_bytes: int
) -> None:
    monkeypatch.setattr(features, "READ_BYTES", read_bytes)
    path = written_features(tmp_path / "features.h5", dtype)
    found, expected = read_scene(path), make_scene(read_features(path))
    assert (found.dataset, found.model) == ("d", "m")
    assert (len(found.query), len(found.gallery)) == (50, 150)
    assert found.gallery.path_N.tolist() == expected.gallery.path_N.tolist()
    np.testing.assert_array_equal(found.features_ND.view(np.uint32), expected.features_ND.view(np.uint32))
    raw = read_features(path).groups["gallery"].features_ND.astype(np.float64)
    raw /= np.linalg.norm(raw, axis=1, keepdims=True)
    np.testing.assert_allclose(found.features_ND[50:], raw, atol=1e-6)


def test_reading_a_scene_holds_the_features_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(features, "READ_BYTES", 1 << 18)
    path = written_features(tmp_path / "features.h5", "float32", rows=2000, dimension=512)
    tracemalloc.start()
    scene = read_scene(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert scene.features_ND.nbytes == 8000 * 512 * 4
    assert peak < 1.5 * scene.features_ND.nbytes


def test_the_spatial_temporal_stream_is_the_log_ratio_alone() -> None:
    rows, rng = random_rows(5, 60), np.random.default_rng(5)
    pid, features = rng.integers(1, 5, 60), rng.standard_normal((60, 8)).astype(np.float32)
    sightings = seen(*rows, pid=pid)
    groups = {
        name: FeatureGroup(sightings=sightings.take(part), features_ND=features[part])
        for name, part in (("query", slice(0, 20)), ("gallery", slice(20, 60)))
    }
    scene = make_scene(FeatureSet(dataset="d", model="m", groups=groups))
    likelihood = made_up_likelihood()
    streams = rank_streams(
        scene, tables_with(likelihood), likelihood_fusion(likelihood, 0.1), PairProducts(scene.features_ND)
    )
    for stream, weight, cosine in (("spatiotemporal", 1.0, 0.0), ("joint", 0.1, 1.0)):
        ranking = streams[stream].ranking()
        for q in range(20):
            for g, score in zip(ranking.indices_QK[q], ranking.scores_QK[q], strict=True):
                if g >= 0:
                    visual = cosine * float(scene.features_ND[q] @ scene.features_ND[20 + g])
                    expected = visual + weight * naive_log_ratio(likelihood, rows[q], rows[20 + g])
                    assert score == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize(("queries", "gallery", "most"), [(7, 1 << 24, None), (10, 3, 4), (0, 5, None), (5, 0, None)])
def test_blocks_hold_every_query_once(queries: int, gallery: int, most: int | None) -> None:
    blocks = list(query_blocks(queries, gallery, most))
    assert [row for rows in blocks for row in range(rows.start, rows.stop)] == list(range(queries))
    assert all((rows.stop - rows.start) * gallery <= BLOCK_VALUES for rows in blocks)
    assert all(rows.stop - rows.start <= (most or queries) for rows in blocks)


@pytest.mark.parametrize("block_values", [90 * 7, 1 << 24])
def test_streams_equal_the_formulas_whatever_the_blocks(monkeypatch: pytest.MonkeyPatch, block_values: int) -> None:
    monkeypatch.setattr(evaluation, "BLOCK_VALUES", block_values)
    features, tables = random_features(CASES["random"], seed=1), random_tables(2)
    scene = make_scene(features)
    streams = rank_streams(scene, tables, logistic_fusion(tables, ALPHA), PairProducts(scene.features_ND))
    wanted = {"visual": naive_scores(features, None), "joint": naive_scores(features, tables)}
    for name, scores in wanted.items():
        ranking = streams[name].ranking()
        rows, places = np.nonzero(ranking.indices_QK >= 0)
        found = scores[rows, 20 + ranking.indices_QK[rows, places]]
        np.testing.assert_allclose(ranking.scores_QK[rows, places], found, atol=1e-6)


def test_summary_and_files(tmp_path: Path) -> None:
    features, tables = random_features(CASES["random"], seed=1), random_tables(2)
    scene, fusion = make_scene(features), logistic_fusion(tables, ALPHA)
    rankers = rank_streams(scene, tables, fusion, PairProducts(scene.features_ND))
    outcomes = {name: ranker.outcomes for name, ranker in rankers.items()}
    content = summary(scene, tables, {"name": "logistic", "alpha": ALPHA}, outcomes, resamples=5, seed=3)
    people = np.unique(scene.query.pid_N[outcomes["joint"].first_Q > 0])
    assert content["bootstrap"] == {"resampled": "identities", "identities": len(people), "resamples": 5, "seed": 3}
    assert content["audit"]["evaluated"] + content["audit"]["skipped"] == 20
    write_results(tmp_path / "scores.h5", tmp_path / "scores.json", scene, content, rankers)
    assert read_json(tmp_path / "scores.json") == content
    assert set(read_rankings(tmp_path / "scores.h5")) == set(content["streams"])
    spoiled = content | {"model": float("nan")}
    with pytest.raises(InputError, match="not finite"):
        write_results(tmp_path / "new.h5", tmp_path / "new.json", scene, spoiled, rankers)
    assert not list(tmp_path.glob("new*"))
