"""A network of another program through the workflow: from its file to the report and a search."""

import json
from pathlib import Path

import pytest
from conftest import RunStage
from project import REPORT, Project, rules
from unit.appearance.small_networks import write_onnx

PAGES = {"write_explorer", "write_report"}
ONWARD = {"extract_features", "merge_features", "evaluate_joint", "rerank_scores", *PAGES}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, finished: tuple[Project, str]) -> Project:
    made = finished[0].copy(tmp_path_factory.mktemp("networks") / "project")
    write_onnx(made.folder / "small network.onnx")
    with made.edited_config() as config:
        config["models"]["zoo"] = {
            "network": {"file": "small network.onnx", "colour": "bgr", "mean": [0.5], "std": [0.25]}
        }
        config["datasets"]["demo"] |= {"models": ["zoo"], "joint": {"fusions": ["none"]}}
    return made


def test_a_network_is_extracted_scored_and_reported_but_not_trained(project: Project) -> None:
    assert rules(project.snakemake(REPORT)) == ONWARD
    report = json.loads((project.folder / REPORT).read_text())
    assert report["configuration"]["models"]["zoo"]["network"]["file"] == "small network.onnx"
    page = (project.folder / "results/demo/report.html").read_text(encoding="utf-8")
    assert "Only the features of zoo are known: they were made elsewhere, or by a network of another program" in page


def test_a_search_uses_the_networks_features(project: Project, run_stage: RunStage) -> None:
    image = min((project.folder / "data/demo/query").iterdir())
    done = run_stage(
        *("search_gallery", "--network", "small network.onnx", "--features", "results/demo/zoo/features.h5"),
        *("--image", image, "--json", "--device", "cpu"),
        cwd=project.folder,
    )
    scores = [one["score"] for one in json.loads(done.stdout)["results"]]
    assert scores == sorted(scores, reverse=True)
    assert scores[0] > 0.99


def test_what_counts_for_a_network_is_its_file_and_the_code_that_runs_it(project: Project) -> None:
    for module, stages in (("appearance/onnx_network.py", ONWARD), ("appearance/openvino_network.py", set())):
        with project.edited(f"streid/{module}"):
            assert project.would_run() == stages
    network: Path = project.folder / "small network.onnx"
    network.write_bytes(network.read_bytes().replace(b"small", b"other"))
    assert project.would_run() == ONWARD
