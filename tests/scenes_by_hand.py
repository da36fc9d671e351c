"""Random pictures with ties and unknown times, tables of travel times, and joint scores straight from the formulas."""

import math
from collections.abc import Sequence
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from streid.files.features import FeatureGroup, FeatureSet
from streid.files.histograms import Histograms, Likelihood
from streid.files.sightings import SIGHTING_FIELDS, Sightings
from streid.scoring.fusion import Fusion, locate
from streid.scoring.kernels import fuse_block
from streid.scoring.ranks import StreamRanker

CAMERAS, BINS, WIDTH, ALPHA = 4, 30, 10.0, 5.0
LAST = 10


class Case(NamedTuple):
    queries: int
    gallery: int
    exact: bool = False  # features whose products are exact, with many ties and duplicates
    cameras: int = CAMERAS
    latest: int = 400
    sessions: int = 1


CASES = {
    "random": Case(20, 90),
    "larger": Case(60, 340, sessions=2),
    "ties": Case(15, 85, exact=True),
    "equal times": Case(15, 85, exact=True, latest=4),
    "single camera of the histograms": Case(12, 60, cameras=1),
    "fewer pictures than k1": Case(3, 9),
}


def random_tables(seed: int) -> Histograms:
    rng = np.random.default_rng(seed)
    density = rng.integers(0, 9, (CAMERAS, CAMERAS, BINS)) / 64
    density[range(CAMERAS), range(CAMERAS)] = 0
    return Histograms(
        cameras_C=np.arange(1, CAMERAS + 1),
        counts_CCB=(density > 0).astype(np.int64),
        density_CCB=density,
        bin_width=WIDTH,
        sigma=1.0,
        identities=1,
        sessions=1,
    )


def random_pictures(rng: np.random.Generator, count: int, case: Case) -> FeatureGroup:
    pid = rng.integers(1, 9, count)
    identities = np.random.default_rng(7).standard_normal((9, 32))
    features = identities[pid] + rng.standard_normal((count, 32))
    if case.exact:
        kinds = np.random.default_rng(7).choice([-1.0, 1.0], (9, 16))
        kinds[:, 8:] = rng.choice([-1.0, 1.0], (1, 8))
        features = kinds[pid] * np.where(rng.random((count, 16)) < 0.1, -1, 1)
    camid = rng.integers(1, case.cameras + 1, count)
    unknown = rng.random(count) < 0.1
    return FeatureGroup(
        sightings=Sightings(
            pid_N=np.where(rng.random(count) < 0.1, rng.integers(-1, 1, count), pid),
            camid_N=np.where(rng.random(count) < 0.05, 77, camid) if case.cameras > 1 else camid,
            session_N=rng.integers(0, case.sessions, count),
            time_N=np.where(unknown, -1, rng.integers(0, case.latest, count)),
            path_N=np.array([f"{row}.jpg" for row in range(count)], object),
        ),
        features_ND=features.astype(np.float32),
    )


def random_features(case: Case, seed: int) -> FeatureSet:
    rng = np.random.default_rng(seed)
    groups = {"query": random_pictures(rng, case.queries, case), "gallery": random_pictures(rng, case.gallery, case)}
    return FeatureSet(dataset="toy", model="toy", groups=groups)


def naive_scores(features: FeatureSet, tables: Histograms | None) -> np.ndarray:
    """S[i, j]: picture i (row) asking picture j, by loops and in float64; queries first."""
    parts = [features.groups[name] for name in ("query", "gallery")]
    values = np.concatenate([part.features_ND for part in parts]).astype(np.float64)
    values /= np.linalg.norm(values, axis=1, keepdims=True)
    cosines = values @ values.T
    if tables is None:
        return cosines
    cam, ses, tim = (
        np.concatenate([getattr(part.sightings, name) for part in parts]) for name in ("camid_N", "session_N", "time_N")
    )
    known = set(tables.cameras_C.tolist())
    scores = np.empty_like(cosines)
    for i in range(len(values)):
        for j in range(len(values)):
            p = 0.0
            if cam[i] in known and cam[j] in known and min(tim[i], tim[j]) >= 0 and ses[i] == ses[j]:
                step = int(abs(tim[i] - tim[j]) // tables.bin_width)
                later, earlier = (cam[i], cam[j]) if tim[i] > tim[j] else (cam[j], cam[i])
                p = tables.density_CCB[later - 1, earlier - 1, step] if step < BINS else 0.0
            scores[i, j] = 1 / (1 + math.exp(-ALPHA * cosines[i, j])) / (1 + 2 * math.exp(-ALPHA * p))
    return scores


def seen(*rows: tuple[int, int, int], pid: np.ndarray | None = None) -> Sightings:
    """Pictures of (camid, session, time), of person 1 unless told."""
    places = np.array(rows, np.int64).reshape(-1, 3)
    return passages(*np.column_stack((np.ones(len(places), np.int64) if pid is None else pid, places)))


def passages(*rows: Sequence[int]) -> Sightings:
    """Pictures of (pid, camid, session, time)."""
    table = np.array(rows, np.int64).reshape(-1, 4)
    columns = {f"{name}_N": table[:, place] for place, name in enumerate(SIGHTING_FIELDS)}
    return Sightings(**columns, path_N=np.array([f"{row}.jpg" for row in range(len(table))], object))


def made_up_likelihood(**changes: Any) -> Likelihood:
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


def naive_log_ratio(likelihood: Likelihood, one: tuple[int, int, int], other: tuple[int, int, int]) -> float:
    """The log ratio of docs/fusion.md for two pictures (camid, session, time)."""
    (cam_a, session_a, time_a), (cam_b, session_b, time_b) = one, other
    cameras = likelihood.cameras_C.tolist()
    if cam_a == cam_b or cam_a not in cameras or cam_b not in cameras or time_a < 0 or time_b < 0:
        return 0.0
    if session_a != session_b:
        return likelihood.apart
    if cam_a > cam_b:
        return naive_log_ratio(likelihood, other, one)
    pair = [(a, b) for i, a in enumerate(cameras) for b in cameras[i + 1 :]].index((cam_a, cam_b))
    gap = time_b - time_a
    k, octave = (2 * abs(gap) + likelihood.bin_width) // (2 * likelihood.bin_width), 0
    while likelihood.equal_bins and k >= likelihood.equal_bins:
        k, octave = k // 2, octave + 1
    k = min(k + octave * likelihood.equal_bins // 2, likelihood.last_bin)
    k = likelihood.last_bin + (k if gap >= 0 else -k)
    share = likelihood.neutral
    ratio = (1 - share) * likelihood.same_PS[pair, k] / likelihood.different_PS[pair, k] + share
    return float(np.log(ratio) + likelihood.near)


def fused_scores(fusion: Fusion, pictures: Sightings, products: np.ndarray, *, backward: bool = False) -> np.ndarray:
    moments = locate(pictures, fusion.cameras_C)
    scores = np.empty_like(products)
    fuse_block(products, moments, moments, fusion.rule, backward, scores)
    return scores


def random_rows(seed: int, count: int, latest: int = 45) -> list[tuple[int, int, int]]:
    """Pictures of known and unknown cameras and times, in three sessions, with gaps beyond the last bin."""
    rng = np.random.default_rng(seed)
    table = np.column_stack(
        (rng.choice([2, 4, 7, 9], count), rng.integers(0, 3, count), rng.integers(-1, latest, count))
    )
    return [(int(c), int(s), int(t)) for c, s, t in table]


def tables_with(likelihood: Likelihood) -> Histograms:
    counts = np.zeros((3, 3, 4), np.int64)
    return Histograms(
        cameras_C=np.array([2, 4, 7]), counts_CCB=counts, density_CCB=counts * 0.0, bin_width=10.0, sigma=1.0,
        identities=0, sessions=0, likelihood=likelihood,
    )  # fmt: skip


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


def group(pid: Sequence[int], camid: Sequence[int]) -> Sightings:
    """Pictures of these people in these cameras, of unknown time."""
    return passages(*[(one, camera, 0, -1) for one, camera in zip(pid, camid, strict=True)])


def ranked(query: Sightings, gallery: Sightings, *rows: list[float]) -> StreamRanker:
    ranker = StreamRanker(query, gallery)
    for start, row in enumerate(rows):
        ranker.add(start, np.array([row], np.float32))
    return ranker


def naive_smooth(histogram: np.ndarray, sigma: float) -> np.ndarray:
    """One histogram, reflected at both ends."""
    return histogram @ _reflected_window(len(histogram), sigma)


@cache
def _reflected_window(bins: int, sigma: float) -> np.ndarray:
    """Where a bin's weight (row) goes (column), by loops."""
    offsets = range(-bins + 1, bins + 1)
    weights = [np.exp(-(n**2) / (2 * sigma**2)) for n in offsets]
    window, total = np.zeros((bins, bins)), sum(weights)
    for k in range(bins):
        for n, weight in zip(offsets, weights, strict=True):
            place = (k + n) % (2 * bins)
            window[k, place if place < bins else 2 * bins - 1 - place] += weight / total
    return window
