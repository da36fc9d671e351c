import logging
import math
from pathlib import Path

import numpy as np
import pytest
from scenes_by_hand import passages

from streid.errors import InputError
from streid.files.histograms import Histograms, read_histograms, write_histograms
from streid.files.sightings import Sightings
from streid.spatiotemporal.travel_histograms import build_histograms


def naive(sightings: Sightings, width: float, sigma: int, bins: int) -> tuple[np.ndarray, np.ndarray]:
    """Counts and densities by loops over st-ReID's definitions."""
    sums: dict[tuple[int, int, int], list[int]] = {}
    rows = zip(sightings.pid_N, sightings.session_N, sightings.camid_N, sightings.time_N, strict=True)
    for pid, session, camid, time in rows:
        if pid > 0 and time >= 0:
            sums.setdefault((pid, session, camid), []).append(time)
    means = {key: sum(times) / (len(times) + 1e-7) for key, times in sums.items()}
    cameras = sorted(set(sightings.camid_N[sightings.pid_N > 0].tolist()))
    counts = np.zeros((len(cameras), len(cameras), bins))
    for (pid, session, camid), mean in means.items():
        for k, other in enumerate(cameras):
            if other <= camid or (pid, session, other) not in means:
                continue
            j = cameras.index(camid)
            gap = mean - means[pid, session, other]
            pair = (j, k) if gap > 0 else (k, j)
            counts[(*pair, math.floor(abs(gap) / width))] += 1
    density = np.zeros_like(counts)
    for a in range(len(cameras)):
        for b in range(len(cameras)):
            share = counts[a, b] / (counts[a, b].sum() + 1e-7)
            for x in range(bins):
                for offset in range(-3 * sigma, 3 * sigma + 1):
                    if 0 <= x + offset < bins:
                        weight = math.exp(-(offset**2) / (2 * sigma**2)) / (sigma * math.sqrt(2 * math.pi))
                        density[a, b, x] += share[x + offset] * weight
            density[a, b] /= density[a, b].sum() + 1e-7
    return counts, density


def test_counts_by_hand() -> None:
    histograms = build_histograms(
        passages(
            (1, 1, 0, 50), (1, 4, 0, 350),  # camera 4 later by just under 300: bin 2
            (2, 1, 0, 1000), (2, 4, 0, 980),  # camera 1 later, bin 0
            (3, 1, 0, 500), (3, 4, 0, 500),  # equal: [higher][lower]
            (4, 1, 0, 0), (4, 4, 1, 9000),  # different sessions say nothing
            (5, 1, 0, 0), (5, 4, 0, -1),  # unknown time
            (0, 1, 0, 0), (0, 4, 0, 700), (-1, 1, 0, 0), (-1, 4, 0, 700),  # distractor and junk
        ),
        bin_width=100,
        max_bins=5000,
        sigma=2,
    )  # fmt: skip
    assert histograms.cameras_C.tolist() == [1, 4]
    assert histograms.counts_CCB.shape == (2, 2, 2 + 1 + 6)
    assert np.argwhere(histograms.counts_CCB).tolist() == [[0, 1, 0], [1, 0, 0], [1, 0, 2]]
    assert (histograms.identities, histograms.sessions) == (3, 1)


@pytest.mark.parametrize("seed", range(4))
def test_equals_naive_loops(seed: int) -> None:
    rng = np.random.default_rng(seed)
    rows = np.column_stack(
        (rng.integers(-1, 9, 90), rng.integers(2, 6, 90), rng.integers(0, 2, 90), rng.integers(-1, 400, 90))
    )
    sightings = passages(*(tuple(int(value) for value in row) for row in rows))
    built = build_histograms(sightings, bin_width=10, max_bins=500, sigma=3)
    counts, density = naive(sightings, 10, 3, built.counts_CCB.shape[2])
    np.testing.assert_array_equal(built.counts_CCB, counts)
    np.testing.assert_allclose(built.density_CCB, density, rtol=0, atol=1e-12)


def test_difference_beyond_the_last_bin_is_left_out_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        histograms = build_histograms(
            passages((1, 1, 0, 0), (1, 2, 0, 950), (2, 1, 0, 0), (2, 2, 0, 150)), bin_width=100, max_bins=5, sigma=50
        )
    assert histograms.counts_CCB.shape[2] == 5
    assert histograms.counts_CCB.sum() == 1
    assert "1 of 2 time differences" in caplog.text


@pytest.mark.parametrize("sightings", [passages((1, 1, 0, -1), (1, 2, 0, -1)), passages((0, 3, 0, 5)), passages()])
def test_without_times_counts_are_zero_and_can_be_stored(
    sightings: Sightings, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        histograms = build_histograms(sightings, bin_width=100, max_bins=5000, sigma=50)
    assert histograms.counts_CCB.sum() == 0
    assert histograms.identities == 0
    assert "every count is 0" in caplog.text
    write_histograms(tmp_path / "h.h5", histograms)
    stored: Histograms = read_histograms(tmp_path / "h.h5")
    assert stored.density_CCB.shape == histograms.density_CCB.shape
    assert stored.cameras_C.tolist() == histograms.cameras_C.tolist()


@pytest.mark.parametrize("offset", [0, 1_700_000_000, 1_700_000_000_000])
def test_where_the_clock_begins_changes_no_count(offset: int) -> None:
    rows = [
        (pid, cam, 0, 10 * pid + cam * 37 + shot) for pid in range(1, 9) for cam in (1, 2, 3) for shot in range(cam)
    ]
    plain = build_histograms(passages(*rows), bin_width=4, max_bins=100, sigma=1)
    shifted = [(pid, cam, session, time + offset) for pid, cam, session, time in rows]
    moved = build_histograms(passages(*shifted, (1, 1, 1, 5)), bin_width=4, max_bins=100, sigma=1)
    np.testing.assert_array_equal(moved.counts_CCB, plain.counts_CCB)


@pytest.mark.parametrize("settings", [(1e-300, 50.0), (1e300, 50.0), (100.0, 1e-300), (100.0, 1e300)])
def test_settings_beyond_all_use_are_refused(settings: tuple[float, float]) -> None:
    with pytest.raises(InputError, match="a number from 1e-06 to"):
        build_histograms(passages((1, 1, 0, 0), (1, 2, 0, 95)), bin_width=settings[0], max_bins=50, sigma=settings[1])


@pytest.mark.parametrize("settings", [(1e-6, 1e-6), (1e15, 1e6), (1e-6, 1e6)])
def test_the_widest_settings_work(settings: tuple[float, float]) -> None:
    rows = passages((1, 1, 0, 0), (1, 2, 0, 2**53 - 1))
    built = build_histograms(rows, bin_width=settings[0], max_bins=50, sigma=settings[1])
    assert np.isfinite(built.density_CCB).all()
