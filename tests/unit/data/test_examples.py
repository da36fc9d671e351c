"""The people looked at: seen by two cameras where there are such, the same for every model."""

from collections.abc import Sequence

import pandas as pd
import pytest

from streid.data.examples import choose_examples
from streid.data.sources import make_table
from streid.errors import InputError


def passes(*seen: tuple[int, int, int], split: str = "gallery", first: int = 0) -> pd.DataFrame:
    """A manifest of tracklets (identity, camera, pictures), named identity-camera-tracklet-picture."""
    rows = [
        (f"{pid}-{camid}-{number}-{picture}.jpg", split, pid, camid, 0, 10 * picture, number)
        for number, (pid, camid, pictures) in enumerate(seen, first)
        for picture in range(pictures)
    ]
    return make_table(rows)


def whom(examples: Sequence[tuple[int, int, tuple[str, ...]]]) -> list[tuple[int, int]]:
    return [example[:2] for example in examples]


def test_people_of_several_cameras_come_first_each_before_two() -> None:
    table = passes((1, 1, 2), (2, 5, 2), (2, 3, 2), (3, 2, 2), (3, 4, 2))
    examples = choose_examples(table, count=8, frames=1, seed=0)
    assert sorted(whom(examples)) == [(1, 1), (2, 3), (2, 5), (3, 2), (3, 4)]
    assert whom(examples)[-1] == (1, 1)
    assert whom(examples) in ([(2, 3), (2, 5), (3, 2), (3, 4), (1, 1)], [(3, 2), (3, 4), (2, 3), (2, 5), (1, 1)])
    assert whom(choose_examples(table, count=3, frames=1, seed=0)) == whom(examples)[:3]


def test_the_longest_tracklets_are_taken() -> None:
    table = passes((1, 1, 2), (1, 1, 4), (1, 2, 3), (1, 3, 5), (1, 4, 3))
    clips = choose_examples(table, count=2, frames=3, seed=0)
    assert clips[0] == (1, 1, ("1-1-1-0.jpg", "1-1-1-1.jpg", "1-1-1-2.jpg"))
    assert clips[1] == (1, 3, ("1-3-3-0.jpg", "1-3-3-1.jpg", "1-3-3-2.jpg"))
    assert [one.paths for one in choose_examples(table, count=2, frames=1, seed=0)] == [
        ("1-1-1-2.jpg",),
        ("1-3-3-2.jpg",),
    ]


def test_a_short_tracklet_repeats_its_pictures() -> None:
    assert choose_examples(passes((1, 1, 1)), count=1, frames=2, seed=0)[0].paths == ("1-1-0-0.jpg",) * 2


def test_tracklets_are_counted_within_their_split() -> None:
    query = passes((1, 1, 2), (1, 2, 1), split="query")
    gallery = passes((2, 2, 2), (1, 2, 2)).assign(path=lambda table: "g" + table["path"])
    examples = choose_examples(pd.concat([query, gallery], ignore_index=True), count=3, frames=2, seed=0)
    assert sorted(examples) == [
        (1, 1, ("1-1-0-0.jpg", "1-1-0-1.jpg")),
        (1, 2, ("g1-2-1-0.jpg", "g1-2-1-1.jpg")),
        (2, 2, ("g2-2-0-0.jpg", "g2-2-0-1.jpg")),
    ]


def test_the_seed_draws_the_people() -> None:
    table = passes(*((pid, camid, 1) for pid in range(1, 30) for camid in (1, 2)))
    drawn = [whom(choose_examples(table, count=6, frames=1, seed=seed)) for seed in (0, 0, 1)]
    assert drawn[0] == drawn[1] != drawn[2]
    assert [len(set(one)) for one in drawn] == [6, 6, 6]


def test_only_known_people_of_the_test_are_shown() -> None:
    learned = passes((9, 1, 1), (9, 2, 1), split="train")
    unknown = passes((0, 1, 1), (-1, 2, 1), first=2)
    asked = passes((4, 1, 1), split="query", first=4)
    # A query that stands in the gallery as well is one picture, not two frames.
    both = asked.assign(split="gallery")
    table = pd.concat([learned, unknown, asked, both])
    assert choose_examples(table, count=8, frames=1, seed=0) == [(4, 1, ("4-1-4-0.jpg",))]
    with pytest.raises(InputError, match="no picture of query and gallery shows a known person"):
        choose_examples(pd.concat([learned, unknown]), count=8, frames=1, seed=0)
