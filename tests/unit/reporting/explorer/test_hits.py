"""The explorer's lists against a naive walk down the full ranking."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from streid.files.histograms import Histograms
from streid.files.sightings import Sightings
from streid.reporting.explorer.hits import COUNTED, IGNORED, JUNK, OWN_CAMERA, RIGHT, WRONG, list_hits
from streid.reporting.runs import ModelRun
from streid.scoring.evaluation import Scene, rank_streams
from streid.scoring.fusion import logistic_fusion
from streid.scoring.products import PairProducts, normalise
from streid.spatiotemporal.travel_histograms import build_histograms

QUERIES, GALLERY = 8, 120


def draw_sightings(count: int, generator: np.random.Generator, lowest: int) -> Sightings:
    return Sightings(
        pid_N=generator.integers(lowest, 5, count),
        camid_N=generator.integers(1, 4, count),
        session_N=np.zeros(count, np.int64),
        time_N=generator.integers(0, 9000, count),
        path_N=np.array([f"{lowest}/{row}.jpg" for row in range(count)], object),
    )


@pytest.fixture(scope="module")
def histograms() -> Histograms:
    return build_histograms(draw_sightings(60, np.random.default_rng(1), 1), bin_width=100, max_bins=500, sigma=2)


@pytest.fixture(scope="module")
def scene() -> Scene:
    """Many pictures of few people, so that a query's own camera and junk stand among the best."""
    generator = np.random.default_rng(2)
    query, gallery = draw_sightings(QUERIES, generator, 1), draw_sightings(GALLERY, generator, -1)
    centres = generator.standard_normal((7, 6))
    pid_N = np.concatenate((query.pid_N, gallery.pid_N))
    features_ND = (centres[pid_N] + 0.8 * generator.standard_normal((len(pid_N), 6))).astype(np.float32)
    normalise(features_ND, "all")
    return Scene(dataset="d", model="m", query=query, gallery=gallery, features_ND=features_ND)


@pytest.fixture
def run(scene: Scene, histograms: Histograms, make_run: Callable[..., ModelRun]) -> ModelRun:
    """The logistic fusion's rankings, with alpha 5; those that pass for re-ranked are the joint ones turned round."""
    rankers = rank_streams(scene, histograms, logistic_fusion(histograms, 5.0), PairProducts(scene.features_ND))
    joint = rankers["joint"].ranking()
    reranked = replace(joint, indices_QK=joint.indices_QK[:, ::-1], scores_QK=-joint.scores_QK[:, ::-1])
    rankings = {"visual": rankers["visual"].ranking(), "joint/logistic": joint, "reranked/logistic": reranked}
    return replace(make_run(), rankings=rankings, query=scene.query, gallery=scene.gallery)


def judge(scene: Scene, row: int, found: int) -> str:
    if scene.gallery.pid_N[found] == -1:
        return JUNK
    if scene.gallery.pid_N[found] != scene.query.pid_N[row]:
        return WRONG
    return OWN_CAMERA if scene.gallery.camid_N[found] == scene.query.camid_N[row] else RIGHT


def test_lists_are_a_walk_down_the_ranking(run: ModelRun, scene: Scene, histograms: Histograms) -> None:
    rows = np.array([5, 0, 1, 2, 3, 4, 6, 7])
    lists = list(list_hits(run, scene, histograms, "logistic", rows))
    assert len(lists) == QUERIES
    shown = set()
    for row, streams in zip(rows, lists, strict=True):
        assert list(streams) == ["visual", "joint/logistic", "reranked/logistic"]
        s_G = (scene.features_ND[QUERIES:] @ scene.features_ND[row]).astype(float)
        for key in ("visual", "joint/logistic"):
            found = streams[key]
            parts = {hit.row: hit for hit in found.hits}
            joint_G = np.array([parts[one].joint if one in parts else np.nan for one in range(GALLERY)])
            expected, counted, ignored = [], 0, 0
            order = np.argsort(-s_G, kind="stable") if key == "visual" else np.argsort(-joint_G, kind="stable")
            for one in order if key == "visual" else order[: len(found.hits)]:
                passed = judge(scene, row, one) in (JUNK, OWN_CAMERA)
                counted, ignored = counted + (not passed), ignored + passed
                if not passed or ignored <= IGNORED:
                    expected.append(int(one))
                if counted == COUNTED:
                    break
            assert [hit.row for hit in found.hits] == expected
            assert counted == COUNTED
            if key == "visual":
                assert found.left_out == max(0, ignored - IGNORED)
            assert found.average_precision == run.rankings[key].ap_Q[row]
            assert found.first_match == run.rankings[key].first_match_Q[row]
            for hit in found.hits:
                shown.add(hit.verdict)
                assert hit.verdict == judge(scene, row, hit.row)
                assert hit.visual == pytest.approx(s_G[hit.row], abs=1e-6)
                assert hit.times is not None
                expected_joint = 1 / (1 + np.exp(-5 * hit.visual)) / (1 + 2 * np.exp(-5 * hit.times))
                assert hit.joint == pytest.approx(expected_joint, abs=2e-6)
                assert hit.score == pytest.approx(hit.visual if key == "visual" else hit.joint, abs=1e-6)
    assert shown == {RIGHT, WRONG, JUNK, OWN_CAMERA}


def test_the_counted_rows_are_the_stored_ones(run: ModelRun, scene: Scene, histograms: Histograms) -> None:
    (streams,) = list_hits(run, scene, histograms, "logistic", np.array([3]))
    for key, found in streams.items():
        counted = [hit for hit in found.hits if hit.verdict in (RIGHT, WRONG)]
        ranking = run.rankings[key]
        stored = ranking.indices_QK[3, :COUNTED]
        assert [hit.row for hit in counted] == stored[stored >= 0].tolist()
        np.testing.assert_allclose(
            [hit.score for hit in counted], ranking.scores_QK[3, :COUNTED][stored >= 0], rtol=1e-6
        )
    assert all(hit.verdict in (RIGHT, WRONG) for hit in streams["reranked/logistic"].hits)


def test_a_right_match_behind_the_list_is_shown_with_it(run: ModelRun, scene: Scene, histograms: Histograms) -> None:
    rows, ranking = np.arange(QUERIES), run.rankings["visual"]
    for row, streams in zip(rows, list_hits(run, scene, histograms, "logistic", rows), strict=True):
        assert streams["visual"].missed is None or ranking.first_match_Q[row] > COUNTED
    # The same matches, but ten ranks later.
    later = {"first_match_Q": ranking.first_match_Q + 10, "match_ranks_P": ranking.match_ranks_P + 10}
    run = replace(run, rankings=run.rankings | {"visual": replace(ranking, **later)})
    begin = 0
    for row, streams in zip(rows, list_hits(run, scene, histograms, "logistic", rows), strict=True):
        missed = streams["visual"].missed
        if ranking.match_count_Q[row]:
            assert missed is not None
            assert (missed.row, missed.verdict) == (ranking.match_rows_P[begin], RIGHT)
            assert missed.score == ranking.match_scores_P[begin]
            cosine = scene.features_ND[QUERIES + missed.row] @ scene.features_ND[row]
            assert missed.visual == pytest.approx(float(cosine), abs=1e-6)
        begin += int(ranking.match_count_Q[row])


def test_a_query_without_a_right_match_has_no_precision(run: ModelRun, scene: Scene, histograms: Histograms) -> None:
    rankings = {
        key: replace(one, ap_Q=np.full(QUERIES, np.nan), first_match_Q=np.zeros(QUERIES, np.int32))
        for key, one in run.rankings.items()
    }
    nothing = {"indices_QK": np.full((QUERIES, 12), -1, np.int32), "scores_QK": np.full((QUERIES, 12), np.nan, "f4")}
    rankings["visual"] = replace(rankings["visual"], **nothing)
    (streams,) = list_hits(replace(run, rankings=rankings), scene, histograms, "logistic", np.array([0]))
    assert streams["joint/logistic"].average_precision is None
    assert streams["joint/logistic"].first_match == 0
    assert streams["visual"].hits == ()
