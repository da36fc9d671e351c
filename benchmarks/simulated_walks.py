"""People walking past cameras: who is pictured where and when, with the sizes of known data sets.

Cameras stand at random in a square and are joined by roads. Each person walks from camera to camera at a
pace of their own, sometimes pauses on the way, and is pictured while in view. No appearance here.

Shape suffixes: C cameras, I identities, V passes (one person once at one camera), N pictures.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.sparse.csgraph import minimum_spanning_tree
from scipy.spatial.distance import pdist, squareform

from streid.arrays import FloatArray, IntArray
from streid.errors import InputError
from streid.files.sightings import Sightings

NEAREST_JOINED = 3
DETOUR = 1.3  # road length / straight line
METRES_PER_SECOND = 1.35
PACE_SPREAD = 0.15  # of the logarithm of the pace
METRES_IN_VIEW = (10.0, 25.0)
LINGER_SPREAD = 1.0  # of the logarithm of a factor to the time in view
PAUSE_SHARE, PAUSE_SECONDS = 0.25, 90.0
STAY_SHARE, STAY_SECONDS = 0.05, 600.0
MOST_CAMERAS = 8  # of one person
FEWEST_PICTURES = 2  # of one person at one camera: one to ask with and one to be found


@dataclass(frozen=True, kw_only=True)
class Site:
    """Where people walk.

    sessions: of `seconds` each, whose times do not compare. ticks: of the clock, per second. returning:
    share of the people who walk the same way again in a second session. side: of the square, in metres.
    """

    cameras: int
    sessions: int
    seconds: float
    ticks: int
    returning: float
    side: float


@dataclass(frozen=True, kw_only=True)
class Crowd:
    """How many people, in how many cameras in all, on how many pictures; `single`: seen by one camera only."""

    identities: int
    cameras: int
    pictures: int
    single: int = 0

    def scaled(self, scale: float) -> "Crowd":
        """The same crowd with `scale` times as many people, each seen as often."""
        identities = max(2, round(self.identities * scale))
        share = identities / self.identities
        return Crowd(
            identities=identities,
            cameras=round(self.cameras * share),
            pictures=round(self.pictures * share),
            single=round(self.single * share),
        )


class Passes(NamedTuple):
    """One person once at one camera: identity (0-based), camera (0-based), session, seconds in and out of view."""

    identity_V: IntArray
    camera_V: IntArray
    session_V: IntArray
    enter_V: FloatArray
    leave_V: FloatArray


def lay_roads(site: Site, rng: np.random.Generator) -> FloatArray:
    """Road lengths between cameras in metres (C, C), infinite where no road joins two.

    Every camera is joined to its nearest ones, and all hang together.
    """
    straight_CC = squareform(pdist(rng.uniform(0, site.side, (site.cameras, 2))))
    nearest_CC = np.argsort(straight_CC, axis=1)[:, 1 : NEAREST_JOINED + 1]
    joined_CC = minimum_spanning_tree(straight_CC).toarray() > 0
    np.put_along_axis(joined_CC, nearest_CC, True, axis=1)
    return np.where(joined_CC | joined_CC.T, DETOUR * straight_CC, np.inf)


def walk_route(roads_CC: FloatArray, wanted: int, rng: np.random.Generator) -> list[int]:
    """The cameras of a random walk, in order, until `wanted` different ones have been passed.

    Nobody turns back where there is another road, and roads to cameras not yet passed are taken
    three times as often.
    """
    route = [int(rng.integers(len(roads_CC)))]
    while len(set(route)) < wanted:
        onward = np.flatnonzero(np.isfinite(roads_CC[route[-1]]))
        if len(route) > 1 and len(onward) > 1:
            onward = onward[onward != route[-2]]
        liking = np.where(np.isin(onward, route), 1.0, 3.0)
        route.append(int(rng.choice(onward, p=liking / liking.sum())))
    return route


def time_route(
    route: list[int], roads_CC: FloatArray, seconds: float, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray]:
    """When a person comes into view of each camera of a route and when out of it, in seconds of the session.

    A walk too long for the session is quickened to fit.
    """
    pace = METRES_PER_SECOND * rng.lognormal(0, PACE_SPREAD)
    in_view = rng.uniform(*METRES_IN_VIEW, len(route)) / pace * rng.lognormal(0, LINGER_SPREAD, len(route))
    between = roads_CC[route[:-1], route[1:]] / pace
    between += rng.exponential(PAUSE_SECONDS, len(between)) * (rng.random(len(between)) < PAUSE_SHARE)
    between += rng.exponential(STAY_SECONDS, len(between)) * (rng.random(len(between)) < STAY_SHARE)
    enter = np.concatenate(([0.0], np.cumsum(in_view[:-1] + between)))
    leave = enter + in_view
    hurry = min(1.0, seconds / leave[-1])
    start = rng.uniform(0, max(0.0, seconds - hurry * leave[-1]))
    return start + hurry * enter, start + hurry * leave


def walk(site: Site, roads_CC: FloatArray, wanted_I: IntArray, rng: np.random.Generator) -> Passes:
    """Everybody's passes; wanted_I: by how many cameras each identity is seen."""
    rows: list[npt.NDArray[np.float64]] = []
    for identity, wanted in enumerate(wanted_I):
        route = walk_route(roads_CC, int(wanted), rng)
        visits = 2 if site.sessions > 1 and rng.random() < site.returning else 1
        for session in rng.permutation(site.sessions)[:visits]:
            enter, leave = time_route(route, roads_CC, site.seconds, rng)
            same = np.ones(len(route))
            rows.append(np.column_stack((identity * same, route, session * same, enter, leave)))
    identity_V, camera_V, session_V, enter_V, leave_V = np.concatenate(rows).T
    return Passes(identity_V.astype(int), camera_V.astype(int), session_V.astype(int), enter_V, leave_V)


def take_pictures(passes: Passes, pictures: int, site: Site, first_pid: int, rng: np.random.Generator) -> Sightings:
    """Spread `pictures` over the passes by their length, FEWEST_PICTURES at least per person and camera.

    Identities are numbered from `first_pid`, cameras from 1; rows are sorted by identity, camera and time.

    Raises:
        InputError: too few pictures for that.
    """
    _, first = np.unique(passes.identity_V * site.cameras + passes.camera_V, return_index=True)
    due = np.repeat(first, FEWEST_PICTURES)
    if pictures < len(due):
        raise InputError(f"{pictures} pictures are too few for {len(first)} times a person at a camera")
    length_V = passes.leave_V - passes.enter_V
    chosen_N = np.concatenate((due, rng.choice(len(length_V), pictures - len(due), p=length_V / length_V.sum())))
    seconds_N = passes.enter_V[chosen_N] + rng.random(pictures) * length_V[chosen_N]
    time_N = (seconds_N * site.ticks).astype(np.int64)
    order = np.lexsort((time_N, passes.session_V[chosen_N], passes.camera_V[chosen_N], passes.identity_V[chosen_N]))
    chosen_N = chosen_N[order]
    pid_N = first_pid + passes.identity_V[chosen_N]
    return Sightings(
        pid_N=pid_N,
        camid_N=passes.camera_V[chosen_N] + 1,
        session_N=passes.session_V[chosen_N],
        time_N=time_N[order],
        path_N=np.array([f"{pid:05d}/{row:06d}.jpg" for row, pid in enumerate(pid_N)], object),
    )


def people(crowd: Crowd, site: Site, roads_CC: FloatArray, first_pid: int, rng: np.random.Generator) -> Sightings:
    """The pictures of a crowd: `identities` seen by two cameras or more, then the `single` ones."""
    most = min(MOST_CAMERAS, site.cameras)
    chances = rng.permutation(np.repeat(np.arange(crowd.identities), most - 2))
    wanted_I = 2 + np.bincount(chances[: crowd.cameras - 2 * crowd.identities], minlength=crowd.identities)
    wanted_I = np.concatenate((wanted_I, np.ones(crowd.single, np.int64)))
    return take_pictures(walk(site, roads_CC, wanted_I, rng), crowd.pictures, site, first_pid, rng)
