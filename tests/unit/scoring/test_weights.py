"""The likelihood fusion's weight: default, choice on held-out identities, and what must never change it."""

import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from streid.errors import InputError
from streid.files.features import FeatureGroup, FeatureSet, write_features
from streid.files.histograms import HeldOut, Histograms, neutral_likelihood
from streid.files.sightings import Sightings
from streid.scoring.evaluation import Scene, make_scene
from streid.scoring.fusion import Fusion, likelihood_fusion, locate
from streid.scoring.fusion_records import FusionRequest, make_fusion
from streid.scoring.kernels import fuse_block
from streid.scoring.weights import choose_weight, default_weight
from streid.spatiotemporal.likelihood import fit_held_out, fit_likelihood
from streid.spatiotemporal.travel_histograms import build_histograms


def walkers(seed: int, pids: range, *, noise: float = 2.0, pictures: int = 3) -> FeatureGroup:
    """People who pass camera c about 20 c after camera 1; features are their own centre and noise."""
    rng = np.random.default_rng(seed)
    rows, features = [], []
    for pid in pids:
        start, centre = int(rng.integers(0, 900)), np.random.default_rng(pid).standard_normal(16)
        for camera in (1, 2, 3):
            for _ in range(pictures):
                rows.append((pid, camera, 0, start + 20 * camera + int(rng.integers(-3, 4))))
                features.append(centre + noise * rng.standard_normal(16))
    table = np.array(rows, np.int64)
    paths = np.array([f"{pids.start}-{row}.jpg" for row in range(len(rows))], object)
    columns = {f"{name}_N": table[:, place] for place, name in enumerate(("pid", "camid", "session", "time"))}
    return FeatureGroup(sightings=Sightings(**columns, path_N=paths), features_ND=np.array(features, np.float32))


def split_scene(group: FeatureGroup) -> FeatureSet:
    """Every third picture a query."""
    rows = np.arange(len(group.sightings))
    groups = {
        name: FeatureGroup(sightings=group.sightings.take(part), features_ND=group.features_ND[part])
        for name, part in (("query", rows[::3]), ("gallery", np.setdiff1d(rows, rows[::3])))
    }
    return FeatureSet(dataset="d", model="m", groups=groups)


def held_out_of(group: FeatureGroup, pids: range) -> HeldOut:
    held_out = fit_held_out(group.sightings, np.array(pids))
    assert held_out is not None
    return held_out


def naive_choice(
    val: FeatureGroup, asking: np.ndarray, asked: np.ndarray, held_out: HeldOut, weights: list[float]
) -> Any:
    """The rule by sorting every list: mAP of every weight, the best, and the one to take."""
    features = val.features_ND / np.linalg.norm(val.features_ND, axis=1, keepdims=True)
    cosines = (features[asking] @ features[asked].T).astype(np.float32)
    pid, cam = val.sightings.pid_N, val.sightings.camid_N
    moments = [locate(val.sightings, held_out.likelihood.cameras_C)] * 2
    table = []
    for weight in weights:
        scores = np.empty((len(pid), len(pid)), np.float32)
        everyone = np.zeros_like(scores)
        everyone[np.ix_(asking, asked)] = cosines
        fuse_block(everyone, *moments, likelihood_fusion(held_out.likelihood, weight).rule, False, scores)
        precisions = []
        for q in asking:
            ordered = asked[np.argsort(-scores[q, asked], kind="stable")]
            ordered = ordered[(pid[ordered] != pid[q]) | (cam[ordered] != cam[q])]
            hits = pid[ordered] == pid[q]
            after = np.cumsum(hits) / np.arange(1, len(hits) + 1)
            before = np.concatenate(([1.0], after[:-1]))
            precisions.append(((after + before) / 2)[hits].mean() if hits.any() else np.nan)
        table.append(precisions)
    values = np.array(table)
    kept = ~np.isnan(values[0])
    values, owners = values[:, kept], pid[asking][kept]
    means = values.mean(axis=1)
    best = int(np.argmax(means))
    people = sorted(set(owners.tolist()))
    close = []
    for k in range(len(weights)):
        loss = [(values[best] - values[k])[owners == p].sum() * len(people) / len(owners) for p in people]
        if np.mean(loss) <= 2 * np.std(loss, ddof=1) / np.sqrt(len(people)):
            close.append(k)
    return means, best, min(close, key=lambda k: abs(k - len(weights) // 2))


@pytest.mark.parametrize(("noise", "default"), [(1.0, 0.1), (3.0, 0.004), (2.0, 3.0)])
def test_choice_equals_the_rule_by_sorting(noise: float, default: float) -> None:
    group = walkers(0, range(1, 25), noise=noise)
    val = FeatureGroup(
        sightings=group.sightings.take(slice(0, 108)), features_ND=group.features_ND[:108]
    )  # identities 1 to 12, nine pictures each
    held_out = held_out_of(group, range(1, 13))
    choice = choose_weight(val, held_out, default, seed=5)
    order = np.random.default_rng(5).permutation(108)
    asking = []
    for pid in range(1, 13):
        for camera in (1, 2, 3):
            mine = (val.sightings.pid_N[order] == pid) & (val.sightings.camid_N[order] == camera)
            asking.append(int(order[np.argmax(mine)]))
    asked = np.setdiff1d(np.arange(108), asking)
    means, best, chosen = naive_choice(val, np.array(asking), asked, held_out, list(choice.weights))
    np.testing.assert_allclose(choice.mAP, means, atol=1e-9)
    assert (choice.best, choice.chosen) == (choice.weights[best], choice.weights[chosen])
    assert (choice.identities, choice.queries, choice.default) == (12, 36, default)
    np.testing.assert_allclose(choice.weights, default * np.geomspace(0.25, 4, 25), rtol=1e-3)


def test_a_default_far_too_low_is_raised() -> None:
    group = walkers(1, range(1, 81), noise=3.0)
    choice = choose_weight(group, held_out_of(group, range(1, 41)), 0.002, seed=0)
    assert choice.best >= choice.chosen > 0.002
    assert choice.mAP[choice.weights.index(choice.chosen)] > choice.mAP[12]


def test_same_seed_same_choice_and_identities_not_held_out_are_passed_over() -> None:
    group = walkers(2, range(1, 31))
    held_out = held_out_of(group, range(1, 11))
    part = FeatureGroup(sightings=group.sightings.take(slice(0, 90)), features_ND=group.features_ND[:90])
    choice = choose_weight(part, held_out, 0.1, seed=3)
    assert choose_weight(part, held_out, 0.1, seed=3) == choice
    assert choice.identities == 10
    other = choose_weight(group, held_out, 0.1, seed=3)
    assert (other.identities, other.queries) == (10, 30)


def test_a_picture_alone_in_its_camera_asks_and_is_asked() -> None:
    group = walkers(3, range(1, 31), pictures=1)
    choice = choose_weight(group, held_out_of(group, range(1, 16)), 0.1, seed=0)
    assert (choice.identities, choice.queries) == (15, 45)


@pytest.mark.parametrize("whole", [0, 1])
def test_fewer_than_two_identities_to_find_give_the_default(whole: int) -> None:
    group = walkers(4, range(1, 21))
    rows = np.flatnonzero((group.sightings.camid_N == 1) | (group.sightings.pid_N <= whole))
    few = FeatureGroup(sightings=group.sightings.take(rows), features_ND=group.features_ND[rows])
    choice = choose_weight(few, held_out_of(group, range(1, 6)), 0.1, seed=0)
    assert (choice.chosen, choice.best, choice.weights, choice.mAP) == (0.1, 0.1, (), ())
    assert choice.identities == whole
    assert f"only {whole} of the held-out identities" in choice.reason


def test_nothing_is_chosen_where_every_weight_does_the_same() -> None:
    group = walkers(4, range(1, 21))
    held_out = held_out_of(group, range(1, 6))
    apart = replace(group, features_ND=np.eye(21, dtype=np.float32)[group.sightings.pid_N])
    neutral = HeldOut(likelihood=neutral_likelihood(np.array([1, 2, 3])), pids_H=held_out.pids_H)
    for val, held, default, reason in (
        (apart, held_out, 1e-6, "ranks the held-out identities the same"),
        (group, neutral, 0.1, "nothing could be fitted"),
        (group, held_out, 0.0, "the default is 0"),
        (group, replace(held_out, pids_H=np.array([3, 4, 21])), 0.1, "1 of the 3 held-out identities are not in"),
    ):
        choice = choose_weight(val, held, default, seed=0)
        assert reason in choice.reason
        assert (choice.chosen, choice.best, choice.weights, choice.mAP) == (default, default, (), ())


def test_val_of_another_length_or_with_tested_identities_is_refused(tmp_path: Path) -> None:
    train, features = walkers(0, range(1, 41)), split_scene(walkers(1, range(100, 120)))
    histograms = tables(train, held_out_of(train, range(1, 21)))
    scene = make_scene(features)
    longer = replace(scene, features_ND=np.zeros((len(scene.everyone), 17), np.float32))
    path = stored(tmp_path, features, train)
    with pytest.raises(InputError, match="group val have length 16, those of query and gallery 17"):
        fusion_of(path, longer, histograms)
    path = stored(tmp_path, features, walkers(0, range(1, 102)))
    with pytest.raises(InputError, match=r"2 identities are trained on .*first: 100"):
        fusion_of(path, scene, histograms)


def test_a_zero_row_of_val_is_named() -> None:
    group = walkers(4, range(1, 21))
    group.features_ND[7] = 0
    with pytest.raises(InputError, match="group val: features of row 7 are all zero"):
        choose_weight(group, held_out_of(group, range(1, 6)), 0.1, seed=0)


def scene_of(cosines: list[float], camid: list[int]) -> Scene:
    """One query in camera 1, and gallery pictures at the given cosines to it."""
    values = np.array([[1.0, 0.0], *[[c, np.sqrt(1 - c * c)] for c in cosines]], np.float32)
    rows = np.arange(len(values))
    sightings = Sightings(
        pid_N=rows, camid_N=np.array([1, *camid]), session_N=rows * 0, time_N=rows,
        path_N=np.array([str(r) for r in rows], object),
    )  # fmt: skip
    query, gallery = sightings.take(slice(0, 1)), sightings.take(slice(1, None))
    return Scene(dataset="d", model="m", query=query, gallery=gallery, features_ND=values)


def test_default_is_two_fifths_of_the_spread_between_two_cameras() -> None:
    assert default_weight(scene_of([0.2, 0.6, -0.9], [2, 3, 1]), 0) == pytest.approx(0.4 * 0.2)
    assert default_weight(scene_of([0.2, 0.6], [1, 1]), 0) == pytest.approx(0.4 * 0.2)  # one camera only
    assert default_weight(scene_of([], []), 0) == 0
    weight = default_weight(scene_of([0.123, 0.6, 0.777], [2, 2, 2]), 0)
    assert weight == float(f"{weight:.4g}")


def stored(folder: Path, features: FeatureSet, val: FeatureGroup | None) -> Path:
    groups = dict(features.groups) if val is None else {**features.groups, "val": val}
    write_features(
        folder / "f.h5", dataset="d", model="m", dimension=16,
        groups={name: (group.sightings, [group.features_ND]) for name, group in groups.items()},
    )  # fmt: skip
    return folder / "f.h5"


def tables(group: FeatureGroup, held_out: HeldOut | None) -> Histograms:
    paper = build_histograms(group.sightings, bin_width=10, max_bins=100, sigma=1)
    return replace(paper, likelihood=fit_likelihood(group.sightings), held_out=held_out)


def fusion_of(path: Path, scene: Scene, histograms: Histograms, weight: float | None = None) -> Fusion:
    request = FusionRequest(
        histograms=histograms, scene=scene, features=path, settings={"weight": weight, "alpha": 5.0}, seed=0
    )
    return make_fusion("likelihood", request)


@pytest.mark.parametrize("has_val", [True, False])
@pytest.mark.parametrize("holds_out", [True, False])
def test_where_the_weight_comes_from(
    has_val: bool, holds_out: bool, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    train, features = walkers(0, range(1, 41)), split_scene(walkers(1, range(100, 120)))
    path = stored(tmp_path, features, train if has_val else None)
    histograms = tables(train, held_out_of(train, range(1, 21)) if holds_out else None)
    with caplog.at_level(logging.INFO):
        found = fusion_of(path, make_scene(features), histograms).parameters
    default = default_weight(make_scene(features), 0)
    if has_val and holds_out:
        assert found["weight_source"] == "held-out"
        assert found["weight"] == found["selection"]["chosen"]
        assert (found["selection"]["identities"], found["selection"]["default"]) == (20, default)
        assert len(found["selection"]["weights"]) == len(found["selection"]["mAP"]) == 25
        assert "chosen on 60 queries of 20 held-out identities" in caplog.text
    else:
        assert (found["weight"], found["weight_source"], found["selection"]) == (default, "default", None)
        assert "no held-out identities" in caplog.text
    given = fusion_of(path, make_scene(features), histograms, weight=0.5).parameters
    assert (given["weight"], given["weight_source"], given["selection"]) == (0.5, "given", None)
    assert list(given)[:4] == ["weight", "weight_source", "selection", "same_camera"]


def test_too_few_held_out_pictures_are_recorded(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    train, features = walkers(0, range(1, 41)), split_scene(walkers(1, range(100, 120)))
    rows = np.flatnonzero((train.sightings.camid_N == 1) | (train.sightings.pid_N == 1))
    one = FeatureGroup(sightings=train.sightings.take(rows), features_ND=train.features_ND[rows])
    path = stored(tmp_path, features, one)
    with caplog.at_level(logging.WARNING):
        found = fusion_of(path, make_scene(features), tables(train, held_out_of(train, range(1, 21)))).parameters
    assert found["weight_source"] == "default"
    assert found["selection"]["identities"] == 1
    assert "only 1 of the held-out identities" in caplog.text


def test_labels_of_query_and_gallery_change_neither_weight_nor_scores(tmp_path: Path) -> None:
    train, features = walkers(0, range(1, 41)), split_scene(walkers(1, range(100, 120)))
    histograms = tables(train, held_out_of(train, range(1, 21)))
    rng = np.random.default_rng(0)

    def shuffled(pid_N: np.ndarray) -> np.ndarray:
        mixed = rng.permutation(pid_N)
        return np.where(mixed < 102, mixed - 101, mixed)  # some are junk or distractors now

    relabelled = {
        name: replace(group, sightings=replace(group.sightings, pid_N=shuffled(group.sightings.pid_N)))
        for name, group in features.groups.items()
    }
    other = replace(features, groups=relabelled)
    fusions = [fusion_of(stored(tmp_path, one, train), make_scene(one), histograms) for one in (features, other)]
    assert fusions[0].parameters == fusions[1].parameters
    np.testing.assert_array_equal(fusions[0].rule.table_CCS, fusions[1].rule.table_CCS)
    assert default_weight(make_scene(features), 1) == default_weight(make_scene(other), 1)
