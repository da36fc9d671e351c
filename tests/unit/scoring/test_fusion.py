import math
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from streid.errors import InputError
from streid.files import features
from streid.files.features import FeatureGroup, read_features, write_features
from streid.files.histograms import Histograms
from streid.files.sightings import Sightings
from streid.scoring.compilation import Rule
from streid.scoring.evaluation import make_scene, read_scene
from streid.scoring.fusion import Fusion, locate, logistic_fusion, signed_table, temporal_fusion, visual_fusion
from streid.scoring.kernels import fuse_block
from streid.scoring.products import PairProducts, normalised_features


def seen(*rows: tuple[int, int, int]) -> Sightings:
    """Sightings from (camid, session, time)."""
    table = np.array(rows, np.int64)
    return Sightings(
        pid_N=np.ones(len(rows), np.int64),
        camid_N=table[:, 0],
        session_N=table[:, 1],
        time_N=table[:, 2],
        path_N=np.array([str(row) for row in range(len(rows))], object),
    )


def two_cameras() -> Histograms:
    density = np.zeros((2, 2, 3))
    density[0, 1] = (0.1, 0.2, 0.3)  # camera 2 later than camera 4
    density[1, 0] = (0.4, 0.5, 0.6)  # camera 4 later than camera 2
    return Histograms(
        cameras_C=np.array([2, 4]),
        counts_CCB=np.ones((2, 2, 3), np.int64),
        density_CCB=density,
        bin_width=100.0,
        sigma=1.0,
        identities=1,
        sessions=1,
    )


def fused(fusion: Fusion, pictures: Sightings, products: np.ndarray, *, answered: bool = False) -> np.ndarray:
    moments = locate(pictures, fusion.cameras_C)
    scores = np.empty_like(products)
    fuse_block(products, moments, moments, fusion.rule, answered, scores)
    return scores


@pytest.mark.parametrize(
    ("asking", "asked", "p"),
    [
        ((2, 0, 250), (4, 0, 0), 0.3),
        ((2, 0, 99), (4, 0, 0), 0.1),
        ((2, 0, 100), (4, 0, 0), 0.2),
        ((4, 0, 100), (2, 0, 0), 0.5),
        ((4, 0, 0), (2, 0, 100), 0.2),
        ((2, 0, 7), (4, 0, 7), 0.4),  # equal times: the asked camera counts as later
        ((4, 0, 7), (2, 0, 7), 0.1),
        ((2, 0, 300), (4, 0, 0), 0.0),  # beyond the last bin
        ((2, 0, 0), (4, 0, 300), 0.0),
        ((2, 0, 50), (2, 0, 0), 0.0),  # same camera
        ((2, 0, 50), (4, 1, 0), 0.0),  # other session
        ((2, 0, -1), (4, 0, 0), 0.0),  # unknown times
        ((2, 0, -1), (4, 0, -1), 0.0),
        ((3, 0, 50), (4, 0, 0), 0.0),  # unknown camera
    ],
)
def test_what_the_times_say(asking: tuple[int, int, int], asked: tuple[int, int, int], p: float) -> None:
    pictures = seen(asking, asked)
    zeros = np.zeros((2, 2), np.float32)
    assert fused(temporal_fusion(two_cameras()), pictures, zeros)[0, 1] == pytest.approx(p)
    assert fused(temporal_fusion(two_cameras()), pictures, zeros, answered=True)[1, 0] == pytest.approx(p)
    for cosine in (-1.0, -0.3, 0.0, 0.72, 1.0):
        joint = fused(logistic_fusion(two_cameras(), 5.0), pictures, np.full((2, 2), cosine, np.float32))[0, 1]
        assert joint == pytest.approx(1 / (1 + math.exp(-5 * cosine)) / (1 + 2 * math.exp(-5 * p)), rel=1e-6)


def test_without_fusion_the_score_is_the_cosine() -> None:
    products = np.random.default_rng(0).uniform(-1, 1, (3, 3)).astype(np.float32)
    np.testing.assert_array_equal(fused(visual_fusion(), seen((2, 0, 0), (4, 0, 5), (9, 1, -1)), products), products)


@pytest.mark.parametrize("alpha", [0.01, 5.0, 80.0])
def test_logistic_keeps_its_precision_at_any_steepness(alpha: float) -> None:
    products = np.linspace(-1, 1, 601, dtype=np.float32)[None]
    fusion = logistic_fusion(two_cameras(), alpha)
    moments = locate(seen(*([(9, 0, 0)] * 601)), fusion.cameras_C)
    scores = np.empty_like(products)
    fuse_block(products, moments, moments, fusion.rule, False, scores)
    expected = 1 / (1 + np.exp(-alpha * products.astype(np.float64))) / 3
    np.testing.assert_allclose(scores, expected, rtol=2e-5 if alpha > 50 else 1e-6)


def test_signed_table_by_hand() -> None:
    table = signed_table(two_cameras().density_CCB, beyond=-1.0)
    np.testing.assert_allclose(table[0, 1], [-1, 0.6, 0.5, 0.4, 0.1, 0.2, 0.3, -1], rtol=1e-6)
    np.testing.assert_allclose(table[1, 0], [-1, 0.3, 0.2, 0.1, 0.4, 0.5, 0.6, -1], rtol=1e-6)
    assert (table[0, 0] == -1).all()


def test_table_that_contradicts_itself_is_refused() -> None:
    table = np.zeros((1, 1, 4), np.float32)
    table[0, 0, 3] = 1
    rule = Rule(table, 1.0, 0.0, np.float32(0), np.float32(0), np.float32(0), False)
    with pytest.raises(InputError, match="the other way round"):
        Fusion(name="x", parameters={}, cameras_C=np.array([1]), rule=rule)


def test_added_table_with_values_apart_and_unknown() -> None:
    table = np.broadcast_to(
        np.array([0.5, 0.25, 0.25, 0.5], np.float32), (2, 2, 4)
    ).copy()  # a camera against itself too
    rule = Rule(table, 10.0, 0.0, np.float32(-2), np.float32(-3), np.float32(0), False)
    fusion = Fusion(name="x", parameters={}, cameras_C=np.array([1, 2]), rule=rule)
    pictures = seen((1, 0, 0), (1, 0, 5), (1, 0, 50), (2, 1, 0), (1, 1, 0), (1, 0, -1))
    scores = fused(fusion, pictures, np.zeros((6, 6), np.float32))
    assert scores[0].tolist() == [0.25, 0.25, 0.5, -2, -3, -3]  # -3, as if unknown: one camera in two sessions
    assert scores[3].tolist() == [-2, -2, -2, 0.25, 0.25, -3]
    assert scores[5].tolist() == [-3] * 6


def test_normalised_rows_have_length_one_whatever_their_scale() -> None:
    rng = np.random.default_rng(0)
    scale = np.array([1e-30, 1.0, 1e30], np.float32)[:, None]
    group = FeatureGroup(
        sightings=seen(*([(1, 0, 0)] * 3)), features_ND=rng.standard_normal((3, 8), np.float32) * scale
    )
    features = normalised_features({"query": group, "gallery": group}, ("query", "gallery"))
    np.testing.assert_allclose(np.linalg.norm(features.astype(np.float64), axis=1), 1, atol=1e-6)
    products = PairProducts(features).block(slice(0, 2), slice(3, 6))
    np.testing.assert_allclose(products, features[:2] @ features[3:].T, atol=1e-6)


def test_zero_feature_row_is_named() -> None:
    features = np.ones((5000, 2), np.float32)
    features[4500] = 0
    group = FeatureGroup(sightings=seen(*([(1, 0, 0)] * 5000)), features_ND=features)
    with pytest.raises(InputError, match="group gallery: features of row 4500 are all zero"):
        normalised_features({"gallery": group}, ("gallery",))


@pytest.mark.parametrize("spoiled", ["table_CCS", "apart", "unknown", "alpha"])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 2e30])
def test_a_rule_that_could_make_scores_infinite_is_refused(spoiled: str, value: float) -> None:
    fusion = logistic_fusion(two_cameras(), 5.0)
    wrong = np.full_like(fusion.rule.table_CCS, value) if spoiled == "table_CCS" else np.float32(value)
    with pytest.raises(InputError, match="not finite, or larger than 1e\\+30"):
        Fusion(name="x", parameters={}, cameras_C=fusion.cameras_C, rule=fusion.rule._replace(**{spoiled: wrong}))


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("alpha", [1e31, 1e39, 1e300, float("inf")])
def test_an_alpha_beyond_float32_is_refused(alpha: float) -> None:
    with pytest.raises(InputError, match="alpha .* is too large"):
        logistic_fusion(two_cameras(), alpha)


def test_a_very_large_alpha_still_gives_finite_scores() -> None:
    pictures = seen((2, 0, 0), (4, 0, 150), (4, 0, -1))
    products = np.array([[1, -1, 0.5], [-1, 1, 0], [0.5, 0, 1]], np.float32)
    assert np.isfinite(fused(logistic_fusion(two_cameras(), 1e30), pictures, products)).all()


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


def test_clocks_start_at_their_sessions_earliest_usable_time() -> None:
    begin = 1_700_000_000_123_456_789  # nanoseconds since 1970: float64 is 256 of them coarse
    pictures = seen((2, 0, begin + 7), (4, 0, begin), (2, 1, 5), (4, 0, -1), (9, 1, 3), (4, 2, -1))
    moments = locate(pictures, np.array([2, 4]))
    assert moments.time_N.tolist() == [7, 0, 0, 0, 0, 0]
    assert moments.session_N.tolist() == [0, 0, 1, -1, -1, -1]
