"""Which bins are chosen: by travel times, whatever single times or the sessions' length say."""

import numpy as np
import pytest
from scenes_by_hand import seen

from streid.files.sightings import Sightings
from streid.files.time_bins import TimeBins
from streid.spatiotemporal.coded_pictures import code_pictures
from streid.spatiotemporal.travel_bins import FINE, Spread, choose_bins, is_folded, measure_spread


def spread(*gaps: int) -> Spread:
    return Spread(weight_B=np.bincount(FINE.signed(np.array(gaps, np.int64)), minlength=FINE.last + 1).astype(float))


def people(*rows: tuple[int, int, int]) -> Sightings:
    """Sightings from (pid, camid, time), in one session."""
    one = seen(*((camid, 0, time) for _, camid, time in rows))
    return Sightings(
        pid_N=np.array([pid for pid, _, _ in rows]), camid_N=one.camid_N, session_N=one.session_N, time_N=one.time_N,
        path_N=one.path_N,
    )  # fmt: skip


def test_the_spread_weighs_an_identity_and_two_cameras_as_one() -> None:
    found = measure_spread(code_pictures(people((1, 1, 10), (1, 1, 20), (1, 2, 25), (2, 1, 0), (2, 2, 5), (3, 1, 9))))
    assert {bin_: weight for bin_, weight in enumerate(found.weight_B) if weight} == {5: 1.5, 15: 0.5}
    assert (found.quantile(0.5), found.quantile(0.75), found.quantile(0.76)) == (5, 5, 15)
    assert found.commonest() == (5, 0.75)


def test_quantiles_of_long_differences_are_near_enough() -> None:
    found = spread(*range(10**9, 10**9 + 100))
    assert found.quantile(0.5) == pytest.approx(10**9, rel=0.002)
    assert Spread(weight_B=np.zeros(FINE.last + 1)).quantile(0.5) == 0
    assert Spread(weight_B=np.zeros(FINE.last + 1)).commonest() == (0, 0)


USUAL = [*range(1000, 2000, 10)]


@pytest.mark.parametrize(
    ("span", "bins", "folded"),
    [
        (3000, TimeBins(width=1, last=3000), False),
        (12_000, TimeBins(width=3, last=4000), False),  # 12,000 / 4096, and 4000 threes
        (86_400, TimeBins(width=4, last=3961), True),  # 8 x 1980 = 15,840 time units, then all beyond
        (365 * 86_400, TimeBins(width=4, last=3961), True),
        (1_700_000_000_000, TimeBins(width=4, last=3961), True),
    ],
)
def test_bins_of_one_width_reach_eight_times_the_usual_longest_time(span: int, bins: TimeBins, folded: bool) -> None:
    chosen = choose_bins(spread(*USUAL), span=span, cameras=4)
    assert (chosen, is_folded(chosen, span)) == (bins, folded)


def test_one_difference_in_a_hundred_decides_nothing() -> None:
    usual = choose_bins(spread(*USUAL * 2), span=86_400, cameras=4)
    for extreme in (0, 10**12):
        found = choose_bins(spread(*USUAL * 2, extreme), span=10**12, cameras=4)
        assert (found.width, found.equal) == (usual.width, usual.equal)
        assert found.last == pytest.approx(usual.last, rel=0.01)


def test_times_of_all_sizes_have_bins_that_widen() -> None:
    chosen = choose_bins(spread(*(2**power for power in range(26) for _ in "abc")), span=2**26, cameras=4)
    assert (chosen.width, chosen.equal) == (1, 1024)
    assert chosen.last == 1024 + 512 * 16  # 2^26: sixteen octaves above 2^10
    width_B = np.diff(chosen.starts())
    assert (width_B[1:1024] == 1).all()
    assert (width_B[1024:] / chosen.starts()[1024:-1]).max() <= 1 / 511


@pytest.mark.parametrize("cameras", [20, 60, 200, 1000])
@pytest.mark.parametrize("gaps", [USUAL, [2**power for power in range(40)]], ids=["usual", "all sizes"])
def test_many_cameras_have_fewer_bins(cameras: int, gaps: list[int]) -> None:
    chosen = choose_bins(spread(*gaps), span=2**40, cameras=cameras)
    assert cameras**2 * 2 * chosen.last <= max(1 << 24, cameras**2 * 2 * 8)
    assert is_folded(chosen, 2**40) or chosen.last > 40


def test_nobody_and_nothing_but_zeros() -> None:
    assert choose_bins(spread(), span=0, cameras=0) == TimeBins(width=1, last=1)
    assert choose_bins(spread(0, 0, 0), span=500, cameras=2) == TimeBins(width=1, last=9)
