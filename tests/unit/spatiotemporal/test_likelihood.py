"""The fit: against a plain second implementation, and what must hold of any."""

import logging
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
from scenes_by_hand import naive_smooth

from streid.files.histograms import Likelihood, read_histograms, write_histograms
from streid.files.sightings import Sightings, concatenate_sightings
from streid.spatiotemporal import likelihood
from streid.spatiotemporal.likelihood import fit_held_out, fit_likelihood
from streid.spatiotemporal.pair_counts import FOLDS, PairCounts, count_pairs
from streid.spatiotemporal.travel_histograms import build_histograms


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


def walks(seed: int, *, people: int = 30, sessions: int = 2, cameras: int = 3, latest: int = 60) -> Sightings:
    """People who reach camera c about 12 c after they start, up to `latest`; some return in another session."""
    rng = np.random.default_rng(seed)
    rows = []
    for pid in range(1, people + 1):
        session, start = int(rng.integers(sessions)), int(rng.integers(0, latest))
        for camera in range(1, cameras + 1):
            for picture in range(int(rng.integers(0, 4))):
                moved = (session + 1) % sessions if rng.random() < 0.15 else session
                rows.append((pid, camera, moved, start + 12 * camera + int(rng.integers(-2, 3)) + picture))
    return seen(*rows)


def smoothed(histogram: np.ndarray, sigma: float, folded: bool) -> np.ndarray:
    """A histogram smoothed, where `folded` between its first and last bin, which stay."""
    if not folded:
        return naive_smooth(histogram, sigma)
    return np.concatenate((histogram[:1], naive_smooth(histogram[1:-1], sigma), histogram[-1:]))


def shrunk(histograms: np.ndarray, sigma: float, pooling: float, folded: bool) -> np.ndarray:
    """Each pair's smoothed histogram, mixed with the one of all pairs and both directions, sum 1."""
    own = np.array([smoothed(one, sigma, folded) for one in histograms])
    pooled = own.sum(axis=0) + own.sum(axis=0)[::-1]
    return (own + pooling * pooled / pooled.sum()) / (histograms.sum(axis=1)[:, None] + pooling)


def of_strangers(counts: PairCounts, windows: list[float], shares: np.ndarray, pooling: float) -> np.ndarray:
    """The density of different people: where folded, few pairs in a window are mixed with the next wider one."""
    histograms, edges = counts.different_PS, counts.bins.edges()
    if not counts.folded:
        return sum(s * shrunk(histograms, w, pooling, False) for s, w in zip(shares, windows, strict=True))
    beyond = histograms[:, [0, -1]].sum() / histograms.sum()
    density = np.zeros_like(histograms)
    for p, histogram in enumerate(histograms):
        wider = [0, *((1 - beyond) * np.diff(edges)[1:-1] / (edges[-2] - edges[1])), 0]
        for share, window in reversed(list(zip(shares, windows, strict=True))):
            own, found = smoothed(histogram, window, True), shrunk(histograms, window, pooling, True)[p]
            for k in range(1, len(histogram) - 1):
                pairs = own[k] * 2 * np.sqrt(np.pi) * window
                found[k] = (pairs * found[k] + 10 * wider[k]) / (pairs + 10)
            density[p] += share * found
            wider = list(found)
    return density / density.sum(axis=1)[:, None]


def naive_fit(sightings: Sightings, seed: int) -> dict[str, object]:
    """The fit's formulas (docs/fusion.md) one after the other."""
    counts = count_pairs(sightings, seed=seed)
    last, folded = counts.bins.last - counts.folded, counts.folded
    windows = [s for s in (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0) if s <= last / 3]
    reference = of_strangers(counts, [16.0], np.ones(1), 1.0)
    results = []
    for pooling in (1.0, 3.0, 10.0, 30.0):
        columns, weights = [], []
        for fold in range(FOLDS):
            others = counts.same_FPS.sum(axis=0) - counts.same_FPS[fold]
            parts = [shrunk(others, window, pooling, folded) for window in windows] + [reference]
            for p, k in np.argwhere(counts.same_FPS[fold]):
                columns.append([part[p, k] for part in parts])
                weights.append(counts.same_FPS[fold, p, k])
        values, weight = np.array(columns), np.array(weights)
        shares, likelihood = np.full(len(windows) + 1, 1 / (len(windows) + 1)), -np.inf
        for _ in range(300):
            before, likelihood = likelihood, np.average(np.log(values @ shares), weights=weight)
            if likelihood - before < 1e-6:
                break
            responsibility = values * shares / (values @ shares)[:, None]
            shares = weight @ responsibility + 1
            shares /= shares.sum()
        results.append((likelihood, pooling, shares))
    _, pooling, shares = max(results, key=lambda one: one[0])
    share = shares[:-1] / shares[:-1].sum()
    together = counts.same_FPS.sum(axis=0)
    same = sum(s * shrunk(together, w, pooling, folded) for s, w in zip(share, windows, strict=True))
    different = of_strangers(counts, windows, share, pooling)
    neutral = max(shares[-1], 0.1, 10 / (10 + counts.identities))
    n, q = counts.identities_compared, counts.inside_different
    r = (counts.inside_same + 10 * q) / (n + 10)
    near, apart = (np.log(r / q), np.log((1 - r) / (1 - q))) if counts.sessions > 1 else (0.0, 0.0)
    log_ratios = np.log((1 - neutral) * same / different + neutral) + near
    return {"pooling": pooling, "weights_J": share, "neutral": neutral, "near": near, "apart": apart,
            "same_PS": same, "different_PS": different, "windows_J": windows, "log_ratios": log_ratios}  # fmt: skip


@pytest.mark.parametrize(
    ("seed", "sessions", "latest"), [(0, 1, 60), (1, 2, 60), (2, 4, 60), (3, 1, 9000), (4, 2, 9000)]
)
def test_equals_a_plain_second_implementation(
    seed: int, sessions: int, latest: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(likelihood, "BLOCK_VALUES", 1 << 10)
    sightings = walks(seed, sessions=sessions, latest=latest)
    assert count_pairs(sightings, seed=3).folded == (latest > 60)
    found, expected = fit_likelihood(sightings, seed=3), naive_fit(sightings, seed=3)
    np.testing.assert_allclose(found.pair_log_ratios(), expected.pop("log_ratios"), atol=2e-5)
    for name, value in expected.items():
        np.testing.assert_allclose(getattr(found, name), value, rtol=1e-4, atol=1e-7, err_msg=name)
    if sessions > 1:
        assert found.near > 0 > found.apart


def test_it_learns_which_way_and_how_fast_people_walk() -> None:
    table = fit_likelihood(walks(5, people=60, sessions=1)).log_ratios()
    middle = table.shape[2] // 2
    assert table[0, 1, middle + 12] > 0.8
    assert table[0, 1, middle - 12] < 0
    assert table[1, 0, middle - 12] == table[0, 1, middle + 12]
    assert table[0, 2, middle + 24] > 0.8
    assert table[0, 2, middle] < 0


def ratio_of_12_later(fitted: Likelihood, gap: int = 12) -> float:
    """The log ratio of a difference between the first two cameras."""
    return float(fitted.log_ratios()[0, 1, fitted.last_bin + fitted.bins.signed(np.array([gap]))[0]])


@pytest.mark.parametrize("start", [0, 1_700_000_000])
@pytest.mark.parametrize("wrong", [0, 1_700_000_030_000])
def test_one_wrong_clock_changes_next_to_nothing(start: int, wrong: int) -> None:
    people = walks(5, people=200, sessions=1, latest=5000)
    clean = replace(people, time_N=people.time_N + start)
    times_N = clean.time_N.copy()
    times_N[7] = wrong
    fitted, disturbed = fit_likelihood(clean), fit_likelihood(replace(clean, time_N=times_N))
    for gap in (-40, 0, 5, 10, 12, 14, 20, 40):
        assert ratio_of_12_later(disturbed, gap) == pytest.approx(ratio_of_12_later(fitted, gap), abs=0.2)
    assert ratio_of_12_later(fitted) - ratio_of_12_later(fitted, 40) > 3


def test_a_long_clock_tells_the_same_travel_times_apart() -> None:
    told = []
    for latest in (86_400, 30 * 86_400, 365 * 86_400):
        fitted = fit_likelihood(walks(5, people=200, sessions=1, latest=latest))
        told.append([ratio_of_12_later(fitted, gap) - ratio_of_12_later(fitted) for gap in (8, 10, 14, 16, 20)])
    np.testing.assert_allclose(told[1], told[0], atol=0.5)
    np.testing.assert_allclose(told[2], told[0], atol=0.5)
    assert max(told[0]) < -0.1


def test_people_who_come_again_on_other_days_are_still_told_by_minutes() -> None:
    days = [
        replace(one, pid_N=one.pid_N, time_N=one.time_N + 86_400 * day)
        for day, one in ((day, walks(day, people=60, sessions=1, latest=30_000)) for day in range(20))
    ]
    fitted = fit_likelihood(concatenate_sightings(days))
    assert fitted.equal_bins > 0
    assert ratio_of_12_later(fitted) > 1 > ratio_of_12_later(fitted, 600)
    assert abs(ratio_of_12_later(fitted, 86_400)) < 0.5


@pytest.mark.parametrize("seed", range(3))
def test_tables_mirror_exactly_and_densities_sum_to_one(seed: int) -> None:
    fitted = fit_likelihood(walks(seed))
    table = fitted.log_ratios()
    np.testing.assert_array_equal(table, table.transpose(1, 0, 2)[:, :, ::-1])
    assert not table[range(3), range(3)].any()
    for density in (fitted.same_PS, fitted.different_PS):
        np.testing.assert_allclose(density.sum(axis=1), 1, atol=1e-5)
    assert table.min() >= np.log(fitted.neutral) + fitted.near - 1e-5
    assert fitted.weights_J.sum() == pytest.approx(1)
    np.testing.assert_allclose(fitted.identities_P, count_pairs(walks(seed), seed=0).same_FPS.sum(axis=(0, 2)))


def assert_same(one: Likelihood, other: Likelihood) -> None:
    for field in fields(Likelihood):
        np.testing.assert_array_equal(getattr(one, field.name), getattr(other, field.name), err_msg=field.name)


def test_same_seed_same_fit_and_order_does_not_matter() -> None:
    sightings = walks(1)
    assert_same(fit_likelihood(sightings, seed=4), fit_likelihood(sightings, seed=4))
    mixed = sightings.take(np.random.default_rng(0).permutation(len(sightings)))
    np.testing.assert_allclose(
        fit_likelihood(mixed).pair_log_ratios(), fit_likelihood(sightings).pair_log_ratios(), atol=1e-5
    )


def test_junk_distractors_and_unknown_times_change_nothing() -> None:
    sightings = walks(2)
    noise = seen((-1, 1, 0, 4), (0, 2, 0, 9), (1, 3, 0, -1), (0, 8, 0, 100000))
    both = Sightings(
        **{f.name: np.concatenate((getattr(sightings, f.name), getattr(noise, f.name))) for f in fields(Sightings)}
    )
    assert_same(fit_likelihood(both), fit_likelihood(sightings))


@pytest.mark.parametrize(
    ("rows", "cameras", "identities"),
    [
        ((), 0, 0),
        (((1, 1, 0, -1), (1, 2, 0, -1), (2, 1, 0, -1), (2, 2, 0, -1)), 0, 0),  # no times
        (((1, 1, 0, 5), (1, 1, 0, 9), (2, 1, 0, 5), (3, 1, 0, 7)), 1, 0),  # one camera
        (((1, 1, 0, 5), (1, 2, 0, 9), (2, 1, 0, 5)), 2, 1),  # one identity in two cameras
        (((1, 1, 0, 5), (1, 2, 1, 9), (2, 1, 0, 5), (2, 2, 1, 9)), 2, 0),  # never within one session
        (((1, 1, 0, 5), (1, 2, 0, 9), (2, 1, 1, 5), (2, 2, 1, 9)), 2, 2),  # nobody to compare them with
    ],
)
def test_too_little_to_fit_is_neutral_and_said(
    rows: tuple[tuple[int, int, int, int], ...], cameras: int, identities: int, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        fitted = fit_likelihood(seen(*rows))
    assert "log ratio is 0" in caplog.text
    assert (len(fitted.cameras_C), fitted.identities) == (cameras, identities)
    assert not fitted.log_ratios().any()
    assert (fitted.near, fitted.apart) == (0, 0)


def test_two_identities_are_fitted_with_caution() -> None:
    fitted = fit_likelihood(seen((1, 1, 0, 5), (1, 2, 0, 9), (2, 1, 0, 15), (2, 2, 0, 19)))
    assert fitted.neutral == pytest.approx(10 / 12)
    assert fitted.identities == 2
    assert np.isfinite(fitted.log_ratios()).all()
    assert fitted.log_ratios().any()


@pytest.mark.parametrize("time", [0, 7])
def test_equal_times_everywhere_can_be_fitted(time: int) -> None:
    rows = [(pid, camera, 0, time) for pid in (1, 2, 3) for camera in (1, 2)]
    assert np.isfinite(fit_likelihood(seen(*rows)).log_ratios()).all()


def test_held_out_identities_leave_no_trace() -> None:
    sightings = walks(6)
    pids = np.array([29, 3, 11, 400])
    held_out = fit_held_out(sightings, pids, seed=2)
    assert held_out is not None
    assert held_out.pids_H.tolist() == [3, 11, 29]
    others = sightings.take(~np.isin(sightings.pid_N, pids))
    assert_same(held_out.likelihood, fit_likelihood(others, seed=2))
    assert fit_held_out(sightings, np.array([400])) is None
    assert fit_held_out(sightings, np.empty(0, np.int64)) is None


def test_histograms_alone_are_stored_with_a_likelihood_that_says_nothing(tmp_path: Path) -> None:
    built = build_histograms(walks(0), bin_width=10, max_bins=100, sigma=2)
    write_histograms(tmp_path / "h.h5", built)
    assert not read_histograms(tmp_path / "h.h5").likelihood.log_ratios().any()


def test_people_of_a_session_each_are_not_compared(caplog: pytest.LogCaptureFixture) -> None:
    rng = np.random.default_rng(0)
    rows = [(p, int(c), p, int(t)) for p in range(1, 81) for c, t in rng.integers(1, [7, 5000], (20, 2))]
    with caplog.at_level(logging.WARNING):
        fitted = fit_likelihood(seen(*rows))
    assert fitted.says_nothing
    assert not fitted.log_ratios().any()
    assert "no two different people were seen by two cameras within one session" in caplog.text
