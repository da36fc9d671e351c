"""inspect_model.py as a user runs it, on every architecture, and what it refuses."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from conftest import RunStage, edit_manifest, error_line

from streid.appearance.inspection import inspect_model
from streid.appearance.models import ModelConfig, build_model, load_model, save_model
from streid.data.examples import choose_examples
from streid.data.manifest import read_manifest
from streid.data.picture_source import PictureSource
from streid.files.inspections import Inspection, read_inspection
from streid.files.json_files import write_json

SIZE = {"backbone": "resnet18", "identities": 6, "height": 64, "width": 32}


def arguments(world: Path, model: Path, output: Path, *more: object) -> list[object]:
    return [
        *("inspect_model", "--manifest", world / "manifest.csv", "--summary", world / "dataset.json"),
        *("--root", world / "data", "--model", model, "--name", "tiny", "--output", output),
        *("--device", "cpu", "--threads", 1, "--units", 4, *more),
    ]


def seen_here(world: Path, model: Path, *, units: int = 4, seed: int = 0) -> Inspection:
    """What the library finds, called without the script."""
    loaded, config = load_model(model)
    examples = choose_examples(read_manifest(world / "manifest.csv"), count=units, frames=config.frames, seed=seed)
    source = PictureSource(world / "data")
    return inspect_model(
        loaded, config, examples, source, device=torch.device("cpu"), dataset="tiny", name=config.architecture
    )


def tables(inspection: Inspection) -> dict[str, np.ndarray]:
    parts = {"": inspection, "stripes": inspection.stripes, "graphs": inspection.graphs, **inspection.blocks}
    return {
        f"{where} {name}": value
        for where, part in parts.items()
        if part is not None
        for name, value in vars(part).items()
        if isinstance(value, np.ndarray)
    }


def assert_same(found: Inspection, expected: Inspection) -> None:
    known, wanted = tables(found), tables(expected)
    assert set(known) == set(wanted)
    for name, value in wanted.items():
        if value.dtype == object:
            assert known[name].tolist() == value.tolist()
        else:
            np.testing.assert_allclose(known[name], value, rtol=1e-3, atol=1e-5, err_msg=name)


def test_a_trained_model_is_looked_at(tiny_world: Path, tiny_model: Path, run_stage: RunStage, tmp_path: Path) -> None:
    model = tiny_model / "model.safetensors"
    for name in ("once", "again"):
        run_stage(*arguments(tiny_world, model, tmp_path / f"{name}.h5"))
    found = read_inspection(tmp_path / "once.h5")
    assert (found.dataset, found.model, found.architecture) == ("tiny", "tiny", "pcb")
    assert_same(found, seen_here(tiny_world, model))
    assert_same(read_inspection(tmp_path / "again.h5"), found)
    assert found.pid_U[0] == found.pid_U[1] != found.pid_U[2] == found.pid_U[3]
    assert found.camid_U[0] < found.camid_U[1]
    assert all((tiny_world / "data" / path).is_file() for path in found.paths_UT.flat)
    run_stage(*arguments(tiny_world, model, tmp_path / "once.h5", "--seed", 3, "--units", 1))
    assert_same(read_inspection(tmp_path / "once.h5"), seen_here(tiny_world, model, units=1, seed=3))


@pytest.mark.parametrize(("architecture", "frames"), [("baseline", 1), ("stgcn", 3), ("stcanet", 1), ("stcanet", 2)])
def test_every_architecture_is_looked_at(
    architecture: str, frames: int, tiny_world: Path, run_stage: RunStage, tmp_path: Path
) -> None:
    torch.manual_seed(0)
    config = ModelConfig(architecture=architecture, frames=frames, **SIZE)  # type: ignore[arg-type]
    save_model(tmp_path / "model.safetensors", build_model(config), config)
    run_stage(*arguments(tiny_world, tmp_path / "model.safetensors", tmp_path / "inspection.h5"))
    found = read_inspection(tmp_path / "inspection.h5")
    assert found.paths_UT.shape == (4, frames)
    assert (found.stripes is not None, found.graphs is not None) == (False, architecture == "stgcn")
    assert list(found.blocks) == {"stcanet": ["layer2", "layer3"][: 3 - min(frames, 2)]}.get(architecture, [])
    assert_same(found, seen_here(tiny_world, tmp_path / "model.safetensors"))


def test_what_cannot_be_looked_at_is_refused(
    tiny_world: Path, tiny_model: Path, run_stage: RunStage, tmp_path: Path
) -> None:
    model, output = tiny_model / "model.safetensors", tmp_path / "inspection.h5"

    def refused(*given: object, **changes: Path) -> str:
        said = run_stage(
            *arguments(changes.get("world", tiny_world), changes.get("model", model), output, *given), status=2
        )
        assert not output.exists()
        return error_line(said.stderr)

    assert "absent.safetensors: no such model; train it first" in refused(model=tmp_path / "absent.safetensors")
    assert "is read as an input" in refused("--output", model)
    none = run_stage(*arguments(tiny_world, model, output, "--units", 0), status=2).stderr
    assert "argument --units: '0' given; it must be a whole number of at least 1" in none
    assert "no such picture" in refused("--root", tmp_path)
    world = Path(shutil.copytree(tiny_world, tmp_path / "world", ignore=shutil.ignore_patterns("data")))
    table = pd.read_csv(world / "manifest.csv")
    edit_manifest(table[table.split == "train"], world, world)
    assert "manifest.csv: no picture of query and gallery shows a known person" in refused(world=world)
    write_json(world / "dataset.json", {})
    assert "dataset.json: does not name its data set" in refused(world=world)
    config = ModelConfig(architecture="baseline", **SIZE)  # type: ignore[arg-type]
    diverged = build_model(config)
    torch.nn.init.constant_(next(diverged.parameters()), torch.nan)
    save_model(tmp_path / "diverged.safetensors", diverged, config)
    assert "not finite, because its training diverged" in refused(model=tmp_path / "diverged.safetensors")
