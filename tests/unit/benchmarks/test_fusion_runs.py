"""Measuring fusions: what is compared, the protocol lifted, and the tables."""

import numpy as np
import pytest

from fusion_runs import Comparison, Figures, Fused, Weights, compare, fit_tables, opened, thin_out
from fusion_tables import compare_fusions, compare_thinned, compare_weights
from simulated_sets import STRENGTHS, duke_like, msmt_like
from streid.files.sightings import Sightings
from streid.scoring.evaluation import Scene, rank_streams
from streid.scoring.fusion import visual_fusion
from streid.scoring.products import PairProducts

pytestmark = pytest.mark.slow


def sightings(*rows: tuple[int, int]) -> Sightings:
    pid_N, camid_N = np.array(rows, np.int64).T
    zeros = np.zeros(len(rows), np.int64)
    return Sightings(pid_N=pid_N, camid_N=camid_N, session_N=zeros, time_N=zeros, path_N=np.full(len(rows), "", object))


def test_an_opened_scene_counts_matches_before_the_same_camera() -> None:
    scene = Scene(
        dataset="",
        model="",
        query=sightings((1, 1)),
        gallery=sightings((1, 1), (2, 2), (1, 2), (-1, 1)),
        features_ND=np.array([[1, 0], [1, 0], [0.8, 0.6], [0.6, 0.8], [1, 0]], np.float32),
    )
    tables = fit_tables(duke_like(seed=0, scale=0.02), seed=0)
    for one, first, average_precision in ((scene, 2, 0.25), (opened(scene), 1, (1 + (1 / 2 + 2 / 3) / 2) / 2)):
        streams = rank_streams(one, tables, visual_fusion(), PairProducts(one.features_ND))
        assert streams["visual"].outcomes.first_Q.tolist() == [first]
        assert streams["visual"].outcomes.ap_Q == pytest.approx([average_precision])
        assert one.everyone.camid_N.tolist() == [1, 1, 2, 2, 1]


@pytest.mark.parametrize("scale", [0.02, 0.3])
def test_identities_are_held_out_whole_and_refitted_with(scale: float) -> None:
    world = duke_like(seed=0, scale=scale)
    tables = fit_tables(world, seed=0)
    people = len(np.unique(world.training.pid_N))
    assert tables.held_out is not None
    assert len(tables.held_out.pids_H) == min(100, people // 2)
    assert tables.held_out.likelihood.identities_compared == people - len(tables.held_out.pids_H)
    assert tables.likelihood.identities_compared == people


def test_a_comparison_is_the_same_every_time_and_times_help() -> None:
    world = msmt_like(seed=0, scale=0.02)
    one, again = (
        compare(world, STRENGTHS["camera 2.0"], "here", seed=0, all_cameras=all_cameras)
        for all_cameras in (True, False)
    )
    assert set(one) == {"protocol", "all cameras"}
    assert again == {"protocol": one["protocol"]}
    comparison = one["protocol"]
    assert comparison.label == "here"
    assert comparison.likelihood.joint.mAP > comparison.paper.joint.mAP + 5 > comparison.appearance.mAP
    assert one["all cameras"].appearance.mAP > comparison.appearance.mAP
    assert 0 < comparison.weights.default < 0.1


def test_fewer_training_identities_are_reported_by_number() -> None:
    world = duke_like(seed=0, scale=0.05)
    rows = thin_out(world, STRENGTHS["recipe"], "here", [3, 1000], seed=0)
    assert [row.identities for row in rows] == [3, 35]
    assert rows[0].appearance == rows[1].appearance
    assert rows[1].likelihood.mAP > rows[0].likelihood.mAP


def test_tables_show_figures_gains_and_weights() -> None:
    paper, ours = (
        Fused(
            joint=Figures(rank1=90 + up, mAP=70 + up),
            nearest=Figures(rank1=91 + up, mAP=80 + 2 * up),
            cross=Figures(rank1=92 + up, mAP=85 + up),
        )
        for up in (0, 5)
    )
    row = Comparison(
        label="there 7",
        appearance=Figures(rank1=12.34, mAP=5.67),
        paper=paper,
        likelihood=ours,
        by_default=ours,
        weights=Weights(default=0.025, chosen=0.025, best=0.03),
    )
    header, rule, line = compare_fusions([row]).splitlines()
    assert header.count("|") == rule.count("|") == line.count("|") == 14
    assert line == (
        "| there 7 | 12.3 / 5.7 | 90.0 / 70.0 | 91.0 / 80.0 | 92.0 / 85.0 | 95.0 / 75.0 | 96.0 / 90.0 | 97.0 / 90.0 "
        "| +5.00 | +10.00 | +10.00 | +1.00 | +2.00 |"
    )
    assert compare_weights([row]).splitlines()[2] == (
        "| there 7 | 0.0250 | 0.0250 | 0.0300 | 95.0 / 75.0 | the same | 96.0 / 90.0 | the same "
        "| 97.0 / 90.0 | the same |"
    )
    assert compare_thinned([]).count("\n") == 1
