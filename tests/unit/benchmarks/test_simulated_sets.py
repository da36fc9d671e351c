"""The sets fusions are compared on: official counts, and appearance as it is said to be."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from conftest import MARKET_NAMES

from fusion import STRENGTH_NAMES
from simulated_sets import (
    STRENGTHS,
    SimulatedSet,
    Strength,
    choose_identities,
    draw_features,
    duke_like,
    market,
    msmt_like,
    one_per_camera,
)
from streid.errors import InputError
from streid.files.sightings import Sightings, concatenate_sightings


def sightings(*rows: tuple[int, int]) -> Sightings:
    pid_N, camid_N = np.array(rows, np.int64).T
    zeros = np.zeros(len(rows), np.int64)
    return Sightings(pid_N=pid_N, camid_N=camid_N, session_N=zeros, time_N=zeros, path_N=np.full(len(rows), "", object))


def counts(group: Sightings) -> tuple[int, int]:
    return len(group), len(np.unique(group.pid_N))


def same(one: SimulatedSet, other: SimulatedSet) -> bool:
    groups = [(getattr(one, name), getattr(other, name)) for name in ("training", "query", "gallery")]
    return all(
        np.array_equal(getattr(a, column), getattr(b, column))
        for a, b in groups
        for column in ("pid_N", "camid_N", "session_N", "time_N")
    )


def test_full_sets_have_the_official_counts() -> None:
    duke = duke_like(seed=0)
    assert counts(duke.training) == (16522, 702)
    assert counts(duke.query) == (2228, 702)
    assert counts(duke.gallery) == (17661, 1110)
    assert set(duke.gallery.session_N) == {0}
    msmt = msmt_like(seed=0)
    assert counts(msmt.training) == (32621, 1041)
    assert counts(msmt.query) == (11659, 3060)
    assert counts(msmt.gallery) == (82161, 3060)
    assert set(msmt.gallery.session_N) == set(range(12))
    assert set(msmt.gallery.camid_N) == set(range(1, 16))
    assert 0 <= msmt.gallery.time_N.min() <= msmt.gallery.time_N.max() <= 1985
    pairs = np.unique(np.column_stack((msmt.training.pid_N, msmt.training.session_N)), axis=0)
    assert 0.94 < (np.unique(pairs[:, 0], return_counts=True)[1] == 1).mean() < 0.98


@pytest.mark.parametrize("make", [duke_like, msmt_like])
def test_a_seed_makes_one_set_and_another_seed_another(make: Callable[..., SimulatedSet]) -> None:
    world = make(seed=3, scale=0.02)
    assert same(world, make(seed=3, scale=0.02))
    assert not same(world, make(seed=4, scale=0.02))
    assert not set(world.training.pid_N) & set(world.gallery.pid_N)


def test_every_query_can_be_found_and_is_asked_once_per_camera() -> None:
    world = duke_like(seed=1, scale=0.05)
    asked = np.column_stack((world.query.pid_N, world.query.camid_N))
    assert len(np.unique(asked, axis=0)) == len(asked)
    for pid, camid in asked:
        elsewhere = (world.gallery.pid_N == pid) & (world.gallery.camid_N != camid)
        assert elsewhere.any()
    everyone = concatenate_sightings((world.query, world.gallery))
    assert len(set(everyone.path_N)) == len(everyone)


def test_market_is_read_from_lists(tmp_path: Path) -> None:
    for folder, names in MARKET_NAMES.items():
        (tmp_path / f"{folder}.txt").write_text("\n".join(names) + "\n", encoding="utf-8")
    world = market(tmp_path)
    assert world.training.pid_N.tolist() == [2, 2, 7]
    assert world.query.time_N.tolist() == [1051]
    assert sorted(world.gallery.pid_N) == [-1, 0, 1, 1]
    # By hand: camera 3's first sequence is 161,708 frames long.
    assert world.gallery.time_N.max() == 161_708 + 301
    (tmp_path / "query.txt").unlink()
    with pytest.raises(InputError, match=r"query\.txt: no such file"):
        market(tmp_path)


def test_one_row_per_identity_and_camera() -> None:
    group = sightings((1, 1), (1, 1), (1, 2), (2, 1), (2, 1), (2, 1))
    rows = one_per_camera(group, 0)
    assert [(group.pid_N[row], group.camid_N[row]) for row in rows] == [(1, 1), (1, 2), (2, 1)]
    assert len({tuple(one_per_camera(group, seed)) for seed in range(20)}) > 1


def test_held_out_identities_are_whole_people() -> None:
    group = sightings((1, 1), (1, 2), (2, 1), (3, 1), (3, 3), (0, 1), (-1, 1))
    chosen_N = choose_identities(group, 2, 0)
    assert len(set(group.pid_N[chosen_N])) == 2
    assert not set(group.pid_N[chosen_N]) & ({-1, 0} | set(group.pid_N[~chosen_N]))
    assert set(group.pid_N[choose_identities(group, 9, 0)]) == {1, 2, 3}


def test_features_are_made_of_person_camera_and_picture() -> None:
    # Two pictures of person 1 in camera 1, two in camera 2, one of person 2; then junk and distractors.
    query = sightings((1, 1), (1, 2))
    gallery = sightings((1, 1), (1, 2), (2, 1), (-1, 1), (-1, 1), (0, 1), (0, 1))
    strength = Strength(camera=1.0, spread=0.0, noise=0.5, dimension=20_000)
    features = draw_features((query, gallery), strength, seed=0, stream=9)
    assert [len(part) for part in features] == [2, 7]
    features_ND = np.concatenate(features)
    assert features_ND.dtype == np.float32
    assert np.linalg.norm(features_ND, axis=1) == pytest.approx(np.ones(9), abs=1e-5)
    cosines = features_ND @ features_ND.T
    length = 1 + 1 + 0.25  # centre, offset and noise, each independent
    assert cosines[0, 2] == pytest.approx(2 / length, abs=0.03)  # centre and offset in common
    assert cosines[0, 3] == pytest.approx(1 / length, abs=0.03)  # the centre in common
    strangers = cosines[np.ix_([0, 4, 5, 6, 7, 8], [0, 4, 5, 6, 7, 8])] - np.eye(6)
    assert np.abs(strangers).max() < 0.04


def test_the_offsets_size_is_one_per_person_and_camera() -> None:
    group = sightings(*((pid, camid) for pid in range(1, 301) for camid in (1, 1)))
    strength = Strength(camera=1.2, spread=0.5, noise=0.0, dimension=2000)
    (features_ND,) = draw_features((group,), strength, seed=0, stream=1)
    assert np.einsum("nd,nd->n", features_ND[::2], features_ND[1::2]) == pytest.approx(np.ones(300), abs=1e-4)
    pair = sightings(*((pid, camid) for pid in range(1, 301) for camid in (1, 2)))
    (features_ND,) = draw_features((pair,), strength, seed=0, stream=1)
    cosine_N = np.einsum("nd,nd->n", features_ND[::2], features_ND[1::2])
    factor = 1.2**2 * np.exp(np.random.default_rng(0).normal(0, 2 * 0.5, (2, 200_000)))
    expected = 1 / np.sqrt((1 + factor[0]) * (1 + factor[1]))
    assert cosine_N.mean() == pytest.approx(expected.mean(), abs=0.03)
    assert cosine_N.std() == pytest.approx(expected.std(), abs=0.03)


def test_features_depend_on_seed_and_stream_alone() -> None:
    group = sightings((1, 1), (1, 2), (2, 1))
    drawn = {
        key: draw_features((group,), STRENGTHS["recipe"], seed=key[0], stream=key[1])[0]
        for key in ((0, 1), (0, 2), (1, 1))
    }
    assert np.array_equal(drawn[0, 1], draw_features((group,), STRENGTHS["recipe"], seed=0, stream=1)[0])
    assert not np.allclose(drawn[0, 1], drawn[0, 2])
    assert not np.allclose(drawn[0, 1], drawn[1, 1])


def test_the_command_line_offers_every_strength() -> None:
    assert tuple(STRENGTHS) == STRENGTH_NAMES
