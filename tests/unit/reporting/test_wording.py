"""Numbers in words, by hand."""

import numpy as np
import pytest

from streid.files.sightings import UNKNOWN_TIME, Sightings
from streid.reporting.wording import Clock, count, duration, memory, percent, points


def test_shares_and_differences() -> None:
    assert percent(0.9312) == "93.1"
    assert percent(1.0) == "100.0"
    assert points(0.021) == "+2.1"
    assert points(-0.008) == "\N{MINUS SIGN}0.8"


def test_counts() -> None:
    assert count(1, "query", "queries") == "1 query"
    assert count(3368, "query", "queries") == "3,368 queries"
    assert count(0, "picture") == "0 pictures"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(4.2, "4.2 s"), (60, "1 min 00 s"), (192, "3 min 12 s"), (3599.6, "1 h 00 min"), (18420, "5 h 07 min")],
)
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_memory() -> None:
    assert memory(512.3) == "512 MB"
    assert memory(2150.4) == "2.1 GB"


@pytest.mark.parametrize(
    ("frames", "text"),
    [
        (1050, "+42 s"),
        (-250, "\N{MINUS SIGN}10 s"),
        (35, "+1.4 s"),
        (5100, "+3.4 min"),
        (37500, "+25 min"),
        (270000, "+3.0 h"),
        (25 * 86400 * 30, "+30 d"),
        (0, "+0 s"),
    ],
)
def test_gaps_in_seconds(frames: int, text: str) -> None:
    assert Clock(per_second=25, unit="frames").gap(frames) == text


def test_a_clock_of_whole_seconds_has_no_decimals_of_them() -> None:
    clock = Clock(per_second=1, unit="seconds")
    assert [clock.gap(seconds) for seconds in (3, 150)] == ["+3 s", "+2.5 min"]


def test_gaps_beside_each_other_are_told_apart() -> None:
    clock = Clock(per_second=25, unit="frames")
    assert clock.gaps([0, 25, 50]) == ["+0 s", "+1 s", "+2 s"]
    assert clock.gaps([0, 1, 2]) == ["+0.00 s", "+0.04 s", "+0.08 s"]
    assert clock.gaps([0, 0, 5 * 60 * 25]) == ["+0 min", "+0 min", "+5 min"]
    assert Clock(per_second=0, unit="frames").gaps([0, 7]) == ["+0", "+7"]
    assert clock.gaps([]) == []


def test_times_between_two_pictures() -> None:
    def seen(time: int, session: int = 0) -> Sightings:
        columns = {name: np.array([value]) for name, value in (("session_N", session), ("time_N", time))}
        return Sightings(pid_N=np.array([1]), camid_N=np.array([1]), path_N=np.array(["a.jpg"], object), **columns)

    clock = Clock(per_second=25, unit="frames")
    assert clock.between(seen(100), 0, seen(1150), 0) == "+42 s"
    assert clock.between(seen(100), 0, seen(1150, session=5), 0) == "other session"
    assert clock.between(seen(100), 0, seen(UNKNOWN_TIME), 0) == "no time"


def test_gaps_in_a_unit_of_unknown_length() -> None:
    assert Clock(per_second=0, unit="frames").gap(-1050) == "\N{MINUS SIGN}1,050"
    assert Clock(per_second=0, unit="frames").scale(10**9) == (1.0, "frames")
