"""The likelihood fusion: the compiled kernels against the formula, pair by pair, and its symmetry."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import pytest

from streid.errors import InputError
from streid.files.features import FeatureGroup, FeatureSet
from streid.files.histograms import Histograms, Likelihood, neutral_likelihood
from streid.files.sightings import Sightings
from streid.scoring.audit import audit
from streid.scoring.evaluation import make_scene, rank_streams
from streid.scoring.fusion import Fusion, likelihood_fusion, locate
from streid.scoring.kernels import fuse_block, fuse_pairs
from streid.scoring.products import PairProducts

LAST = 10


def seen(rows: Iterable[tuple[int, int, int]], pid: np.ndarray | None = None) -> Sightings:
    """Sightings from (camid, session, time)."""
    table = np.array(list(rows), np.int64).reshape(-1, 3)
    return Sightings(
        pid_N=np.ones(len(table), np.int64) if pid is None else pid,
        camid_N=table[:, 0],
        session_N=table[:, 1],
        time_N=table[:, 2],
        path_N=np.array([str(row) for row in range(len(table))], object),
    )


def made_up(**changes: Any) -> Likelihood:
    """Random densities for cameras 2, 4 and 7; bins of 3."""
    rng = np.random.default_rng(0)
    values: dict[str, Any] = {
        "cameras_C": np.array([2, 4, 7]),
        "same_PS": rng.dirichlet(np.ones(2 * LAST + 1), 3).astype(np.float32),
        "different_PS": rng.dirichlet(np.ones(2 * LAST + 1), 3).astype(np.float32),
        "identities_P": np.full(3, 5.0),
        "bin_width": 3,
        "neutral": 0.125,
        "near": 0.75,
        "apart": -2.5,
        "identities": 6,
        "identities_compared": 8,
        "sessions": 2,
        "pooling": 1.0,
        "windows_J": np.ones(1),
        "weights_J": np.ones(1),
    }
    return Likelihood(**values | changes)


def naive(likelihood: Likelihood, one: tuple[int, int, int], other: tuple[int, int, int]) -> float:
    """The log ratio of docs/fusion.md for two pictures (camid, session, time)."""
    (cam_a, session_a, time_a), (cam_b, session_b, time_b) = one, other
    cameras = likelihood.cameras_C.tolist()
    if cam_a == cam_b or cam_a not in cameras or cam_b not in cameras or time_a < 0 or time_b < 0:
        return 0.0
    if session_a != session_b:
        return likelihood.apart
    if cam_a > cam_b:
        return naive(likelihood, other, one)
    pair = [(a, b) for i, a in enumerate(cameras) for b in cameras[i + 1 :]].index((cam_a, cam_b))
    gap = time_b - time_a
    k = (2 * abs(gap) + likelihood.bin_width) // (2 * likelihood.bin_width) * (1 if gap >= 0 else -1)
    k = min(max(k, -likelihood.last_bin), likelihood.last_bin) + likelihood.last_bin
    share = likelihood.neutral
    ratio = (1 - share) * likelihood.same_PS[pair, k] / likelihood.different_PS[pair, k] + share
    return float(np.log(ratio) + likelihood.near)


def fused(fusion: Fusion, pictures: Sightings, products: np.ndarray, *, answered: bool = False) -> np.ndarray:
    moments = locate(pictures, fusion.cameras_C)
    scores = np.empty_like(products)
    fuse_block(products, moments, moments, fusion.rule, answered, scores)
    return scores


def random_rows(seed: int, count: int, latest: int = 45) -> list[tuple[int, int, int]]:
    """Pictures of known and unknown cameras and times, in three sessions, with gaps beyond the last bin."""
    rng = np.random.default_rng(seed)
    table = np.column_stack(
        (rng.choice([2, 4, 7, 9], count), rng.integers(0, 3, count), rng.integers(-1, latest, count))
    )
    return [(int(c), int(s), int(t)) for c, s, t in table]


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("latest", [3, 45, 4000])
def test_kernels_equal_the_formula(seed: int, latest: int) -> None:
    rows, likelihood, weight = random_rows(seed, 300, latest), made_up(), 0.03
    products = np.random.default_rng(seed).uniform(-1, 1, (300, 300)).astype(np.float32)
    fusion = likelihood_fusion(likelihood, weight)
    expected = products + weight * np.array([[naive(likelihood, a, b) for b in rows] for a in rows])
    found = fused(fusion, seen(rows), products)
    np.testing.assert_allclose(found, expected, atol=1e-6)
    np.testing.assert_array_equal(found, fused(fusion, seen(rows), products, answered=True))
    one, other = np.divmod(np.arange(300 * 300, dtype=np.int32), np.int32(300))
    pairs = fuse_pairs(products.reshape(-1), one, other, locate(seen(rows), fusion.cameras_C), fusion.rule)
    np.testing.assert_array_equal(pairs, found.reshape(-1))


@pytest.mark.parametrize("latest", [2, 45, 4000])
def test_the_score_is_the_same_whichever_picture_asks(latest: int) -> None:
    products = np.random.default_rng(1).uniform(-1, 1, (400, 400)).astype(np.float32)
    products = np.maximum(products, products.T)
    scores = fused(likelihood_fusion(made_up(), 0.02), seen(random_rows(3, 400, latest)), products)
    np.testing.assert_array_equal(scores, scores.T)


@pytest.mark.parametrize(("gap", "k"), [(0, 0), (1, 0), (2, 1), (4, 1), (5, 2), (30, 10), (31, 10), (900, 10)])
@pytest.mark.parametrize("sign", [1, -1])
def test_nearest_bin_and_the_last_one_for_all_beyond(gap: int, k: int, sign: int) -> None:
    likelihood = made_up()
    times = (1000, 1000 + sign * gap)
    scores = fused(
        likelihood_fusion(likelihood, 1.0), seen([(2, 0, times[0]), (4, 0, times[1])]), np.zeros((2, 2), np.float32)
    )
    assert scores[0, 1] == scores[1, 0] == likelihood.log_ratios()[0, 1, LAST + sign * k]


def test_half_a_bin_goes_outwards() -> None:
    likelihood = made_up(bin_width=4)
    pictures = seen([(2, 0, 100), (4, 0, 102), (4, 0, 98)])
    scores = fused(likelihood_fusion(likelihood, 1.0), pictures, np.zeros((3, 3), np.float32))
    table = likelihood.log_ratios()
    assert (scores[0, 1], scores[0, 2]) == (table[0, 1, LAST + 1], table[0, 1, LAST - 1])


def test_neutral_where_nothing_is_known_or_the_camera_is_the_same() -> None:
    fusion = likelihood_fusion(made_up(), 1.0)
    pictures = seen([(2, 0, 5), (2, 0, 9), (2, 1, 9), (9, 0, 5), (4, 0, -1), (9, 0, 9)])
    cosines = np.random.default_rng(0).uniform(-1, 1, (6, 6)).astype(np.float32)
    np.testing.assert_array_equal(fused(fusion, pictures, cosines), cosines)
    apart = fused(fusion, seen([(2, 0, 5), (4, 1, 5)]), np.zeros((2, 2), np.float32))
    assert apart.tolist() == [[0, -2.5], [-2.5, 0]]


@pytest.mark.parametrize("likelihood", [neutral_likelihood(), neutral_likelihood(np.array([2, 4]))])
def test_a_neutral_likelihood_leaves_the_cosine(likelihood: Likelihood) -> None:
    cosines = np.random.default_rng(0).uniform(-1, 1, (50, 50)).astype(np.float32)
    np.testing.assert_array_equal(fused(likelihood_fusion(likelihood, 3.0), seen(random_rows(0, 50)), cosines), cosines)


def test_weight_nought_leaves_the_cosine_and_no_other_number_is_taken() -> None:
    cosines = np.random.default_rng(0).uniform(-1, 1, (50, 50)).astype(np.float32)
    np.testing.assert_array_equal(fused(likelihood_fusion(made_up(), 0.0), seen(random_rows(0, 50)), cosines), cosines)
    for weight in (-0.1, float("nan"), float("inf")):
        with pytest.raises(InputError, match="weight"):
            likelihood_fusion(made_up(), weight)


def test_what_is_recorded() -> None:
    assert dict(likelihood_fusion(made_up(), 0.5).parameters) == {
        "weight": 0.5,
        "same_camera": "neutral",
        "bin_width": 3,
        "neutral": 0.125,
        "near": 0.75,
        "apart": -2.5,
        "pooling": 1.0,
        "identities": 6,
        "identities_compared": 8,
        "sessions": 2,
    }


def table_of(likelihood: Likelihood) -> Histograms:
    counts = np.zeros((3, 3, 4), np.int64)
    return Histograms(
        cameras_C=np.array([2, 4, 7]), counts_CCB=counts, density_CCB=counts * 0.0, bin_width=10.0, sigma=1.0,
        identities=0, sessions=0, likelihood=likelihood,
    )  # fmt: skip


def test_the_spatial_temporal_stream_is_the_log_ratio_alone() -> None:
    rows, rng = random_rows(5, 60), np.random.default_rng(5)
    pid, features = rng.integers(1, 5, 60), rng.standard_normal((60, 8)).astype(np.float32)
    sightings = seen(rows, pid)
    groups = {
        name: FeatureGroup(sightings=sightings.take(part), features_ND=features[part])
        for name, part in (("query", slice(0, 20)), ("gallery", slice(20, 60)))
    }
    scene = make_scene(FeatureSet(dataset="d", model="m", groups=groups))
    likelihood = made_up()
    streams = rank_streams(
        scene, table_of(likelihood), likelihood_fusion(likelihood, 0.1), PairProducts(scene.features_ND)
    )
    for stream, weight, cosine in (("spatiotemporal", 1.0, 0.0), ("joint", 0.1, 1.0)):
        ranking = streams[stream].ranking()
        for q in range(20):
            for g, score in zip(ranking.indices_QK[q], ranking.scores_QK[q], strict=True):
                if g >= 0:
                    visual = cosine * float(scene.features_ND[q] @ scene.features_ND[20 + g])
                    expected = visual + weight * naive(likelihood, rows[q], rows[20 + g])
                    assert score == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize(
    "likelihood",
    [made_up(), made_up(near=0.0, apart=0.0), neutral_likelihood(np.array([2, 4, 7])), neutral_likelihood()],
)
def test_audit_counts_the_neutral_pairs(likelihood: Likelihood) -> None:
    rows = random_rows(8, 90)
    query, gallery = seen(rows[:30]), seen(rows[30:])
    counts = audit(query, gallery, table_of(likelihood), "likelihood")
    zeros = sum(naive(likelihood, a, b) == 0 for a in rows[:30] for b in rows[30:]) if likelihood.identities else 1800
    assert counts["neutral_pairs"] == pytest.approx(zeros / 1800)
    known = {2, 4, 7}  # the training pictures', whether or not their times are known
    assert counts["unknown_cameras"] == sum(camera not in known for camera, _, _ in rows)
    assert counts["unknown_times"] == sum(time < 0 for _, _, time in rows)
    assert "neutral_pairs" not in audit(query, gallery, table_of(likelihood), "logistic")


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("weight", [1e30, 1e38, 1e39, 1e300])
def test_a_weight_beyond_float32_is_refused(weight: float) -> None:
    with pytest.raises(InputError, match="weight .* is too large"):
        likelihood_fusion(made_up(), weight)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", ["near", "apart"])
@pytest.mark.parametrize("value", [1e300, -1e300, 1e39])
def test_log_ratios_beyond_float32_are_refused(name: str, value: float) -> None:
    with pytest.raises(InputError, match="log ratio of sessions, 1e.* is too large"):
        likelihood_fusion(made_up(**{name: value}), 0.0)
