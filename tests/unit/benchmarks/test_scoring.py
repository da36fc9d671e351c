"""The scoring benchmark compares like with like: its loops and the library score the same scene alike."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

import naive
import parts
import scenes
from streid.scoring.fusion import logistic_fusion
from streid.scoring.metrics import measure
from streid.scoring.products import PairProducts
from streid.scoring.rerank import rerank
from streid.scoring.rerank_settings import RerankSettings

SCRIPT = Path(__file__).parents[3] / "benchmarks" / "scoring.py"
SMALL = replace(scenes.MARKET, queries=30, gallery=170, distractors=20, junk=20, identities=12, training=(30, 300))


@pytest.mark.parametrize("size", [SMALL, replace(SMALL, cameras=15, sessions=3, distractors=0, junk=0)])
def test_loops_and_library_agree(size: scenes.Size) -> None:
    scene, histograms = parts.make_scene(size, 32), parts.make_histograms(size)
    expected = naive.rerank_naively(scene.query, scene.gallery, scene.features_ND, histograms)
    ranker = rerank(scene, logistic_fusion(histograms, 5.0), PairProducts(scene.features_ND), RerankSettings())
    assert measure(ranker.outcomes)["mAP"] == pytest.approx(expected, abs=1e-6)
    assert 0.3 < expected < 0.999


def test_simulated_sets_have_the_counts_asked_for() -> None:
    scene = parts.make_scene(SMALL, 32)
    assert (len(scene.query), len(scene.gallery)) == (30, 170)
    assert ((scene.gallery.pid_N == 0).sum(), (scene.gallery.pid_N == -1).sum()) == (20, 20)
    again = parts.make_scene(SMALL, 32)
    assert (scene.features_ND == again.features_ND).all()
    training = scenes.simulate_training(SMALL)
    assert (len(training), len(set(training.pid_N.tolist()))) == (300, 30)


def test_real_names_are_read(tmp_path: Path) -> None:
    names = "0002_c1s1_000451_03.jpg\n0002_c3s2_000020_01.jpg\n"
    (tmp_path / "bounding_box_train.txt").write_text(names, encoding="utf-8")
    training = scenes.listed_training(tmp_path)
    assert training.time_N.tolist() == [451, 161708 + 20]
    assert training.camid_N.tolist() == [1, 3]


def test_a_part_is_measured_in_a_process_of_its_own() -> None:
    command = [sys.executable, SCRIPT, "--measure", "histogram", "market-2048", "--threads", "1"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["pictures"] == 12936
    assert found["seconds"] > 0
