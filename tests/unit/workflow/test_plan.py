"""What a configuration means, by hand."""

import re
from pathlib import Path

import pytest
from unit.workflow.configurations import make_config

from streid.errors import InputError
from streid.stage.fingerprints import CHOOSERS
from streid.workflow.plan import Plan, flags

TRAINED = {"kind": "trained"}


def test_a_setting_is_the_most_special_one_there_is() -> None:
    config = make_config(
        train={"epochs": 1, "flip": 1, "erasing": 1, "padding": 1},
        models={"pcb": {"train": {"flip": 2, "erasing": 2, "padding": 2}}},
        datasets={
            "a": {"train": {"erasing": 3, "padding": 3}, "model_settings": {"pcb": {"train": {"padding": 4}}}},
        },
    )
    values = Plan(config).settings("train", "a", "pcb")
    assert [values[key] for key in ("epochs", "flip", "erasing", "padding")] == [1, 2, 3, 4]
    assert Plan(config).settings("train", "a", "pcb@b") == values
    assert Plan(config).settings("train", "b", "pcb")["erasing"] == 2
    assert Plan(config).settings("train", "a")["flip"] == 1
    assert config["train"]["epochs"] == 1
    assert config["train"]["erasing"] == 1


def test_flags_are_words_and_the_workflows_own_are_left_out() -> None:
    values = {"step_epochs": [20, 40], "flip": 0.5, "compile": False, "time_unit": "a b"}
    assert flags(values) == ["--compile", "False", "--flip", "0.5", "--step-epochs", "20", "40", "--time-unit", "a b"]
    plan = Plan(make_config())
    assert plan.options("histograms", "a") == ["--sigma", "50"]
    assert plan.options("joint", "a", "pcb") == ["--alpha", "5"]
    assert plan.options("extract", "a", "pcb") == ["--unit", "auto"]
    assert "--processes" not in plan.options("train", "a", "pcb")


def test_a_model_may_have_the_weights_of_another_and_of_another_data_set() -> None:
    plan = Plan(make_config(models={"again": {"weights_of": "pcb"}}, datasets={"a": {"models": ["again", "pcb@b"]}}))
    assert plan.trained == ["pcb"]
    assert plan.model_file("a", "again") == "results/a/pcb/model.safetensors"
    assert plan.model_file("a", "pcb@b") == "results/b/pcb/model.safetensors"
    assert plan.model_file("a", "again@b") == "results/b/pcb/model.safetensors"
    assert plan.training_histories("a") == []
    assert plan.training_histories("b") == ["results/b/pcb/training.csv"]
    assert plan.inspections("a") == ["results/a/again/inspection.h5", "results/a/pcb@b/inspection.h5"]


def test_a_model_may_be_trained_on_several_data_sets_together_once_for_all() -> None:
    models = {"wide": {"train_on": ["b", "a"], "train": {"epochs": 3}}, "again": {"weights_of": "wide"}}
    models |= {"only": {"train_on": ["a"]}}
    datasets = {
        "a": {"models": ["wide", "only"], "train": {"epochs": 9}},
        "b": {"format": "dukemtmc"},
        "c": {"format": "mars", "root": "data/c", "models": ["again", "only"]},
    }
    plan = Plan(make_config(models=models, datasets=datasets))
    assert plan.together == ["b+a"]
    files = {dataset: [plan.model_file(dataset, model) for model in ("wide", "again")] for dataset in "ac"}
    assert files == dict.fromkeys("ac", ["results/b+a/wide/model.safetensors"] * 2)
    assert plan.settings("train", "b+a", "wide")["epochs"] == 3
    assert plan.training_files("b+a", "wide", "x") == ["results/b/x", "results/a/x"]
    assert plan.training_roots("b+a") == ["data/b", "data/a"]
    assert plan.code_choices("b+a", "wide") == TRAINED | {"architecture": "pcb", "backbone": "resnet50"}
    assert plan.model_file("c", "only") == "results/a/only/model.safetensors"
    assert (plan.training_histories("a"), plan.training_histories("c")) == (["results/a/only/training.csv"], [])
    for source, model in (("a", "wide"), ("b+a", "pcb"), ("c", "only")):
        with pytest.raises(InputError, match=rf"models.{model} is trained on .*, not on {re.escape(source)}"):
            plan.training_files(source, model, "x")


def test_a_jobs_code_depends_on_its_format_architecture_and_backbone() -> None:
    config = make_config(
        train={"architecture": "pcb", "backbone": "resnet50"},
        models={"clips": {"train": {"architecture": "stgcn"}}, "again": {"weights_of": "clips"}},
        datasets={
            "a": {"format": "mars", "features": {"osnet": "F.h5"}},
            "b": {"format": "dukemtmc", "train": {"backbone": "resnet18"}},
        },
    )
    plan = Plan(config)
    assert plan.code_choices("a") == plan.code_choices("a", "osnet") == {"format": "mars"}
    assert plan.code_choices("a", "pcb") == TRAINED | {"format": "mars", "architecture": "pcb", "backbone": "resnet50"}
    assert plan.code_choices("a", "again@b") == TRAINED | {
        "format": "mars",
        "architecture": "stgcn",
        "backbone": "resnet18",
    }
    assert set(plan.code_choices("a", "pcb")) == set(CHOOSERS.values())


def test_a_network_of_another_program_is_neither_trained_nor_inspected(tmp_path: Path) -> None:
    network = tmp_path / "n.xml"
    for name in ("n.xml", "n.bin", "m.onnx", "m.onnx.data"):
        (tmp_path / name).touch()
    entry = {"network": {"file": str(network), "colour": "bgr", "mean": [0, 1, 2]}}
    models = {"zoo": entry, "other": {"network": {"file": str(tmp_path / "m.onnx")}}}
    plan = Plan(make_config(models=models, datasets={"a": {"models": ["pcb", "zoo"], "features": {"far": "F.h5"}}}))
    assert (plan.trained, plan.networks) == (["pcb"], ["other", "zoo"])
    assert plan.own_models("a") == ["pcb", "zoo"]
    assert plan.inspections("a") == ["results/a/pcb/inspection.h5"]
    assert plan.training_histories("a") == ["results/a/pcb/training.csv"]
    assert plan.code_choices("a", "zoo") == {"format": "market1501", "kind": "openvino"}
    assert plan.code_choices("a", "other") == {"format": "market1501", "kind": "onnx"}
    assert plan.model_files("a", "zoo") == [str(network), str(tmp_path / "n.bin")]
    assert plan.model_files("a", "other") == [str(tmp_path / "m.onnx"), str(tmp_path / "m.onnx.data")]
    assert plan.model_files("a", "pcb@b") == ["results/b/pcb/model.safetensors"]
    how = ["--colour", "bgr", "--flip", "auto", "--mean", "0", "1", "2"]
    assert plan.model_flags("a", "zoo") == ["--network", str(network), *how]
    assert plan.model_flags("a", "pcb") == ["--model", "results/a/pcb/model.safetensors"]
    with pytest.raises(
        InputError, match="zoo is a network of another program: there is nothing of it to train, inspect or export"
    ):
        plan.model_file("a", "zoo")


def test_features_made_elsewhere_have_neither_training_nor_inspection() -> None:
    plan = Plan(make_config(datasets={"a": {"models": ["pcb", "osnet"], "features": {"osnet": "F.h5"}}}))
    assert plan.imported == ["osnet"]
    assert plan.imported_features("a", "osnet") == "F.h5"
    assert plan.own_models("a") == ["pcb"]
    assert plan.inspections("a") == ["results/a/pcb/inspection.h5"]
    assert plan.of_models("a", "features.h5") == ["results/a/pcb/features.h5", "results/a/osnet/features.h5"]
    with pytest.raises(InputError, match=r"datasets\.b\.features names no file for osnet"):
        plan.imported_features("b", "osnet")


def test_rankings_are_asked_for_of_each_models_own_fusions() -> None:
    plan = Plan(
        make_config(models={"alone": {"joint": {"fusions": ["none"]}}}, datasets={"a": {"models": ["pcb", "alone"]}})
    )
    assert plan.of_fusions("a", "scores.h5") == [
        "results/a/pcb/logistic/scores.h5",
        "results/a/pcb/likelihood/scores.h5",
        "results/a/alone/none/scores.h5",
    ]


def test_shards_are_numbered_from_one() -> None:
    plan = Plan(make_config(datasets={"a": {"extract": {"shards": 2}}}))
    assert plan.shard_files("a", "pcb@b") == [f"results/a/pcb@b/shards/{number}-of-2.h5" for number in (1, 2)]
    assert plan.shard_files("b", "pcb") == ["results/b/pcb/shards/1-of-1.h5"]


def test_histograms_are_the_sources_where_asked() -> None:
    own = Plan(make_config())
    assert own.histograms("a", "pcb@b") == "results/a/histograms.h5"
    foreign = Plan(make_config(joint={"histograms_from": "source"}))
    assert foreign.histograms("a", "pcb@b") == "results/b/histograms.h5"
    assert foreign.histograms("a", "pcb") == "results/a/histograms.h5"


@pytest.mark.parametrize(("value", "files"), [("imagenet", []), ("none", []), ("w.pth", ["w.pth"])])
def test_start_weights_are_an_input_where_they_are_a_file(value: str, files: list[str]) -> None:
    assert Plan(make_config(train={"start_weights": value})).start_weights("a", "pcb") == files


def test_a_data_set_is_read_from_its_folders_and_lists(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    plan = Plan(
        make_config(
            datasets={
                "a": {"render": {}},
                "c": {"format": "manifest", "root": "data/c", "manifest": "data/c/own.csv", "models": ["pcb"]},
            }
        )
    )
    assert plan.rendered == ["a"]
    assert plan.raw_data("a") == ["data/a/rendered.json"]
    assert plan.raw_data("b") == []
    assert plan.raw_data("c") == []
    (tmp_path / "data/b/query").mkdir(parents=True)
    (tmp_path / "data/b/sequences.json").touch()
    (tmp_path / "data/c").mkdir()
    (tmp_path / "data/c/own.csv").touch()
    assert plan.raw_data("b") == ["data/b/query", "data/b/sequences.json"]
    assert plan.raw_data("c") == ["data/c/own.csv"]
    assert plan.source_flags("c") == ["--source-manifest", "data/c/own.csv"]
    assert plan.source_flags("b") == []
