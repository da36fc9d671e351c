"""Data sets to try a fusion on: who was seen where and when, and appearance of a set strength.

The appearance is simulated, so figures measured with it say how fusions compare, not how well a model does.

Shape suffixes: N pictures, D feature values.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from simulated_walks import Crowd, Site, lay_roads, people
from streid.arrays import FeatureArray, IntArray
from streid.data.manifest import sightings
from streid.data.market1501 import SEQUENCE_LENGTHS, tabulate_names
from streid.data.rendered.tree import read_names
from streid.files.sightings import DISTRACTOR_PID, Sightings, concatenate_sightings

DUKE_SITE = Site(cameras=8, sessions=1, seconds=5100, ticks=60, returning=0, side=300)
DUKE_TRAINING = Crowd(identities=702, cameras=2228, pictures=16522)
DUKE_TEST = Crowd(identities=702, cameras=2228, pictures=2228 + 17661, single=408)
MSMT_SITE = Site(cameras=15, sessions=12, seconds=1985, ticks=1, returning=0.04, side=400)
MSMT_TRAINING = Crowd(identities=1041, cameras=3966, pictures=32621)
MSMT_TEST = Crowd(identities=3060, cameras=11659, pictures=11659 + 82161)
WALKS_STREAM, QUERY_STREAM, HELD_OUT_STREAM = 1, 2, 3
TEST_STREAM, VAL_STREAM = 4, 5


@dataclass(frozen=True, kw_only=True)
class Strength:
    """How well pictures can be told apart by appearance.

    camera: size of the offset an identity's pictures have in common at one camera. spread: standard
    deviation of the logarithm of a factor to it, one per identity and camera. noise: of each picture.
    All beside identity centres of standard deviation 1 in each of `dimension` values.
    """

    camera: float = 1.2
    spread: float = 0.5
    noise: float = 1.0
    dimension: int = 256


STRENGTHS = {
    "recipe": Strength(),
    "camera 0.6": Strength(camera=0.6),
    "camera 2.0": Strength(camera=2.0),
    "noise 2": Strength(noise=2.0),
}


@dataclass(frozen=True, kw_only=True, eq=False)
class SimulatedSet:
    """Pictures without appearance; bin_width: of the paper's histograms, in the clock's ticks."""

    name: str
    training: Sightings
    query: Sightings
    gallery: Sightings
    bin_width: float


def market(folder: Path) -> SimulatedSet:
    """Market-1501's real names, listed in `folder`; times on streid's own clock for them.

    Raises:
        InputError: a list is missing or empty, or a name cannot be used.
    """
    table = tabulate_names(read_names(folder), SEQUENCE_LENGTHS, folder)
    split = {name: sightings(table[table["split"] == name]) for name in ("train", "query", "gallery")}
    return SimulatedSet(
        name="market", training=split["train"], query=split["query"], gallery=split["gallery"], bin_width=100
    )


def duke_like(*, seed: int, scale: float = 1.0) -> SimulatedSet:
    """Eight cameras, one session, frames at 60 a second, DukeMTMC-reID's counts (times `scale`)."""
    return _walked("duke-like", DUKE_SITE, DUKE_TRAINING, DUKE_TEST, bin_width=100, seed=seed, scale=scale)


def msmt_like(*, seed: int, scale: float = 1.0) -> SimulatedSet:
    """Fifteen cameras, twelve sessions, whole seconds, MSMT17's counts (times `scale`).

    The paper's bins are one second wide: 100 would leave 20 of them.
    """
    return _walked("msmt-like", MSMT_SITE, MSMT_TRAINING, MSMT_TEST, bin_width=1, seed=seed, scale=scale)


def _walked(
    name: str, site: Site, training: Crowd, test: Crowd, *, bin_width: float, seed: int, scale: float
) -> SimulatedSet:
    rng = np.random.default_rng([seed, WALKS_STREAM])
    roads_CC = lay_roads(site, rng)
    training, test = training.scaled(scale), test.scaled(scale)
    first_test_pid = training.identities + 1
    seen = people(test, site, roads_CC, first_test_pid, rng)
    asked_for = np.flatnonzero(seen.pid_N < first_test_pid + test.identities)
    query_Q = asked_for[one_per_camera(seen.take(asked_for), seed)]
    return SimulatedSet(
        name=name,
        training=people(training, site, roads_CC, 1, rng),
        query=seen.take(query_Q),
        gallery=seen.take(np.setdiff1d(np.arange(len(seen)), query_Q)),
        bin_width=bin_width,
    )


def one_per_camera(group: Sightings, seed: int) -> IntArray:
    """One random row per identity and camera, ascending."""
    order_N = np.random.default_rng([seed, QUERY_STREAM]).permutation(len(group))
    pairs_N2 = np.column_stack((group.pid_N, group.camid_N))[order_N]
    rows: IntArray = np.sort(order_N[np.unique(pairs_N2, axis=0, return_index=True)[1]])
    return rows


def choose_identities(group: Sightings, identities: int, seed: int) -> npt.NDArray[np.bool_]:
    """True for the rows of `identities` random people (all where there are fewer)."""
    pids = np.unique(group.pid_N[group.pid_N > DISTRACTOR_PID])
    chosen = np.random.default_rng([seed, HELD_OUT_STREAM]).permutation(pids)[:identities]
    rows_N: npt.NDArray[np.bool_] = np.isin(group.pid_N, chosen)
    return rows_N


def draw_features(parts: Sequence[Sightings], strength: Strength, *, seed: int, stream: int) -> list[FeatureArray]:
    """Features of length 1 of each part's pictures.

    Identity centre + factor x offset of (identity, camera) + noise of the picture, where every distractor
    and every junk picture is a person of its own.

    Args:
        stream: pictures of different streams share nothing.
    """
    everyone = concatenate_sightings(parts)
    rng = np.random.default_rng([seed, stream])
    person_N = np.where(everyone.pid_N > DISTRACTOR_PID, everyone.pid_N, -1 - np.arange(len(everyone)))
    _, person_N = np.unique(person_N, return_inverse=True)
    before_N = person_N * (int(everyone.camid_N.max()) + 1) + everyone.camid_N
    _, before_N = np.unique(before_N, return_inverse=True)
    features_ND = _normal(rng, person_N.max() + 1, strength)[person_N]
    offsets = _normal(rng, before_N.max() + 1, strength)
    offsets *= strength.camera * rng.lognormal(0, strength.spread, (len(offsets), 1)).astype(np.float32)
    features_ND += offsets[before_N]
    features_ND += np.float32(strength.noise) * _normal(rng, len(everyone), strength)
    features_ND /= np.linalg.norm(features_ND, axis=1, keepdims=True)
    return np.split(features_ND, np.cumsum([len(part) for part in parts])[:-1])


def _normal(rng: np.random.Generator, rows: int, strength: Strength) -> FeatureArray:
    return rng.standard_normal((rows, strength.dimension), np.float32)
