"""What is said of times far outside and of coarse clocks."""

from dataclasses import replace

import numpy as np
import pytest

from streid.files.sightings import Sightings
from streid.spatiotemporal.doubtful_times import doubtful_times, times_far_outside

START = 1_700_000_000


def passers_by(people: int = 60) -> Sightings:
    """Each person passes cameras 2, 4 and 7 within minutes, at any time of ten hours; two pictures a camera."""
    rng = np.random.default_rng(0)
    begin = np.repeat(rng.integers(0, 36_000, people), 6)
    travel = np.tile([0, 2, 100, 102, 220, 222], people) + np.repeat(rng.integers(0, 40, 3 * people), 2)
    return Sightings(
        pid_N=np.repeat(np.arange(1, people + 1), 6),
        camid_N=np.tile([2, 2, 4, 4, 7, 7], people),
        session_N=np.zeros(6 * people, np.int64),
        time_N=START + begin + travel,
        path_N=np.array([f"{row}.jpg" for row in range(6 * people)], object),
    )


def with_time(sightings: Sightings, row: int, time: int) -> Sightings:
    times = sightings.time_N.copy()
    times[row] = time
    return replace(sightings, time_N=times)


def test_usual_times_are_not_doubted() -> None:
    assert doubtful_times(passers_by()) == ()
    assert doubtful_times(with_time(passers_by(), 3, -1)) == ()
    assert doubtful_times(passers_by().take(np.zeros(0, np.int64))) == ()


@pytest.mark.parametrize("time", [0, START * 1000])
def test_single_times_far_outside_are_counted_and_one_is_named(time: int) -> None:
    clean = passers_by()
    (doubt,) = doubtful_times(with_time(clean, 3, time))
    others = np.delete(clean.time_N, 3)
    assert doubt == (
        f"1 of 360 training pictures have times far outside the others', for example camera 4 at {time} (3.jpg), where "
        f"others of its session lie from {others.min()} to {others.max()}: check that camera's clock"
    )


def test_a_camera_without_a_clock_is_named() -> None:
    clean = passers_by()
    wrong = replace(clean, time_N=np.where(clean.camid_N == 7, clean.time_N - START, clean.time_N))
    np.testing.assert_array_equal(times_far_outside(wrong), clean.camid_N == 7)
    (doubt,) = doubtful_times(wrong)
    assert doubt.startswith("120 of 360 training pictures have times far outside the others', for example camera 7 at ")


def test_sessions_are_looked_at_one_by_one() -> None:
    clean = passers_by()
    later = replace(clean, session_N=clean.session_N + 1, time_N=clean.time_N - START)
    both = Sightings(**{
        name: np.concatenate((getattr(clean, name), getattr(later, name)))
        for name in ("pid_N", "camid_N", "session_N", "time_N", "path_N")
    })  # fmt: skip
    assert not times_far_outside(both).any()


@pytest.mark.parametrize(("tick", "value", "share"), [(36_000, "0", 99), (1, "7", 100)])
def test_a_clock_too_coarse_is_said(tick: int, value: str, share: int) -> None:
    clean = passers_by()
    times = clean.time_N // tick * tick if tick > 1 else START + 7 * (clean.camid_N == 4) + 14 * (clean.camid_N == 7)
    (doubt,) = doubtful_times(replace(clean, time_N=times, pid_N=clean.pid_N).take(clean.camid_N != 7))
    assert (
        f"% of the training people's time differences between two cameras are exactly {value} in the data set's"
        in doubt
    )
    assert int(doubt.split()[0]) >= share - 1
    assert doubtful_times(replace(clean, time_N=times).take(clean.pid_N < 9)) == ()
