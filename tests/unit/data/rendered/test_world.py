"""The walks: who is seen where and when."""

import itertools
from collections import defaultdict

import numpy as np
import pytest

from streid.data.rendered import world
from streid.data.rendered.cameras import CAMERAS, FRAMES_PER_SECOND
from streid.data.rendered.render_settings import RenderSettings
from streid.data.rendered.world import plan_world, travel
from streid.errors import InputError

SMALL = RenderSettings(train_identities=30, test_identities=25, distractors=17, junk=9, frames_per_pass=4)


def walks() -> list[list[world.Visit]]:
    return [travel(np.random.default_rng([5, number]), 4) for number in range(300)]


def test_ways_lead_both_ways_over_one_length() -> None:
    for (start, to), (metres, _) in world.WAYS.items():
        assert world.WAYS[to, start][0] == metres
    assert {camid for way in world.WAYS for camid in way} == set(CAMERAS)


def test_people_walk_along_ways_at_a_walking_speed() -> None:
    for visits in walks():
        for before, after in itertools.pairwise(visits):
            metres, _ = world.WAYS[before.camid, after.camid]
            seconds = (after.frames[0] - before.frames[-1]) / FRAMES_PER_SECOND
            assert metres / world.FASTEST <= seconds + 0.1
            assert seconds - 0.1 <= metres / world.SLOWEST + world.LONGEST_PAUSE


def test_a_walk_stays_in_its_recording_and_sees_no_camera_twice() -> None:
    for visits in walks():
        frames = [frame for visit in visits for frame in visit.frames]
        assert frames[0] >= 1
        assert frames[-1] <= world.SEQUENCE_FRAMES
        assert frames == sorted(set(frames))
        assert len({visit.sequence for visit in visits}) == 1
        assert len({visit.camid for visit in visits}) == len(visits) >= 2
        assert all(3 <= len(visit.frames) <= 5 for visit in visits)


def test_signed_times_say_something() -> None:
    later = [0, 0]
    for visits in walks():
        times = {visit.camid: visit.frames[0] for visit in visits}
        if {1, 3} <= times.keys():
            later[times[3] > times[1]] += 1
    assert later[1] > 3 * later[0]


def test_same_seed_same_world() -> None:
    assert plan_world(SMALL) == plan_world(SMALL)
    assert plan_world(SMALL) != plan_world(SMALL.model_copy(update={"seed": 4}))


def test_queries_follow_market1501() -> None:
    planned = plan_world(SMALL)
    assert {one.pid for one in planned.train} == set(range(1, 31))
    seen = defaultdict(set)
    for one in planned.gallery:
        if one.pid > 0:
            seen[one.pid].add(one.camid)
    assert set(seen) == set(range(31, 56))
    assert all(len(cameras) >= 2 for cameras in seen.values())
    queried = [(one.pid, one.camid) for one in planned.query]
    assert sorted(queried) == [(pid, camid) for pid in sorted(seen) for camid in sorted(seen[pid])]
    moments = {(one.pid, one.camid, one.sequence, one.frame) for one in planned.gallery}
    assert not moments & {(one.pid, one.camid, one.sequence, one.frame) for one in planned.query}
    assert sum(one.pid == 0 for one in planned.gallery) == 17
    assert sum(one.pid == -1 for one in planned.gallery) == 9


def test_no_two_boxes_of_a_frame_share_a_number() -> None:
    planned = plan_world(RenderSettings(distractors=4000, seed=1))
    everything = [*planned.train, *planned.gallery]
    places = [(one.camid, one.sequence, one.frame, one.box) for one in everything]
    assert len(set(places)) == len(places)


def test_clocks_agree() -> None:
    lengths = world.sequence_lengths()
    assert sorted(lengths) == [str(camid) for camid in sorted(CAMERAS)]
    assert len({tuple(frames) for frames in lengths.values()}) == 1


@pytest.mark.parametrize(
    ("size", "message"),
    [
        ({"frames_per_pass": 1}, "at least 2"),
        ({"train_identities": 9000, "test_identities": 1000}, "more than 9999 together"),
        ({"test_identities": 0}, "at least 1"),
        ({"junk": -1}, "of at least 0"),
    ],
)
def test_impossible_sizes_are_refused(size: dict[str, int], message: str) -> None:
    with pytest.raises(InputError, match=message):
        RenderSettings.of(**size)
