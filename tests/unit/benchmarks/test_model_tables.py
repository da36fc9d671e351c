"""The models' table: chance by hand, and every figure from the file it stands in."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from conftest import ROOT

from model_tables import compare_models, measure_chance, read_models, tell_training
from streid.errors import InputError
from streid.files.features import write_features
from streid.files.json_files import write_json
from streid.files.sightings import Sightings


def sightings(*rows: tuple[int, int]) -> Sightings:
    pid_N, camid_N = np.array(rows, np.int64).T
    zeros = np.zeros(len(rows), np.int64)
    return Sightings(pid_N=pid_N, camid_N=camid_N, session_N=zeros, time_N=zeros, path_N=np.full(len(rows), "", object))


def test_chance_is_the_mean_over_all_orders() -> None:
    """One right picture among two: first or second alike, average precisions 1 and 1/4; junk and own camera apart."""
    query, gallery = sightings((1, 1)), sightings((1, 2), (2, 2), (-1, 3), (1, 1))
    chance = measure_chance(query, gallery, draws=400)
    assert chance.rank1 == pytest.approx(50, abs=6)
    assert chance.mAP == pytest.approx(chance.rank1 + (100 - chance.rank1) / 4)


def stream(rank1: float, mean_ap: float) -> dict[str, float]:
    return {"rank1": rank1, "mAP": mean_ap}


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """Results of a trained model of pictures and of one with its weights, for tracklets."""
    entry: dict[str, Any] = {
        "fusions": {
            "likelihood": {
                "scores": {"streams": {"visual": stream(0.5, 0.25), "joint": stream(0.75, 0.5)}},
                "reranked": {"streams": {"reranked": stream(0.875, 0.625)}},
            },
            "logistic": {
                "scores": {"streams": {"visual": stream(0.5, 0.25), "joint": stream(0.1, 0.1)}},
                "reranked": {"streams": {"reranked": stream(0.1, 0.1)}},
            },
        }
    }
    train = {"backbone": "resnet18", "start_weights": "none", "frames": 1, "batch_size": 16, "height": 96, "width": 48}
    clips = train | {"frames": 4, "start_weights": "results/demo/pcb/model.safetensors"}
    names = {"pcb": train, "pcb_tracklets": train, "stgcn": clips}
    settings = {name: {"train": own} for name, own in names.items()}
    write_json(tmp_path / "report.json", {"models": dict.fromkeys(names, entry), "configuration": {"models": settings}})
    (tmp_path / "benchmarks").mkdir()
    groups = {
        name: (people, [np.eye(len(people), 3, dtype=np.float32)])
        for name, people in {"query": sightings((1, 1)), "gallery": sightings((1, 2), (1, 3))}.items()
    }
    for name in names:
        (tmp_path / name).mkdir()
        write_features(
            tmp_path / name / "features.h5",
            dataset="demo",
            model=name,
            dimension=3,
            groups=groups,
            unit="picture" if name == "pcb" else "tracklet",
        )
    history = "epoch,accuracy,val_mAP\n1,0.1,0.2\n2,0.5,\n3,0.6,0.7\n"
    for name in ("pcb", "stgcn"):
        (tmp_path / name / "training.csv").write_text(history)
    (tmp_path / "benchmarks" / "train_appearance.pcb.tsv").write_text("s\tcpu_time\n10.0\t17.4\n")
    return tmp_path


def test_every_figure_stands_in_its_place(results: Path) -> None:
    models = read_models(results, draws=2)
    assert compare_models(models).splitlines()[2:] == [
        f"| {name} | {unit} | 100.0 / 100.0 | 50.0 / 25.0 | 75.0 / 50.0 | 87.5 / 62.5 |"
        for name, unit in (("pcb", "picture"), ("pcb_tracklets", "tracklet"), ("stgcn", "tracklet"))
    ]
    assert tell_training(models).splitlines()[2:] == [
        "| pcb | resnet18 | 16 pictures of 96 x 48 | random | 3 | 10.0 to 60.0 | 20.0 to 70.0 | 17 |",
        "| stgcn | resnet18 | 16 clips of 4 of 96 x 48 | weights of another | 3 | 10.0 to 60.0 | 20.0 to 70.0 | - |",
    ]


def test_a_report_that_was_not_made_by_the_workflow_is_refused(results: Path) -> None:
    write_json(results / "report.json", {"models": {}, "configuration": {}})
    with pytest.raises(InputError, match="lacks 'models'; make it with the workflow"):
        read_models(results, draws=1)


def test_damaged_features_are_named(results: Path) -> None:
    with h5py.File(results / "pcb" / "features.h5", "a") as handle:
        handle.attrs["format"] = "other"
    with pytest.raises(InputError, match="pcb/features.h5"):
        read_models(results, draws=1)


def test_the_command_prints_both_tables_or_one_line(results: Path) -> None:
    command = [sys.executable, str(ROOT / "benchmarks" / "models.py"), "--draws", "1"]
    done = subprocess.run([*command, str(results)], capture_output=True, text=True, check=True)
    models = read_models(results, draws=1)
    assert done.stdout == f"{compare_models(models)}\n\n{tell_training(models)}\n"
    failed = subprocess.run([*command, str(results / "pcb")], capture_output=True, text=True, check=False)
    assert failed.returncode == 2
    assert "report.json" in failed.stderr
    assert failed.stderr.count("error:") == 1
