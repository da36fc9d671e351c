"""export_model.py as a user runs it, and the file in a program of the reader's own."""

import re
import runpy
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from conftest import ROOT, RunStage, error_line

from streid.appearance.models import ModelConfig, build_model, save_model
from streid.files.checksums import digest_file
from streid.files.features import read_features


@pytest.fixture(scope="module")
def exported(tiny_results: Path, run_stage: RunStage, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A project's folder with the exported file of a trained model, and what the stage said."""
    folder = tmp_path_factory.mktemp("exported")
    (folder / "data").mkdir()
    (folder / "data" / "demo").symlink_to(tiny_results / "data")
    network = folder / "results/demo/pcb/model.onnx"
    model = tiny_results / "pcb/model.safetensors"
    said = run_stage("export_model", "--model", model, "--output", network, "--threads", 1).stderr
    return folder, said


def test_the_log_tells_the_difference_and_the_metadata_the_weights(
    exported: tuple[Path, str], tiny_results: Path
) -> None:
    folder, said = exported
    assert len(said.splitlines()) == 2, "the command, and this:"
    differences = re.findall(r"largest 1 - cosine (\S+), largest difference of a value (\S+)$", said, re.MULTILINE)
    ((distance, value),) = differences
    assert float(distance) < 1e-5
    assert float(value) < 1e-5
    session = onnxruntime.InferenceSession(folder / "results/demo/pcb/model.onnx", providers=["CPUExecutionProvider"])
    told = session.get_modelmeta().custom_metadata_map
    assert told["streid.weights_sha256"] == digest_file(tiny_results / "pcb/model.safetensors")
    assert told["streid.feature_length"] == "3072"


def test_the_readers_program_gets_the_features_of_the_extraction(
    exported: tuple[Path, str], tiny_results: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (program,) = re.findall(r"```python\n(.*?)```", (ROOT / "docs/export.md").read_text(encoding="utf-8"), re.DOTALL)
    (tmp_path / "program.py").write_text(program)
    monkeypatch.chdir(exported[0])
    found = runpy.run_path(str(tmp_path / "program.py"))
    query = read_features(tiny_results / "pcb/features.h5").groups["query"]
    rows = [list(query.sightings.path_N).index(f"query/{path.name}") for path in found["paths"]]
    assert len(rows) == 8
    np.testing.assert_allclose(found["features"], query.features_ND[rows], atol=1e-4)


def test_the_exported_file_goes_back_in_with_equal_rankings(
    exported: tuple[Path, str], tiny_results: Path, run_stage: RunStage, tmp_path: Path
) -> None:
    run_stage(
        *("extract_features", "--manifest", tiny_results / "manifest.csv", "--summary", tiny_results / "dataset.json"),
        *("--root", tiny_results / "data", "--network", exported[0] / "results/demo/pcb/model.onnx", "--name", "again"),
        *("--work", tmp_path / "work", "--output", tmp_path / "features.h5", "--device", "cpu", "--threads", 1),
    )
    scores_QG = []
    for path in (tiny_results / "pcb/features.h5", tmp_path / "features.h5"):
        groups = read_features(path).groups
        scores_QG.append(groups["query"].features_ND @ groups["gallery"].features_ND.T)
    model_QG, network_QG = scores_QG
    np.testing.assert_allclose(network_QG, model_QG, atol=1e-6)
    ranked_QG = np.take_along_axis(model_QG, np.argsort(-network_QG, axis=1), axis=1)
    # In the order of the network's scores the model's fall too, but for the last digit of float32.
    assert (np.diff(ranked_QG, axis=1) <= 5e-7).all()


def test_what_cannot_be_exported_is_refused(tiny_results: Path, run_stage: RunStage, tmp_path: Path) -> None:
    def refused(model: Path, output: Path) -> str:
        return error_line(run_stage("export_model", "--model", model, "--output", output, status=2).stderr)

    model = tiny_results / "pcb/model.safetensors"
    output = tmp_path / "model.onnx"
    assert "absent.safetensors: no such model; train it first" in refused(tmp_path / "absent.safetensors", output)
    assert "is read as an input, so it cannot be written" in refused(model, model)
    config = ModelConfig(architecture="baseline", backbone="resnet18", identities=3, height=64, width=32)
    diverged = build_model(config)
    torch.nn.init.constant_(next(diverged.parameters()), torch.nan)
    save_model(tmp_path / "diverged.safetensors", diverged, config)
    assert "not finite, because its training diverged; train it again" in refused(
        tmp_path / "diverged.safetensors", output
    )
    assert sorted(path.name for path in tmp_path.iterdir()) == ["diverged.safetensors"]
