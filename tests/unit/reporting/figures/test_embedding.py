"""t-SNE of some identities: who is chosen, what is read, and that people lie apart who are apart."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from streid.errors import InputError
from streid.files.features import write_features
from streid.files.sightings import Sightings
from streid.reporting.figures.embedding import (
    IDENTITIES,
    MOST_ROWS,
    choose_rows,
    find_neighbourhood,
    plot_neighbourhood,
    read_rows,
)
from streid.reporting.runs import ModelRun

MakeRun = Callable[..., ModelRun]


def people(pids: list[int], cameras: list[int]) -> Sightings:
    count = len(pids)
    return Sightings(
        pid_N=np.array(pids),
        camid_N=np.array(cameras),
        session_N=np.zeros(count, np.int64),
        time_N=np.arange(count),
        path_N=np.array([f"{row}.jpg" for row in range(count)], object),
    )


def test_some_people_of_several_cameras_are_chosen() -> None:
    # 20 people in two cameras, 5 at one, a distractor and junk; two pictures of each.
    pids = [pid for pid in range(1, 26) for _ in range(2)] + [0, -1]
    cameras = [1 + (second and pid <= 20) for pid in range(1, 26) for second in (0, 1)] + [1, 2]
    seen = people(pids, cameras)
    rows = choose_rows(seen, 0)
    chosen = np.unique(seen.pid_N[rows])
    assert len(chosen) == IDENTITIES
    assert chosen.min() >= 1
    assert chosen.max() <= 20
    assert rows.tolist() == sorted(rows)
    assert rows.tolist() == choose_rows(seen, 0).tolist() != choose_rows(seen, 1).tolist()


def test_of_many_rows_an_even_spread_is_taken() -> None:
    rows = choose_rows(people([3] * 100, [1, 2] * 50), 0)
    assert len(rows) == MOST_ROWS
    assert set(np.diff(rows)) == {4, 5}
    assert choose_rows(people([0, -1], [1, 1]), 0).tolist() == []


@pytest.fixture
def run(make_run: MakeRun, tmp_path: Path) -> ModelRun:
    """Four people around four directions, each in query and gallery."""
    generator = np.random.default_rng(0)
    query, gallery = people([1, 2, 3, 4], [1, 1, 1, 1]), people([1, 2, 3, 4] * 6, [2, 3] * 12)
    features = {
        name: np.eye(8)[group.pid_N] + 0.05 * generator.standard_normal((len(group), 8))
        for name, group in (("query", query), ("gallery", gallery))
    }
    groups = {name: (group, [features[name]]) for name, group in (("query", query), ("gallery", gallery))}
    write_features(tmp_path / "features.h5", dataset="made", model="pcb", dimension=8, groups=groups)
    return replace(make_run(folder=tmp_path), query=query, gallery=gallery)


def test_rows_of_both_groups_are_read(run: ModelRun) -> None:
    rows = np.array([0, 3, 4, 9])
    found = read_rows(run.folder / "features.h5", (4, 24), rows)
    assert found.argmax(axis=1).tolist() == [1, 4, 1, 2]
    assert found.dtype == np.float32


def test_people_that_are_apart_lie_apart(run: ModelRun) -> None:
    found = find_neighbourhood(run, 0)
    assert found is not None
    assert found.pid_M.tolist() == [1, 2, 3, 4] * 7
    distances = np.linalg.norm(found.places_M2[:, None] - found.places_M2, axis=2)
    np.fill_diagonal(distances, np.inf)
    assert (found.pid_M[distances.argmin(axis=1)] == found.pid_M).all()
    again = find_neighbourhood(run, 0)
    assert again is not None
    np.testing.assert_array_equal(found.places_M2, again.places_M2)
    chart = plot_neighbourhood("pcb", found)
    assert chart.alt == (
        "t-SNE of 28 features of 4 identities by pcb; the nearest other point is of the same identity for 100 %."
    )
    for words in (b">camera 1<", b">camera 3<", b">4<"):
        assert words in chart.svg


def test_there_is_none_where_nothing_can_be_told(run: ModelRun) -> None:
    few = replace(run, query=run.query.take(slice(1)), gallery=run.gallery.take(slice(5)))
    assert find_neighbourhood(few, 0) is None
    same = {
        name: (group, [np.ones((len(group), 2))]) for name, group in (("query", run.query), ("gallery", run.gallery))
    }
    write_features(run.folder / "features.h5", dataset="made", model="pcb", dimension=2, groups=same)
    assert find_neighbourhood(run, 0) is None


def test_features_that_are_not_finite_are_refused(run: ModelRun) -> None:
    bad = {
        name: (group, [np.full((len(group), 2), np.nan)])
        for name, group in (("query", run.query), ("gallery", run.gallery))
    }
    write_features(run.folder / "features.h5", dataset="made", model="pcb", dimension=2, groups=bad)
    with pytest.raises(InputError, match=r"features\.h5: a feature is not finite"):
        find_neighbourhood(run, 0)
