import logging

import numpy as np
import pytest

from streid.errors import InputError
from streid.scoring import products
from streid.scoring.products import PairProducts, prefers_torch

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
