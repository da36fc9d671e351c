"""Simulated data sets of real size for timings: who passed which camera when, and what he looked like.

Every identity crosses a few cameras of a ring, with travel times of its own pace; a picture's appearance is
the identity's centre, what the camera makes of it, and noise, so that lists hold right and wrong neighbours
and re-ranking has real work to do. Everything comes from a seed.

Shape suffixes: N pictures, I identities, C cameras, D feature values, L latent values.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from streid.arrays import FeatureArray, FloatArray, IntArray
from streid.data.market1501 import SEQUENCE_LENGTHS, parse_name
from streid.files.sightings import Sightings

LATENT = 256
TRACK_SECONDS = 4.0
WALK_SECONDS = 60.0


@dataclass(frozen=True, kw_only=True)
class Size:
    """How large a data set is. ticks: units of its clock in a second. length: seconds of one session.

    training: identities and pictures of the training set.
    """

    name: str
    queries: int
    gallery: int
    distractors: int
    junk: int
    identities: int
    cameras: int
    sessions: int
    ticks: float
    length: float
    training: tuple[int, int]


MARKET = Size(
    name="Market-1501",
    queries=3368,
    gallery=19732,
    distractors=2798,
    junk=3819,
    identities=750,
    cameras=6,
    sessions=1,
    ticks=25,
    length=12_000,
    training=(751, 12936),
)
MSMT17 = Size(
    name="MSMT17",
    queries=11659,
    gallery=82161,
    distractors=0,
    junk=0,
    identities=3060,
    cameras=15,
    sessions=12,
    ticks=1,
    length=2_000,
    training=(1041, 32621),
)


@dataclass(frozen=True, kw_only=True, eq=False)
class Crowd:
    """People on their way: where each identity is when. start_I, pace_I in seconds; first_I: its first camera."""

    size: Size
    start_I: FloatArray
    pace_I: FloatArray
    first_I: IntArray
    session_I: IntArray
    visits_I: IntArray


def make_crowd(size: Size, identities: int, rng: np.random.Generator) -> Crowd:
    """Draw `identities` people."""
    most = min(size.cameras, 5)
    pace_I = np.minimum(np.exp(rng.standard_normal(identities)), size.length / (most * WALK_SECONDS))
    return Crowd(
        size=size,
        start_I=rng.uniform(0, size.length - most * WALK_SECONDS * pace_I),
        pace_I=pace_I,
        first_I=rng.integers(0, size.cameras, identities),
        session_I=rng.integers(0, size.sessions, identities),
        visits_I=rng.integers(2, most + 1, identities),
    )


def sight(crowd: Crowd, pid_N: IntArray, rng: np.random.Generator) -> Sightings:
    """One picture for every entry of `pid_N` (1-based; 0 and -1 anywhere at any time)."""
    size, count = crowd.size, len(pid_N)
    person_N = np.maximum(pid_N - 1, 0)
    visit_N = rng.integers(0, crowd.visits_I[person_N])
    seconds_N = crowd.start_I[person_N] + visit_N * WALK_SECONDS * crowd.pace_I[person_N]
    seconds_N = seconds_N + rng.uniform(0, TRACK_SECONDS, count)
    known_N = pid_N > 0
    camera_N = np.where(known_N, crowd.first_I[person_N] + visit_N, rng.integers(0, size.cameras, count)) % size.cameras
    seconds_N = np.where(known_N, seconds_N, rng.uniform(0, size.length, count))
    return Sightings(
        pid_N=pid_N,
        camid_N=camera_N + 1,
        session_N=np.where(known_N, crowd.session_I[person_N], rng.integers(0, size.sessions, count)),
        time_N=np.floor(seconds_N * size.ticks).astype(np.int64),
        path_N=np.array([f"{row}.jpg" for row in range(count)], object),
    )


def simulate(size: Size, *, dimension: int, seed: int = 0) -> tuple[Sightings, Sightings, FeatureArray]:
    """Query, gallery and their L2-normalised features (N, dimension), queries first."""
    rng = np.random.default_rng(seed)
    crowd = make_crowd(size, size.identities, rng)
    people = size.gallery - size.distractors - size.junk
    drawn_N = rng.integers(1, size.identities + 1, people)
    gallery_N = np.concatenate((drawn_N, np.zeros(size.distractors, np.int64), np.full(size.junk, -1)))
    query = sight(crowd, rng.integers(1, size.identities + 1, size.queries), rng)
    gallery = sight(crowd, rng.permutation(gallery_N), rng)
    pid_N = np.concatenate((query.pid_N, gallery.pid_N))
    camera_N = np.concatenate((query.camid_N, gallery.camid_N)) - 1
    return query, gallery, appearance(pid_N, camera_N, dimension, rng)


def appearance(pid_N: IntArray, camera_N: IntArray, dimension: int, rng: np.random.Generator) -> FeatureArray:
    """Unit-length features (N, dimension) that lie in LATENT directions.

    Identity centre N(0, I), its offset at the camera 1.2 x lognormal(0, 0.5) x N(0, I), noise N(0, I);
    a centre of their own for pictures of nobody.
    """
    keys, cell_N = np.unique(np.column_stack((pid_N, camera_N)), axis=0, return_inverse=True)
    cell_N = cell_N.reshape(-1)
    centre_IL = rng.standard_normal((int(pid_N.max()) + 1, LATENT), dtype=np.float32)
    offset_KL = 1.2 * rng.standard_normal((len(keys), LATENT), dtype=np.float32)
    offset_KL *= np.exp(0.5 * rng.standard_normal((len(keys), 1))).astype(np.float32)
    mixing_LD = rng.standard_normal((LATENT, dimension), dtype=np.float32)
    features_ND = np.empty((len(pid_N), dimension), np.float32)
    for first in range(0, len(pid_N), 4096):
        rows = slice(first, first + 4096)
        latent_RL = rng.standard_normal((len(pid_N[rows]), LATENT), dtype=np.float32)
        somebody_R = pid_N[rows] > 0
        latent_RL[somebody_R] += (centre_IL[pid_N[rows]] + offset_KL[cell_N[rows]])[somebody_R]
        np.matmul(latent_RL, mixing_LD, out=features_ND[rows])
        features_ND[rows] /= np.linalg.norm(features_ND[rows], axis=1, keepdims=True)
    return features_ND


def simulate_training(size: Size, *, seed: int = 1) -> Sightings:
    """The training set's sightings: every identity at least once."""
    rng = np.random.default_rng(seed)
    identities, pictures = size.training
    crowd = make_crowd(size, identities, rng)
    once = np.arange(1, identities + 1)
    more = rng.integers(1, identities + 1, pictures - identities)
    return sight(crowd, np.concatenate((once, more)), rng)


def listed_training(folder: Path) -> Sightings:
    """Market-1501's training set from `bounding_box_train.txt` in `folder`, one name a line."""
    names = (folder / "bounding_box_train.txt").read_text(encoding="utf-8").split()
    found = [parse_name(name) for name in names]
    times = [sum(SEQUENCE_LENGTHS[one["camid"]][: one["sequence"] - 1]) + one["frame"] for one in found]
    return Sightings(
        pid_N=np.array([one["pid"] for one in found]),
        camid_N=np.array([one["camid"] for one in found]),
        session_N=np.zeros(len(found), np.int64),
        time_N=np.array(times),
        path_N=np.array(names, object),
    )
