"""Weights of all pairs by time difference: octaves by hand, and both ways against loops."""

import numpy as np
import pytest
from scenes_by_hand import seen

from streid.files.time_bins import TimeBins
from streid.spatiotemporal import correlation
from streid.spatiotemporal.coded_pictures import code_pictures
from streid.spatiotemporal.correlation import Octave, bins_of_distances, correlate, octaves, pair_index


def test_octaves_by_hand() -> None:
    widening = TimeBins(width=10, last=9, equal=4)
    assert octaves(widening, 39) == [Octave(10, 0, 4, 0, beyond=False)]  # up to cell 3
    assert octaves(widening, 170) == [
        Octave(10, 0, 4, 0, beyond=False),
        Octave(20, 2, 4, 2, beyond=False),  # bins 4, 5: distances 2, 3
        Octave(40, 2, 4, 4, beyond=False),
        Octave(80, 2, 4, 6, beyond=False),
    ]
    assert octaves(TimeBins(width=5, last=6), 30) == [Octave(5, 0, 7, 0, beyond=False)]
    assert octaves(TimeBins(width=5, last=6), 100) == [
        Octave(5, 0, 8, 0, beyond=False),
        Octave(10, 4, 8, 4, beyond=True),
        Octave(20, 4, 8, 8, beyond=True),
    ]


def test_distances_lie_in_their_octaves_bins() -> None:
    widening = TimeBins(width=10, last=9, equal=4)
    inside, bins = bins_of_distances(Octave(40, 2, 4, 4, beyond=False), widening, np.array([-4, -3, -1, 0, 2, 3]))
    assert (inside.tolist(), bins.tolist()) == ([False, True, False, False, True, True], [-7, 6, 7])
    assert bins_of_distances(Octave(10, 4, 8, 4, beyond=True), TimeBins(width=5, last=6), np.array([-5, 7]))[
        1
    ].tolist() == [-6, 6]


@pytest.mark.parametrize("bins", [TimeBins(width=1, last=900), TimeBins(width=1, last=30), TimeBins(width=1, last=31)])
@pytest.mark.parametrize("pair_cost", [0, 1 << 40], ids=["pair by pair", "by transforms"])
def test_bins_of_one_unit_hold_every_pair_exactly(
    bins: TimeBins, pair_cost: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(correlation, "PAIR_COST", pair_cost)
    rng = np.random.default_rng(0)
    rows = [(int(rng.choice([1, 5, 6])), int(rng.integers(2)), int(rng.integers(900))) for _ in range(150)]
    pictures = code_pictures(seen(*rows))
    expected = np.zeros((3, 2 * bins.last + 1))
    for i in range(150):
        for j in range(150):
            low, high = pictures.camera_N[[i, j]]
            if low < high and pictures.session_N[i] == pictures.session_N[j]:
                gap = pictures.clock_N[j] - pictures.clock_N[i]
                k = np.sign(gap) * min(abs(gap), bins.last)
                expected[low + high - 1, bins.last + k] += pictures.share_N[i] * pictures.share_N[j]
    found = correlate(pictures, bins)
    np.testing.assert_allclose(found[:, 1:-1], expected[:, 1:-1], atol=1e-12)
    # Beyond the last bin's beginning pairs are counted by longer cells, and at an octave's edge twice or not at all.
    np.testing.assert_allclose(found[:, [0, -1]], expected[:, [0, -1]], rtol=0.05, atol=1e-12)


def test_pairs_of_cameras_in_order() -> None:
    low, high = np.triu_indices(5, 1)
    assert pair_index(low, high, 5).tolist() == list(range(10))
