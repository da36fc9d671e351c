"""Numbers in words, by hand."""

import pytest

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
        (5100, "+3.4 min"),
        (37500, "+25 min"),
        (270000, "+3.0 h"),
        (0, "+0 s"),
    ],
)
def test_gaps_in_seconds(frames: int, text: str) -> None:
    assert Clock(per_second=25, unit="frames").gap(frames) == text


def test_gaps_in_a_unit_of_unknown_length() -> None:
    assert Clock(per_second=0, unit="frames").gap(-1050) == "\N{MINUS SIGN}1,050"
    assert Clock(per_second=0, unit="frames").scale(10**9) == (1.0, "frames")
