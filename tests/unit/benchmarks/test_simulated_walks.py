"""People walking past cameras: counts, clocks, and roads that hang together."""

import numpy as np
import pytest
from scipy.sparse.csgraph import connected_components

from simulated_walks import (
    FEWEST_PICTURES,
    MOST_CAMERAS,
    Crowd,
    Passes,
    Site,
    lay_roads,
    people,
    take_pictures,
    time_route,
    walk_route,
)
from streid.errors import InputError

SITE = Site(cameras=9, sessions=3, seconds=900, ticks=10, returning=0.3, side=200)


@pytest.mark.parametrize("seed", range(5))
def test_roads_run_both_ways_and_reach_every_camera(seed: int) -> None:
    roads_CC = lay_roads(SITE, np.random.default_rng(seed))
    joined_CC = np.isfinite(roads_CC)
    assert np.array_equal(roads_CC, roads_CC.T)
    assert connected_components(joined_CC)[0] == 1
    assert joined_CC.sum(axis=1).min() >= 3
    assert not joined_CC.diagonal().any()


def test_a_route_follows_the_roads_to_as_many_cameras_as_wanted() -> None:
    rng = np.random.default_rng(0)
    roads_CC = lay_roads(SITE, rng)
    for wanted in (1, 2, 5, 9):
        route = walk_route(roads_CC, wanted, rng)
        assert len(set(route)) == wanted
        assert np.isfinite(roads_CC[route[:-1], route[1:]]).all()


def test_a_route_is_walked_in_order_within_the_session() -> None:
    rng = np.random.default_rng(0)
    roads_CC = np.full((2, 2), 60.0)
    for seconds in (30.0, 3000.0):
        enter, leave = time_route([0, 1, 0, 1], roads_CC, seconds, rng)
        assert (enter < leave).all()
        assert (leave[:-1] < enter[1:]).all()
        assert enter[0] >= 0
        assert leave[-1] <= seconds + 1e-9
    assert (enter[1:] - leave[:-1] > 60 / 3).all()  # no faster than 3 m/s where there is time


def test_a_crowd_has_the_size_asked_for() -> None:
    rng = np.random.default_rng(1)
    seen = people(Crowd(identities=40, cameras=150, pictures=900, single=7), SITE, lay_roads(SITE, rng), 100, rng)
    assert len(seen) == 900
    assert set(seen.pid_N) == set(range(100, 147))
    cameras = [len(np.unique(seen.camid_N[seen.pid_N == pid])) for pid in range(100, 147)]
    assert sum(cameras[:40]) == 150
    assert 2 <= min(cameras[:40]) <= max(cameras[:40]) <= MOST_CAMERAS
    assert cameras[40:] == [1] * 7
    pairs, counts = np.unique(np.column_stack((seen.pid_N, seen.camid_N)), axis=0, return_counts=True)
    assert len(pairs) == 157
    assert counts.min() >= FEWEST_PICTURES
    assert set(seen.camid_N) <= set(range(1, 10))
    assert set(seen.session_N) <= {0, 1, 2}
    assert seen.time_N.min() >= 0
    assert seen.time_N.max() <= 9000
    sessions = [len(np.unique(seen.session_N[seen.pid_N == pid])) for pid in range(100, 147)]
    assert set(sessions) == {1, 2}


def test_pictures_are_taken_while_in_view() -> None:
    passes = Passes(
        identity_V=np.array([0, 0, 1]),
        camera_V=np.array([2, 3, 2]),
        session_V=np.array([0, 0, 1]),
        enter_V=np.array([10.0, 40.0, 5.0]),
        leave_V=np.array([20.0, 41.0, 6.0]),
    )
    seen = take_pictures(passes, 100, SITE, 7, np.random.default_rng(0))
    counts = {}
    for pid, camid, session, low, high in ((7, 3, 0, 100, 200), (7, 4, 0, 400, 410), (8, 3, 1, 50, 60)):
        rows_N = (seen.pid_N == pid) & (seen.camid_N == camid) & (seen.session_N == session)
        assert low <= seen.time_N[rows_N].min() <= seen.time_N[rows_N].max() <= high
        counts[pid, camid] = rows_N.sum()
    assert sum(counts.values()) == 100
    assert counts[7, 3] > 5 * max(counts[7, 4], counts[8, 3])  # ten times as long in view
    with pytest.raises(InputError, match="5 pictures are too few for 3 times"):
        take_pictures(passes, 5, SITE, 7, np.random.default_rng(0))


def test_scaling_keeps_how_often_each_is_seen() -> None:
    crowd = Crowd(identities=702, cameras=2228, pictures=19889, single=408)
    assert crowd.scaled(1.0) == crowd
    assert crowd.scaled(0.1) == Crowd(identities=70, cameras=222, pictures=1983, single=41)
    assert crowd.scaled(0.0001).identities == 2
