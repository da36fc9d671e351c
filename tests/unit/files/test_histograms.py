"""The spatial-temporal tables: checks, round trips through histograms.h5, and what its reader refuses."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from streid.errors import InputError
from streid.files import histograms
from streid.files.features import read_features
from streid.files.histograms import HeldOut, Histograms, Likelihood, neutral_likelihood


def three_cameras(**changes: Any) -> Likelihood:
    """Densities over seven signed bins for cameras 1, 4 and 9."""
    rng = np.random.default_rng(0)
    values: dict[str, Any] = {
        "cameras_C": np.array([1, 4, 9]),
        "same_PS": rng.dirichlet(np.ones(7), 3).astype(np.float32),
        "different_PS": rng.dirichlet(np.ones(7), 3).astype(np.float32),
        "identities_P": np.array([4.0, 2.5, 0.0]),
        "bin_width": 3,
        "equal_bins": 2,
        "neutral": 0.25,
        "near": 0.5,
        "apart": -1.5,
        "identities": 5,
        "identities_compared": 6,
        "sessions": 2,
        "pooling": 3.0,
        "windows_J": np.array([1.0, 2.0]),
        "weights_J": np.array([0.75, 0.25]),
    }
    return Likelihood(**values | changes)


def make_histograms(**changes: Any) -> Histograms:
    table = np.arange(12).reshape(2, 2, 3)
    values: dict[str, Any] = {"cameras_C": np.array([1, 4]), "counts_CCB": table, "density_CCB": table / 12}
    return Histograms(**{**values, "bin_width": 100.0, "sigma": 50.0, "identities": 7, "sessions": 1, **changes})


def assert_same(found: Likelihood, expected: Likelihood) -> None:
    for name in (*histograms.LIKELIHOOD_TABLES, *histograms.LIKELIHOOD_ATTRIBUTES):
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name), err_msg=name)


def test_round_trip(tmp_path: Path) -> None:
    held_out = HeldOut(likelihood=three_cameras(near=0.25), pids_H=np.array([3, 8]))
    warnings = ("the clock is too coarse", "camera 4 at 0 (bild-\N{LATIN SMALL LETTER U WITH DIAERESIS}.jpg)")
    written = make_histograms(likelihood=three_cameras(), held_out=held_out, warnings=warnings)
    histograms.write_histograms(tmp_path / "h.h5", written)
    loaded = histograms.read_histograms(tmp_path / "h.h5")
    np.testing.assert_array_equal(loaded.counts_CCB, written.counts_CCB)
    np.testing.assert_array_equal(loaded.density_CCB, written.density_CCB)
    assert (loaded.bin_width, loaded.sigma, loaded.identities, loaded.sessions) == (100.0, 50.0, 7, 1)
    assert loaded.warnings == warnings
    assert_same(loaded.likelihood, three_cameras())
    assert loaded.held_out is not None
    assert_same(loaded.held_out.likelihood, three_cameras(near=0.25))
    assert loaded.held_out.pids_H.tolist() == [3, 8]
    with pytest.raises(InputError, match="format is"):
        read_features(tmp_path / "h.h5")


def test_same_tables_give_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a.h5", "b.h5"):
        histograms.write_histograms(tmp_path / name, make_histograms(likelihood=three_cameras()))
    assert (tmp_path / "a.h5").read_bytes() == (tmp_path / "b.h5").read_bytes()


def test_without_held_out_identities_and_without_a_likelihood(tmp_path: Path) -> None:
    histograms.write_histograms(tmp_path / "h.h5", make_histograms())
    loaded = histograms.read_histograms(tmp_path / "h.h5")
    assert loaded.held_out is None
    assert loaded.warnings == ()
    assert_same(loaded.likelihood, neutral_likelihood())


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda file: file.attrs.__setitem__("version", 1), "version 1 of streid-histograms is not the one .* make it"),
        (lambda file: file.__delitem__("likelihood"), "incomplete"),
        (lambda file: file.__delitem__("likelihood/same"), "incomplete"),
        (lambda file: file["likelihood"].attrs.__delitem__("near"), "incomplete"),
        (lambda file: file["likelihood"].attrs.__setitem__("neutral", 0.0), "neutral share 0.0"),
        (lambda file: file["likelihood/same"].__setitem__((0, 1), np.nan), "must be finite"),
        (lambda file: file["held_out/pids"].__setitem__(0, 9), "held-out identities"),
        (lambda file: file["density"].__setitem__((0, 1, 1), np.inf), "must be finite"),
        (lambda file: file["counts"].__setitem__((0, 1, 1), -1), "not negative"),
        (lambda file: (file.__delitem__("cameras"), file.__setitem__("cameras", [1.5, np.nan])), "cameras holds float"),
        (lambda file: (file.__delitem__("counts"), file.__setitem__("counts", np.ones((2, 3, 3), int))), "has shape"),
        (
            lambda file: (file.__delitem__("density"), file.create_dataset("density", (10**5, 10**5), "f8")),
            "density declares shape",
        ),
        (
            lambda file: (file.__delitem__("likelihood"), file.__setitem__("likelihood", h5py.ExternalLink("x", "/"))),
            "likelihood is a link into another file",
        ),
        (lambda file: file.__delitem__("held_out/pids"), "incomplete"),
        (lambda file: (file.__delitem__("likelihood"), file.__setitem__("likelihood", [1])), "not laid out"),
    ],
)
def test_unusable_files_are_refused(tmp_path: Path, damage: Callable[[h5py.File], None], message: str) -> None:
    path = tmp_path / "h.h5"
    held_out = HeldOut(likelihood=three_cameras(), pids_H=np.array([3, 8]))
    histograms.write_histograms(path, make_histograms(likelihood=three_cameras(), held_out=held_out))
    with h5py.File(path, "r+") as handle:
        damage(handle)
    with pytest.raises(InputError, match=message) as refused:
        histograms.read_histograms(path)
    assert str(path) in str(refused.value)


def test_flipped_and_truncated_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "h.h5"
    histograms.write_histograms(path, make_histograms(likelihood=three_cameras()))
    with h5py.File(path) as handle:
        stored = handle["likelihood/same"].id.get_chunk_info(0)
    whole = path.read_bytes()
    flipped = bytearray(whole)
    flipped[stored.byte_offset + stored.size // 2] ^= 1
    for content in (bytes(flipped), whole[: len(whole) // 2]):
        path.write_bytes(content)
        with pytest.raises(InputError, match="damaged"):
            histograms.read_histograms(path)


@pytest.mark.parametrize(
    "changes",
    [{"bin_width": float("nan")}, {"bin_width": 0.0}, {"sigma": -1.0}, {"cameras_C": np.array([4, 1])}]
    + [{"density_CCB": np.full((2, 2, 3), bad)} for bad in (np.nan, -0.1)],
)
def test_unusable_histograms_are_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        make_histograms(**changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"cameras_C": np.array([1, 9, 4])},
        {"cameras_C": np.array([1, 4])},
        {"same_PS": np.ones((3, 5), np.float32)},
        {"same_PS": np.ones((3, 6), np.float32), "different_PS": np.ones((3, 6), np.float32)},
        {"different_PS": np.full((3, 7), -0.1, np.float32)},
        {"identities_P": np.ones(2)},
        {"weights_J": np.ones(3)},
        {"bin_width": 0},
        {"equal_bins": 3},
        {"neutral": 0.0},
        {"neutral": 1.5},
        {"pooling": -1.0},
        {"near": float("inf")},
        {"apart": float("nan")},
    ],
)
def test_unusable_likelihoods_are_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        three_cameras(**changes)


@pytest.mark.parametrize("pids", [[], [3, 3], [4, 2]])
def test_unusable_held_out_identities_are_refused(pids: list[int]) -> None:
    with pytest.raises(InputError, match="held-out identities"):
        HeldOut(likelihood=three_cameras(), pids_H=np.array(pids, np.int64))


def test_log_ratios_follow_the_formula_and_mirror_exactly() -> None:
    one = three_cameras()
    table = one.log_ratios()
    assert (table.dtype, table.shape, one.last_bin) == (np.float32, (3, 3, 7), 3)
    for pair, (low, high) in enumerate(((0, 1), (0, 2), (1, 2))):
        expected = np.log(0.75 * one.same_PS[pair].astype(float) / one.different_PS[pair] + 0.25) + 0.5
        np.testing.assert_allclose(table[low, high], expected, rtol=1e-5, atol=1e-6)
        for k in range(-3, 4):
            assert table[high, low, 3 - k] == table[low, high, 3 + k]
    assert not table[[0, 1, 2], [0, 1, 2]].any()


@pytest.mark.parametrize("cameras", [0, 1, 4])
def test_a_neutral_likelihood_says_nothing(cameras: int) -> None:
    nothing = neutral_likelihood(np.arange(cameras), identities=1)
    assert nothing.log_ratios().shape == (cameras, cameras, 3)
    assert not nothing.log_ratios().any()
    assert (nothing.near, nothing.apart, nothing.identities) == (0, 0, 1)
