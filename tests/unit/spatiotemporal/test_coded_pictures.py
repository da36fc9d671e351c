"""Numbered pictures and pairs of one person's, against plain loops."""

import numpy as np
import pytest

from streid.files.sightings import Sightings
from streid.spatiotemporal import coded_pictures
from streid.spatiotemporal.coded_pictures import code_pictures, row_pairs, same_person_pairs


def random_pictures(count: int = 60) -> Sightings:
    rng = np.random.default_rng(0)
    return Sightings(
        pid_N=rng.integers(-1, 6, count),
        camid_N=rng.choice([3, 4, 8], count),
        session_N=rng.choice([5, 9], count),
        time_N=rng.integers(-1, 50, count) + 1_700_000_000 * (rng.random(count) < 0.9),
        path_N=np.array([str(row) for row in range(count)], object),
    )


def test_by_hand() -> None:
    rows = np.array([[7, 4, 2, 100], [7, 4, 2, 90], [5, 9, 2, 95], [-1, 4, 2, 1], [0, 4, 2, 2], [7, 9, 3, -1]])
    pictures = code_pictures(
        Sightings(
            pid_N=rows[:, 0],
            camid_N=rows[:, 1],
            session_N=rows[:, 2],
            time_N=rows[:, 3],
            path_N=np.full(6, "a", object),
        )
    )
    assert pictures.cameras_C.tolist() == [4, 9]
    assert pictures.person_N.tolist() == [0, 1, 1]
    assert pictures.camera_N.tolist() == [1, 0, 0]
    assert pictures.clock_N.tolist() == [5, 10, 0]
    assert pictures.share_N.tolist() == [1, 0.5, 0.5]
    assert (pictures.people, pictures.span, pictures.camera_pairs) == (2, 10, 1)


@pytest.mark.parametrize("batch", [1, 7, 1 << 20])
def test_pairs_of_one_person_whatever_the_batches(batch: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(coded_pictures, "PAIR_BATCH", batch)
    pictures = code_pictures(random_pictures())
    person, camera = pictures.person_N, pictures.camera_N
    count = len(person)
    expected = [
        (i, j) for i in range(count) for j in range(i, count) if person[i] == person[j] and camera[i] < camera[j]
    ]
    batches = list(same_person_pairs(pictures))
    found = [(int(i), int(j)) for one, other in batches for i, j in zip(one, other, strict=True)]
    assert found == expected
    assert len(batches) > 1 or batch > 7


def test_a_batch_is_bounded_by_one_row_however_many_pictures_a_person_has(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(coded_pictures, "PAIR_BATCH", 100)
    stop = np.full(500, 500)
    sizes = [len(one) for one, _ in row_pairs(np.arange(1, 501), stop)]
    assert sum(sizes) == 500 * 499 // 2
    assert max(sizes) <= 100 + 499


def test_nothing() -> None:
    pictures = code_pictures(random_pictures(0))
    assert (pictures.people, pictures.span) == (0, 0)
    assert sum(len(one) for one, _ in same_person_pairs(pictures)) == 0
