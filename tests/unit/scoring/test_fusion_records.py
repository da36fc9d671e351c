"""The fusions' records: a made-up fusion goes the whole way by its record alone, and recorded ones are made again."""

import argparse
import ast
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from streid.errors import InputError
from streid.files.features import write_features
from streid.files.histograms import Histograms
from streid.files.sightings import Sightings
from streid.reporting.explorer.hits import list_hits
from streid.reporting.report.headline import write_headline
from streid.reporting.report.tables import metric_rows, split_stem
from streid.reporting.report.weighing import explain_weights
from streid.reporting.runs import ModelRun, read_run
from streid.scoring.evaluation import Scene, rank_streams, read_scene, summary, write_results
from streid.scoring.fusion import Fusion, logistic_fusion, temporal_fusion
from streid.scoring.fusion_records import (
    FUSIONS,
    FusionRecord,
    FusionRequest,
    check_record,
    make_fusion,
    recorded_fusion,
)
from streid.scoring.products import PairProducts
from streid.scoring.rerank import rerank
from streid.scoring.rerank_settings import RerankSettings
from streid.scoring.scoring_arguments import add_fusion_arguments, fusion_settings
from streid.spatiotemporal.likelihood import fit_likelihood
from streid.spatiotemporal.travel_histograms import build_histograms

PIPELINE = Path(__file__).resolve().parents[3] / "pipeline"
CAMERAS = (1, 2, 3)


def added_fusion(histograms: Histograms, alpha: float) -> Fusion:
    """s + alpha p: the cosine and the smoothed histogram's value, added."""
    alone = temporal_fusion(histograms)
    scaled = alone.rule.table_CCS * np.float32(alpha)
    return replace(alone, name="added", parameters={"alpha": alpha}, rule=alone.rule._replace(table_CCS=scaled))


ADDED = FusionRecord(
    name="added",
    title="added",
    formula="s + a p: cosine and histogram, added.",
    table="density",
    sign="p",
    sign_title="histogram",
    meaning="how often that travel time was counted",
    settings={"alpha": "a"},
    make=lambda histograms, settings: added_fusion(histograms, settings["alpha"]),
    times_alone=temporal_fusion,
)


def walkers(pids: range, pictures: int, prefix: str) -> tuple[Sightings, np.ndarray]:
    """People pass cameras 1, 2 and 3, 20 time units apart; each looks like his number, with some noise."""
    rng = np.random.default_rng(pids.start + pictures)
    rows = np.array([(pid, camera) for pid in pids for camera in CAMERAS for _ in range(pictures)])
    time_N = 100 * rows[:, 0] + 20 * rows[:, 1] + rng.integers(-3, 4, len(rows))
    looks = np.array([np.random.default_rng(pid % 5).standard_normal(8) for pid in rows[:, 0]])
    sightings = Sightings(
        pid_N=rows[:, 0],
        camid_N=rows[:, 1],
        session_N=np.zeros(len(rows), np.int64),
        time_N=time_N,
        path_N=np.array([f"{prefix}{row}.jpg" for row in range(len(rows))], object),
    )
    return sightings, (looks + rng.standard_normal(looks.shape) / 2).astype(np.float32)


@pytest.fixture(scope="module")
def histograms() -> Histograms:
    seen, _ = walkers(range(1, 30), 2, "t")
    paper = build_histograms(seen, bin_width=5, max_bins=100, sigma=1)
    return replace(paper, likelihood=fit_likelihood(seen))


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    """The scene of tmp_path/pcb/features.h5."""
    groups = {name: walkers(range(40, 50), count, name) for name, count in (("query", 1), ("gallery", 3))}
    stored = {name: (sightings, [features]) for name, (sightings, features) in groups.items()}
    path = tmp_path / "pcb" / "features.h5"
    write_features(path, dataset="town", model="pcb", dimension=8, groups=stored)
    return read_scene(path)


def request(histograms: Histograms, scene: Scene, **settings: float | None) -> FusionRequest:
    return FusionRequest(histograms=histograms, scene=scene, features=None, settings=settings, seed=0)


def scored(folder: Path, name: str, histograms: Histograms, scene: Scene) -> ModelRun:
    """Evaluate and re-rank as the stages do, and read the results as the report does."""
    fusion = make_fusion(name, request(histograms, scene, alpha=2.0, weight=0.1))
    products, content = PairProducts(scene.features_ND), {"name": fusion.name, **fusion.parameters}
    steps = {
        "scores": rank_streams(scene, histograms, fusion, products),
        "reranked": {"reranked": rerank(scene, fusion, products, RerankSettings(k1=6, k2=2))},
    }
    for step, rankers in steps.items():
        outcomes = {stream: ranker.outcomes for stream, ranker in rankers.items()}
        figures = summary(scene, histograms, content, outcomes, resamples=20, seed=0)
        target = folder / name / step
        write_results(target.with_suffix(".h5"), target.with_suffix(".json"), scene, figures, rankers)
    return read_run("pcb", folder, [name])


def test_a_fusion_that_is_only_a_record_goes_the_whole_way(
    tmp_path: Path, histograms: Histograms, scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(FUSIONS, "added", ADDED)
    parser = argparse.ArgumentParser()
    add_fusion_arguments(parser)
    arguments = parser.parse_args(["--fusion", "added", "--alpha", "3"])
    assert fusion_settings(arguments) == {"alpha": 3.0}
    assert "added" in parser.format_help()
    run = scored(tmp_path / "pcb", "added", histograms, scene)
    assert run.scores["fusion"] == {"name": "added", "alpha": 2.0}
    assert "neutral_pairs" not in run.scores["audit"]
    assert [row.title for row in metric_rows([run])] == [
        "Appearance",
        "Times alone, added",
        "Appearance + times, added",
        "Re-ranked, added",
    ]
    assert float(run.streams["joint/added"]["mAP"]) > float(run.streams["visual"]["mAP"])
    assert "added fusion" in write_headline("town", [run]).sentence
    (weighing,) = explain_weights([run])
    assert (weighing.fusion, weighing.formula) == ("added", ADDED.formula)
    assert weighing.sentences == ["a = 2; there is no weight to choose."]
    assert split_stem("evaluate_joint.pcb.added") == ("evaluate_joint", "pcb, added")
    (lists,) = list_hits(run, scene, histograms, "added", np.array([0]))
    best = lists["joint/added"].hits[0]
    assert best.times is not None
    assert best.joint == pytest.approx(best.visual + 2 * best.times, abs=1e-6)


@pytest.mark.parametrize("name", FUSIONS)
def test_a_recorded_fusion_is_made_again(name: str, histograms: Histograms, scene: Scene) -> None:
    fusion = make_fusion(name, request(histograms, scene, alpha=5.0, weight=0.1))
    content = {"name": name, **fusion.parameters}
    check_record(content, "scores.json")
    again = recorded_fusion(content, histograms)
    assert (again.name, fusion.name) == (name, name)
    assert set(FUSIONS[name].settings) <= set(fusion.parameters)
    np.testing.assert_array_equal(again.rule.table_CCS, fusion.rule.table_CCS)


def test_a_record_that_lacks_something_is_refused(histograms: Histograms) -> None:
    with pytest.raises(InputError, match="recorded without its alpha"):
        recorded_fusion({"name": "logistic", "weight": 1}, histograms)
    with pytest.raises(InputError, match="there is no fusion 'other'; known: logistic, likelihood, none"):
        recorded_fusion({"name": "other"}, histograms)
    with pytest.raises(InputError, match="lacks weight"):
        check_record({"name": "likelihood"}, "scores.json")


def test_a_setting_that_no_fusion_chooses_must_be_given(histograms: Histograms, scene: Scene) -> None:
    with pytest.raises(InputError, match="alpha cannot be chosen automatically; give a number"):
        make_fusion("logistic", request(histograms, scene, alpha=None, weight=None))


def test_what_the_times_say_alone(histograms: Histograms) -> None:
    density = temporal_fusion(histograms).rule.table_CCS
    np.testing.assert_array_equal(FUSIONS["logistic"].times_alone(histograms).rule.table_CCS, density)
    alone = FUSIONS["likelihood"].times_alone(histograms).rule.table_CCS
    last = histograms.likelihood.last_bin
    # camera 1 asking camera 2, which was passed three bins later: the log ratio of t_2 - t_1 = 3 bins
    assert alone[0, 1, last - 3] == histograms.likelihood.log_ratios()[0, 1, last + 3]
    assert not np.array_equal(logistic_fusion(histograms, 5.0).rule.table_CCS, density)


def test_no_other_module_names_a_fusion() -> None:
    """Only the records, and the formulas they are made of, hold the names as strings of their own.

    "likelihood" is also a table of histograms.h5, and "none" a word of argparse and matplotlib; "logistic" is no
    other thing's name.
    """
    found = set()
    for path in sorted(PIPELINE.rglob("*.py")):
        nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if any(isinstance(node, ast.Constant) and node.value == "logistic" for node in nodes):
            found.add(path.name)
    assert found == {"fusion.py", "fusion_records.py"}
