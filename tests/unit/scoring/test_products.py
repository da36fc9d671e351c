import logging

import numpy as np
import pytest
from scenes_by_hand import seen

from streid.errors import InputError
from streid.files.features import FeatureGroup
from streid.scoring import products
from streid.scoring.products import PairProducts, normalised_features, prefers_torch

ROWS, COLUMNS = slice(3, 40), slice(20, 75)


@pytest.fixture
def features() -> np.ndarray:
    values = np.random.default_rng(0).standard_normal((80, 48)).astype(np.float32)
    return values / np.linalg.norm(values, axis=1, keepdims=True)


@pytest.mark.parametrize("vendor", ["GenuineIntel", "AuthenticAMD"])
def test_either_library_gives_the_products(features: np.ndarray, vendor: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(products, "processor", lambda: (vendor, frozenset()))
    monkeypatch.setattr(products, "REPAYS_LOADING_TORCH", 0)
    expected = features[ROWS].astype(np.float64) @ features[COLUMNS].T.astype(np.float64)
    room = np.empty(5000, np.float32)
    for one in (PairProducts(features).block(ROWS, COLUMNS), PairProducts(features).block(ROWS, COLUMNS, room)):
        np.testing.assert_allclose(one, expected, atol=1e-6)


def test_torch_is_taken_on_intel_where_it_repays_loading(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(products.sys, "modules", {})
    monkeypatch.setattr(products, "processor", lambda: ("GenuineIntel", frozenset()))
    assert prefers_torch(1e13)
    assert not prefers_torch(1e11)
    monkeypatch.setattr(products.sys, "modules", {"torch": None})
    assert prefers_torch(1e11)
    monkeypatch.setattr(products, "processor", lambda: ("AuthenticAMD", frozenset()))
    assert not prefers_torch(1e13)


def test_rough_products_are_near_and_leave_torch_as_it_was(features: np.ndarray) -> None:
    import torch

    before = torch.backends.mkldnn.matmul.fp32_precision
    expected = features[ROWS].astype(np.float64) @ features[COLUMNS].T.astype(np.float64)
    rough = PairProducts(features, precision="bf16").rough_block(ROWS, COLUMNS)
    np.testing.assert_allclose(rough, expected, atol=4e-3)
    assert torch.backends.mkldnn.matmul.fp32_precision == before
    np.testing.assert_allclose(PairProducts(features, precision="bf16").block(ROWS, COLUMNS), expected, atol=1e-6)
    np.testing.assert_allclose(PairProducts(features).rough_block(ROWS, COLUMNS), expected, atol=1e-6)


def test_a_processor_without_bf16_is_named(
    features: np.ndarray, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(products, "processor", lambda: ("AuthenticAMD", frozenset({"avx2"})))
    with caplog.at_level(logging.WARNING):
        PairProducts(features, precision="bf16")
    assert "no bf16" in caplog.text


def test_an_unknown_precision_is_refused(features: np.ndarray) -> None:
    with pytest.raises(InputError, match="precision"):
        PairProducts(features, precision="fp16")


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
