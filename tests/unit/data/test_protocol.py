"""Who may be learned from, searched for and found."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from streid.data.protocol import check_matches, refuse_nobody, refuse_tested, without_match
from streid.errors import InputError
from streid.files.sightings import Sightings


def seen(*pictures: tuple[int, int]) -> Sightings:
    """Pictures of (pid, camid)."""
    pid_N, camid_N = (np.array([picture[column] for picture in pictures], np.int64) for column in (0, 1))
    paths = np.array([f"{number}.jpg" for number in range(len(pictures))], object)
    nothing = np.zeros(len(pictures), np.int64)
    return Sightings(pid_N=pid_N, camid_N=camid_N, session_N=nothing, time_N=nothing, path_N=paths)


def test_nobody_is_learned_from_and_tested() -> None:
    refuse_tested(np.array([1, 2, -1, 0]), np.array([3, -1, 0]), "m.csv")
    refuse_tested(np.array([], np.int64), np.array([3]), "m.csv")
    with pytest.raises(InputError, match=r"^m\.csv: 2 identities are trained on .*\(first: 3\); remove them from one"):
        refuse_tested(np.array([5, 3, 5, 1]), np.array([3, 5, 3]), "m.csv")


def test_people_are_numbered_from_1() -> None:
    refuse_nobody(np.array([1, 5]), str)
    refuse_nobody(np.array([], np.int64), str)
    with pytest.raises(InputError, match=r"^row 1: pid is 0 \(2 such rows of train, val and query\), but people are"):
        refuse_nobody(np.array([4, 0, -1]), lambda row: f"row {row}")


def test_only_another_camera_makes_a_match() -> None:
    gallery = seen((1, 1), (1, 2), (2, 1), (3, 1), (3, 1), (-1, 5), (0, 5))
    query = seen((1, 1), (1, 3), (2, 1), (2, 2), (3, 1), (4, 1))
    assert without_match(query, gallery).tolist() == [False, False, True, False, True, True]


@settings(max_examples=100, deadline=None, database=None)
@given(data=some.data())
def test_every_query_is_looked_up_like_one_by_one(data: some.DataObject) -> None:
    pictures = some.tuples(some.integers(1, 4), some.integers(0, 3))
    query = data.draw(some.lists(pictures, min_size=1, max_size=6))
    gallery = data.draw(some.lists(pictures, max_size=6))
    one_by_one = [not any(pid == other and camid != away for other, away in gallery) for pid, camid in query]
    assert without_match(seen(*query), seen(*gallery)).tolist() == one_by_one


def test_queries_without_a_match_are_counted() -> None:
    assert check_matches(seen((1, 1)), seen((1, 2)), str) == []
    assert check_matches(seen((1, 1), (2, 2), (3, 1)), seen((1, 2), (2, 2)), str) == [
        "2 of 3 queries have no right match in the gallery (first: 1.jpg): they are left out of the figures"
    ]


def test_a_test_without_any_match_is_refused_with_the_reason() -> None:
    with pytest.raises(
        InputError,
        match=r"^line 7: none of the 2 queries, the first of pid 1 in camera 1, has a right match in the gallery .*"
        r": query and gallery have no pid in common; give one person the same pid in both$",
    ):
        check_matches(seen((1, 1), (2, 1)), seen((5, 2)), lambda row: f"line {row + 7}")
    with pytest.raises(InputError, match="shows their people in their own camera only; add pictures of other"):
        check_matches(seen((1, 1), (2, 1)), seen((1, 1)), str)
