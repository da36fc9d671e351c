from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
import torch
from scenes_by_hand import ALPHA, CASES, Case, naive_scores, random_features, random_tables

from streid.errors import InputError
from streid.files.features import FeatureSet
from streid.scoring.evaluation import make_scene
from streid.scoring.fusion import Fusion, locate, logistic_fusion, signed_table, temporal_fusion, visual_fusion
from streid.scoring.metrics import measure
from streid.scoring.neighbours import Neighbours, find_neighbours, first_of, score_again
from streid.scoring.products import PairProducts
from streid.scoring.ranks import Outcomes
from streid.scoring.rerank import averaging_matrix, rerank
from streid.scoring.rerank_settings import AVERAGES, RerankSettings


def cameras(features: FeatureSet) -> list[int]:
    """Every picture's camera, queries first."""
    return [camid for name in ("query", "gallery") for camid in features.groups[name].sightings.camid_N.tolist()]


def naive_final_distances(
    scores: np.ndarray, queries: int, settings: RerankSettings, camid: Sequence[int] = ()
) -> np.ndarray:
    """Query x gallery distances by dense matrices and sets, straight from the definitions."""
    total, k1, k2, lambda_ = len(scores), settings.k1, settings.k2, settings.lambda_
    distance = np.maximum(0, 2 * np.maximum(1, scores.max(axis=0)) - 2 * scores)
    used = (distance / distance.max(axis=0)).T
    order = np.argsort(np.round(-scores.T, 10), axis=1, kind="stable")

    first = {k: [set(row[: k + 1].tolist()) for row in order] for k in (k1, round(k1 / 2))}

    def reciprocal(p: int, k: int) -> set[int]:
        return {c for c in first[k][p] if p in first[k][c]}

    membership = np.zeros((total, total))
    for p in range(total):
        near = reciprocal(p, k1)
        expanded = set(near)
        for c in near:
            candidates = reciprocal(c, round(k1 / 2))
            if len(candidates & near) > 2 / 3 * len(candidates):
                expanded |= candidates
        members = sorted(expanded)
        weights = np.exp(-used[p, members])
        membership[p, members] = weights / weights.sum()
    if k2 != 1 and settings.average == "nearest":
        membership = np.array([membership[order[p, :k2]].mean(axis=0) for p in range(total)])
    if k2 != 1 and settings.average == "cross-camera":
        averaged = []
        for p in range(total):
            near = [int(c) for c in order[p, : k1 + 1] if c != p]
            own = [p, *(c for c in near if camid[c] == camid[p])][: k2 // 2]
            across = [c for c in near if camid[c] != camid[p]][: k2 - 1]
            halves = [membership[rows].mean(axis=0) for rows in (own, across) if rows]
            averaged.append(np.mean(halves, axis=0))
        membership = np.array(averaged)
    result = np.empty((queries, total - queries))
    for q in range(queries):
        for g in range(queries, total):
            minima = np.minimum(membership[q], membership[g]).sum()
            result[q, g - queries] = (1 - lambda_) * (1 - minima / (2 - minima)) + lambda_ * used[q, g]
    return result


def naive_outcomes(distances: np.ndarray, features: FeatureSet, decimals: int) -> Outcomes:
    """Each query's figures by sorting its whole list; what agrees to `decimals` counts as equal."""
    query, gallery = features.groups["query"].sightings, features.groups["gallery"].sightings
    columns: list[tuple[float, float, float, int]] = []
    for q in range(len(query)):
        ordered = np.argsort(np.round(distances[q], decimals), kind="stable")
        ignored = (gallery.pid_N == query.pid_N[q]) & (gallery.camid_N == query.camid_N[q])
        ordered = ordered[~(ignored | (gallery.pid_N == -1))[ordered]]
        hits = (gallery.pid_N == query.pid_N[q])[ordered] & (query.pid_N[q] > 0)
        if not hits.any():
            columns.append((np.nan, np.nan, np.nan, 0))
            continue
        precision = np.cumsum(hits) / np.arange(1, len(hits) + 1)
        before = np.concatenate(([1.0], precision[:-1]))
        columns.append(
            (
                ((precision + before) / 2)[hits].mean(),
                precision[hits].mean(),
                hits.sum() / (np.flatnonzero(hits)[-1] + 1),
                int(np.argmax(hits)) + 1,
            )
        )
    ap, step, inp, first = zip(*columns, strict=True)
    return Outcomes(np.array(ap), np.array(step), np.array(inp), np.array(first, np.int32))


def reranked_distances(
    features: FeatureSet,
    fusion: Fusion,
    settings: RerankSettings,
    block_rows: int,
    *,
    device: torch.device | None = None,
    precision: str = "fp32",
) -> tuple[np.ndarray, Outcomes]:
    """Final distances (NaN where ignored) and outcomes of the code under test."""
    scene = make_scene(features)
    products = PairProducts(scene.features_ND, device, precision)
    ranker = rerank(scene, fusion, products, settings.model_copy(update={"block_rows": block_rows}))
    ranking = ranker.ranking()
    distances = np.full((len(scene.query), len(scene.gallery)), np.nan)
    for q, (indices, scores) in enumerate(zip(ranking.indices_QK, ranking.scores_QK, strict=True)):
        distances[q, indices[indices >= 0]] = -scores[indices >= 0]
    return distances, ranker.outcomes


@pytest.mark.parametrize(("average", "block_rows"), [("nearest", 32), ("nearest", 2048), ("cross-camera", 48)])
@pytest.mark.parametrize("fused", [True, False])
@pytest.mark.parametrize("name", CASES)
def test_equals_the_definitions(name: str, fused: bool, average: str, block_rows: int) -> None:
    features = random_features(CASES[name], seed=3)
    tables = random_tables(5)
    fusion = logistic_fusion(tables, ALPHA) if fused else visual_fusion()
    scores = naive_scores(features, tables if fused else None)
    settings = RerankSettings(average=average)
    expected = naive_final_distances(scores, CASES[name].queries, settings, cameras(features))
    found, outcomes = reranked_distances(features, fusion, settings, block_rows)
    listed = ~np.isnan(found)
    assert listed.sum() > 0.5 * min(100, CASES[name].gallery) * CASES[name].queries
    np.testing.assert_allclose(found[listed], expected[listed], rtol=0, atol=1e-5)
    naive = naive_outcomes(expected, features, decimals=6 if CASES[name].exact else 9)
    for field, values in naive._asdict().items():
        np.testing.assert_allclose(getattr(outcomes, field), values, atol=1e-12, err_msg=field)
    if (outcomes.first_Q > 0).any():
        figures, wanted = measure(outcomes), measure(naive)
        assert figures == {metric: pytest.approx(value) for metric, value in wanted.items()}


@pytest.mark.parametrize("average", AVERAGES)
@pytest.mark.parametrize(
    ("k1", "k2", "lambda_"), [(1, 1, 0.0), (5, 1, 1.0), (7, 12, 0.5), (500, 600, 0.3), (20, 2, 0.3)]
)
def test_other_settings_equal_the_definitions(k1: int, k2: int, lambda_: float, average: str) -> None:
    case = CASES["random"]
    features, tables = random_features(case, seed=11), random_tables(2)
    settings = RerankSettings(k1=k1, k2=k2, lambda_=lambda_, average=average)
    expected = naive_final_distances(naive_scores(features, tables), case.queries, settings, cameras(features))
    found, _ = reranked_distances(features, logistic_fusion(tables, ALPHA), settings, 64)
    listed = ~np.isnan(found)
    np.testing.assert_allclose(found[listed], expected[listed], rtol=0, atol=1e-5)


def averaged(near: Sequence[Sequence[int]], settings: RerankSettings) -> list[list[float]]:
    """The averaging weights of six pictures in the cameras 1, 1, 1, 2, 2, 3, whose neighbours are `near`."""
    indices = np.array(near, np.int32)
    neighbours = Neighbours(
        indices_NK=indices, scores_NK=np.ones(indices.shape, np.float32), lowest_N=np.zeros(6, np.float32)
    )
    weights: list[list[float]] = averaging_matrix(neighbours, np.array([1, 1, 1, 2, 2, 3]), settings).toarray().tolist()
    return weights


def test_averages_over_both_cameras_with_half_the_weight_each() -> None:
    near = [[0, 1, 3, 2, 4, 5], [0, 1, 3, 2, 4, 5], [2, 5, 0, 4, 1, 3], [3, 4, 0, 1, 2, 5], [4, 3, 5, 0, 1, 2]]
    found = averaged([*near, [5, 0, 1, 2, 3, 4]], RerankSettings(k1=5, k2=4, average="cross-camera"))
    sixth = pytest.approx(1 / 6)
    assert found[0] == [0.25, 0.25, 0, sixth, sixth, sixth]
    assert found[1] == [0.25, 0.25, 0, sixth, sixth, sixth]
    assert found[2] == [0.25, 0, 0.25, sixth, sixth, sixth]
    assert found[3] == [sixth, sixth, sixth, 0.25, 0.25, 0]
    assert found[4] == [sixth, sixth, 0, 0.25, 0.25, sixth]
    assert found[5] == [sixth, sixth, sixth, 0, 0, 0.5]


def test_averages_with_whole_weight_where_no_other_camera_is_near() -> None:
    near = [[1, 0, 2], [1, 0, 3], [0, 1, 3], [3, 4, 0], [4, 3, 5], [0, 1, 2]]
    found = averaged(near, RerankSettings(k1=2, k2=4, average="cross-camera"))
    sixth = pytest.approx(1 / 6)
    assert found[0] == [0.5, 0.5, 0, 0, 0, 0]
    assert found[1] == [0.25, 0.25, 0, 0.5, 0, 0]
    assert found[2] == [0.25, 0, 0.25, 0.5, 0, 0]
    assert found[3] == [0.5, 0, 0, 0.25, 0.25, 0]
    assert found[4] == [0, 0, 0, 0.25, 0.25, 0.5]
    assert found[5] == [sixth, sixth, sixth, 0, 0, 0.5]
    assert averaged(near, RerankSettings(k1=2, k2=1, average="cross-camera")) == np.eye(6).tolist()


@pytest.mark.parametrize("average", AVERAGES)
def test_scores_above_1_keep_their_order(average: str) -> None:
    case = CASES["random"]
    features, tables = random_features(case, seed=12), random_tables(3)
    offsets = signed_table(tables.density_CCB * 4, beyond=0.0)
    fusion = temporal_fusion(tables)
    fusion = replace(fusion, rule=fusion.rule._replace(table_CCS=offsets))
    cosines, temporal = naive_scores(features, None), naive_scores(features, tables)
    shares = 1 / (1 + np.exp(-ALPHA * cosines))
    scores = cosines - 4 * np.log((shares / temporal - 1) / 2) / ALPHA
    assert (scores[~np.eye(len(scores), dtype=bool)] > 1).any()
    settings = RerankSettings(average=average)
    expected = naive_final_distances(scores, case.queries, settings, cameras(features))
    found, _ = reranked_distances(features, fusion, settings, 64)
    listed = ~np.isnan(found)
    np.testing.assert_allclose(found[listed], expected[listed], rtol=0, atol=1e-5)


@pytest.mark.parametrize("device", [None, torch.device("cpu")])
@pytest.mark.parametrize("name", ["random", "larger", "fewer pictures than k1"])
def test_bf16_candidates_hold_the_neighbours(name: str, device: torch.device | None) -> None:
    features, fusion = random_features(CASES[name], seed=8), logistic_fusion(random_tables(4), ALPHA)
    scene = make_scene(features)
    pictures = locate(scene.everyone, fusion.cameras_C)
    exact = find_neighbours(PairProducts(scene.features_ND), pictures, fusion.rule, count=9, block_rows=64)
    rough_products = PairProducts(scene.features_ND, device, "bf16")
    rough = find_neighbours(rough_products, pictures, fusion.rule, count=36, block_rows=64)
    np.testing.assert_allclose(rough.lowest_N, exact.lowest_N, atol=5e-3)
    again = first_of(score_again(rough, scene.features_ND, pictures, fusion.rule), 9)
    np.testing.assert_allclose(again.scores_NK, exact.scores_NK, atol=1e-6)
    assert (again.indices_NK == exact.indices_NK).mean() > 0.99
    found, outcomes = reranked_distances(
        features, fusion, RerankSettings(k1=8, k2=3), 64, device=device, precision="bf16"
    )
    expected, wanted = reranked_distances(features, fusion, RerankSettings(k1=8, k2=3), 64)
    both = ~np.isnan(found) & ~np.isnan(expected)
    assert both.sum() >= 0.9 * (~np.isnan(found)).sum()
    np.testing.assert_allclose(found[both], expected[both], rtol=0, atol=5e-3)
    np.testing.assert_array_equal(outcomes.first_Q, wanted.first_Q)
    np.testing.assert_allclose(outcomes.ap_Q, wanted.ap_Q, atol=0.02)


@pytest.mark.parametrize("name", CASES)
def test_cosines_kept_or_computed_again_give_the_same(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    features, fusion = random_features(CASES[name], seed=6), logistic_fusion(random_tables(1), ALPHA)
    kept, _ = reranked_distances(features, fusion, RerankSettings(), 13)
    gallery = len(features.groups["gallery"].sightings)
    for queries in (0, 15):  # none, and fewer than all but more than one block
        monkeypatch.setattr("streid.scoring.rerank.KEPT_BYTES", 4 * queries * gallery)
        again, _ = reranked_distances(features, fusion, RerankSettings(), 13)
        np.testing.assert_allclose(kept, again, rtol=0, atol=1e-6)


def test_identical_pictures_stay_finite() -> None:
    case = Case(2, 5)
    features = random_features(case, seed=1)
    for group in features.groups.values():
        group.features_ND[:] = 1
    found, _ = reranked_distances(features, visual_fusion(), RerankSettings(), 32)
    assert np.isfinite(found[~np.isnan(found)]).all()


@pytest.mark.parametrize("wrong", [{"k1": 0}, {"k2": 0}, {"lambda_": 1.5}, {"average": "farthest"}])
def test_settings_out_of_range_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(InputError, match="it must be"):
        RerankSettings.of(**wrong)


@pytest.mark.parametrize("fused", [True, False])
@pytest.mark.parametrize("name", CASES)
def test_a_torch_device_gives_the_same_distances(name: str, fused: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streid.scoring.accelerated.LARGEST_BLOCK", 1 << 10)
    features = random_features(CASES[name], seed=9)
    fusion = logistic_fusion(random_tables(4), ALPHA) if fused else visual_fusion()
    first, outcomes = reranked_distances(features, fusion, RerankSettings(), 48, device=torch.device("cpu"))
    second, expected = reranked_distances(features, fusion, RerankSettings(), 48)
    both = ~np.isnan(first) & ~np.isnan(second)
    assert both.sum() >= 0.99 * (~np.isnan(first)).sum()
    np.testing.assert_allclose(first[both], second[both], rtol=0, atol=1e-5)
    for field, values in expected._asdict().items():
        np.testing.assert_allclose(getattr(outcomes, field), values, atol=1e-9, err_msg=field)
