"""Counts of signed time differences: by hand, and against plain double loops."""

from collections import defaultdict

import numpy as np
import pytest

from streid.files.sightings import Sightings
from streid.files.time_bins import TimeBins
from streid.spatiotemporal import coded_pictures, correlation, pair_counts
from streid.spatiotemporal.correlation import bins_of_distances, octaves
from streid.spatiotemporal.pair_counts import PairCounts, count_pairs


def seen(*rows: tuple[int, int, int, int]) -> Sightings:
    """Sightings from (pid, camid, session, time)."""
    table = np.array(rows, np.int64).reshape(-1, 4)
    return Sightings(
        pid_N=table[:, 0],
        camid_N=table[:, 1],
        session_N=table[:, 2],
        time_N=table[:, 3],
        path_N=np.array([str(row) for row in range(len(table))], object),
    )


def crowd(seed: int, *, pictures: int = 120, people: int = 9, sessions: int = 3, latest: int = 300) -> Sightings:
    """Random sightings, with junk, distractors and unknown times among them."""
    rng = np.random.default_rng(seed)
    columns = (
        rng.integers(-1, people + 1, pictures),
        rng.choice([2, 3, 5, 9], pictures),
        rng.integers(0, sessions, pictures) * 7,
        rng.integers(-1, latest, pictures) + rng.integers(0, 2) * 1000,
    )
    table = np.column_stack(columns)
    table[rng.random(pictures) < 0.1, 3] = -1
    return seen(*(tuple(int(value) for value in row) for row in table))


def naive(sightings: Sightings, bins: TimeBins) -> dict[str, object]:
    """All of `count_pairs` but the folds by a loop over pairs of pictures."""
    last = bins.last
    use = (sightings.pid_N > 0) & (sightings.time_N >= 0)
    one = sightings.take(use)
    cameras = sorted(set(one.camid_N.tolist()))
    order = [(a, b) for i, a in enumerate(cameras) for b in cameras[i + 1 :]]
    begins = {int(s): int(one.time_N[one.session_N == s].min()) for s in set(one.session_N.tolist())}
    span = max((int(t) - begins[int(s)] for s, t in zip(one.session_N, one.time_N, strict=True)), default=0)
    number: dict[tuple[int, int], int] = defaultdict(int)
    for pid, cam in zip(one.pid_N.tolist(), one.camid_N.tolist(), strict=True):
        number[pid, cam] += 1
    same, different = np.zeros((len(order), 2 * last + 1)), np.zeros((len(order), 2 * last + 1))
    inside: dict[int, float] = defaultdict(float)
    compared: dict[int, float] = defaultdict(float)
    within = apart = 0.0
    for i in range(len(one)):
        for j in range(len(one)):
            a, b = int(one.camid_N[i]), int(one.camid_N[j])
            if a >= b:
                continue
            p, q = int(one.pid_N[i]), int(one.pid_N[j])
            weight = 1 / (number[p, a] * number[q, b])
            together = one.session_N[i] == one.session_N[j]
            if p == q:
                compared[p] += weight
                if together:
                    inside[p] += weight
                    (k,) = bins.signed(np.array([one.time_N[j] - one.time_N[i]]))
                    same[order.index((a, b)), last + k] += weight
            elif together:
                within += weight
                clocks = [int(one.time_N[row]) - begins[int(one.session_N[row])] for row in (i, j)]
                for octave in octaves(bins, span):
                    distance = clocks[1] // octave.width - clocks[0] // octave.width
                    for k in bins_of_distances(octave, bins, np.array([distance]))[1]:
                        different[order.index((a, b)), last + k] += weight
            else:
                apart += weight
    return {
        "same": same,
        "different": different,
        "identities": len(inside),
        "identities_compared": len(compared),
        "inside_same": sum(inside[p] / compared[p] for p in compared),
        "inside_different": within / (within + apart) if within + apart else 1.0,
    }


def assert_equal_naive(counts: PairCounts, sightings: Sightings) -> None:
    expected = naive(sightings, counts.bins)
    np.testing.assert_allclose(counts.same_FPS.sum(axis=0), expected.pop("same"), atol=1e-12)
    np.testing.assert_allclose(counts.different_PS, expected.pop("different"), atol=1e-10)
    for name, value in expected.items():
        assert getattr(counts, name) == pytest.approx(value), name


def test_by_hand() -> None:
    counts = count_pairs(
        seen(
            (1, 4, 0, 10), (1, 4, 0, 12), (1, 6, 0, 15),  # two pictures in camera 4: each pair weighs 1/2
            (2, 4, 0, 18), (2, 6, 0, 17),
            (3, 6, 1, 0), (3, 4, 0, 11),  # seen in two sessions
            (0, 4, 0, 11), (-1, 6, 0, 11), (1, 6, 0, -1),  # distractor, junk, unknown time
        ),
        seed=0,
    )  # fmt: skip
    assert counts.cameras_C.tolist() == [4, 6]
    assert (counts.bins, counts.folded) == (TimeBins(width=1, last=8), False)
    assert counts.same_FPS.shape == (5, 1, 2 * 8 + 1)
    same_S = counts.same_FPS.sum(axis=0)[0]
    assert {k - 8: value for k, value in enumerate(same_S) if value} == {5: 0.5, 3: 0.5, -1: 1.0}
    different = {k - 8: round(float(value), 9) for k, value in enumerate(counts.different_PS[0]) if value > 1e-9}
    assert different == {7: 0.5, 5: 0.5, -3: 1.0, 4: 1.0, 6: 1.0}  # 1 with 2, 2 with 1, 3's camera 4 with both
    assert (counts.identities, counts.identities_compared, counts.sessions) == (2, 3, 2)
    assert counts.inside_same == pytest.approx(2)
    assert counts.inside_different == pytest.approx(4 / 6)  # 3's picture in camera 6 meets 1 and 2 across


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("sessions", [1, 3])
def test_equals_plain_loops(seed: int, sessions: int) -> None:
    sightings = crowd(seed, sessions=sessions)
    counts = count_pairs(sightings, seed=seed)
    assert (counts.bins.width, counts.bins.equal, counts.folded) == (1, 0, False)
    assert_equal_naive(counts, sightings)


@pytest.mark.parametrize("batch", [1 << 20, 1, 50])
@pytest.mark.parametrize("pair_cost", [0, 1 << 40], ids=["pair by pair", "by transforms"])
@pytest.mark.parametrize(
    "bins",
    [
        TimeBins(width=9, last=200), TimeBins(width=1, last=20), TimeBins(width=7, last=5),
        TimeBins(width=1, last=40, equal=8), TimeBins(width=3, last=9, equal=4), TimeBins(width=1, last=1),
    ],
)  # fmt: skip
def test_any_bins_and_small_batches_equal_plain_loops(
    bins: TimeBins, pair_cost: int, batch: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pair_counts, "choose_bins", lambda *_, **__: bins)
    monkeypatch.setattr(correlation, "PAIR_COST", pair_cost)
    monkeypatch.setattr(coded_pictures, "PAIR_BATCH", batch)
    assert_equal_naive(count_pairs(crowd(7), seed=0), crowd(7))


def test_each_identity_and_camera_pair_weighs_one_and_lies_in_one_fold() -> None:
    sightings = crowd(3, sessions=1, people=40, pictures=400)
    counts = count_pairs(sightings, seed=0)
    use = (sightings.pid_N > 0) & (sightings.time_N >= 0)
    pairs = sum(
        len(cameras) * (len(cameras) - 1) // 2
        for cameras in (set(sightings.camid_N[use & (sightings.pid_N == pid)].tolist()) for pid in range(1, 41))
    )
    assert counts.same_FPS.sum() == pytest.approx(pairs)
    np.testing.assert_allclose(counts.same_FPS.sum(axis=(1, 2)), np.round(counts.same_FPS.sum(axis=(1, 2))), atol=1e-9)
    again, other = count_pairs(sightings, seed=0), count_pairs(sightings, seed=1)
    np.testing.assert_array_equal(again.same_FPS, counts.same_FPS)
    assert not np.array_equal(other.same_FPS, counts.same_FPS)
    np.testing.assert_allclose(other.same_FPS.sum(axis=0), counts.same_FPS.sum(axis=0), atol=1e-12)


@pytest.mark.parametrize(
    "sightings",
    [seen(), seen((0, 1, 0, 3), (-1, 2, 0, 3)), seen((1, 1, 0, 5)), seen((1, 1, 0, 5), (1, 2, 0, -1))],
)
def test_nothing_to_count(sightings: Sightings) -> None:
    counts = count_pairs(sightings, seed=0)
    assert (counts.identities, counts.identities_compared, counts.inside_different) == (0, 0, 1.0)
    assert counts.same_FPS.sum() == counts.different_PS.sum() == 0


def test_people_who_never_meet_leave_no_trace_of_rounding() -> None:
    rng = np.random.default_rng(0)
    pid = np.repeat(np.arange(1, 201), 20)
    table = np.column_stack((pid, rng.integers(1, 7, len(pid)), pid, rng.integers(0, 5000, len(pid))))
    counts = count_pairs(seen(*(tuple(int(value) for value in row) for row in table)), seed=0)
    assert counts.identities == 200
    assert not counts.different_PS.any()
    assert counts.inside_different == 0


def test_cameras_where_no_two_people_meet_are_exactly_nothing() -> None:
    rng = np.random.default_rng(1)
    walkers = [(pid, cam, pid, int(rng.integers(0, 4000))) for pid in range(1, 60) for cam in (1, 2, 3) for _ in "abc"]
    counts = count_pairs(seen(*walkers, (90, 1, 1, 7)), seed=0)
    assert counts.different_PS[:2].sum(axis=1) == pytest.approx([1, 1])
    assert not counts.different_PS[2].any()
