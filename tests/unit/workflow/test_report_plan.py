"""What the report gets from the configuration."""

import json

from unit.workflow.configurations import make_config

from streid.workflow.plan import Plan
from streid.workflow.report_plan import (
    clock_flags,
    configuration_record,
    foreign_flags,
    foreign_histogram_flags,
    foreign_histograms,
    model_flags,
    trained_on_flags,
)


def test_every_model_is_named_with_its_folder_and_fusions_of_its_own() -> None:
    plan = Plan(
        make_config(models={"alone": {"joint": {"fusions": ["none"]}}}, datasets={"a": {"models": ["pcb", "alone"]}})
    )
    assert model_flags(plan, "a") == [
        *("--model", "pcb=results/a/pcb", "--model", "alone=results/a/alone"),
        *("--fusion", "logistic", "likelihood", "--model-fusion", "alone=none"),
    ]


def test_models_scored_with_another_data_sets_histograms_are_named() -> None:
    config = make_config(joint={"histograms_from": "source"}, datasets={"a": {"models": ["pcb", "pcb@b", "pcb@a"]}})
    plan = Plan(config)
    assert foreign_flags(plan, "a") == ["--foreign-histograms", "pcb@b=b"]
    assert foreign_histograms(plan, "a") == ["results/b/histograms.h5"]
    assert foreign_histogram_flags(plan, "a") == ["--model-histograms", "pcb@b=results/b/histograms.h5"]
    own = Plan(make_config(datasets={"a": {"models": ["pcb@b"]}}))
    assert foreign_flags(own, "a") == foreign_histograms(own, "a") == foreign_histogram_flags(own, "a") == []


def test_the_clock_is_the_data_sets() -> None:
    plan = Plan(make_config(datasets={"a": {"report": {"time_unit": "seconds", "units_per_second": 1}}}))
    assert clock_flags(plan, "a") == ["--seed", "0", "--time-unit", "seconds", "--units-per-second", "1"]


def test_the_report_is_told_what_else_models_were_trained_on() -> None:
    models = {"wide": {"train_on": ["a", "b"]}, "only": {"train_on": ["a"]}}
    listed = {"models": ["wide", "only", "pcb"]}
    plan = Plan(make_config(models=models, datasets={"a": listed, "b": listed}))
    assert trained_on_flags(plan, "a") == ["--trained-on", "wide=a+b"]
    assert trained_on_flags(plan, "b") == ["--trained-on", "wide=a+b", "--trained-on", "only=a"]
    record = json.loads(configuration_record(plan, "b"))["models"]
    assert record["wide"]["train_on"] == ["a", "b"]
    assert "train_on" not in record["pcb"]


def test_the_record_holds_what_decides_the_results() -> None:
    config = make_config(
        models={"again": {"weights_of": "pcb"}},
        datasets={
            "a": {"render": {"seed": 4}, "models": ["again@b", "osnet"], "features": {"osnet": "F.h5"}},
            "b": {"train": {"epochs": 7}},
        },
    )
    record = json.loads(configuration_record(Plan(config), "a"))
    assert set(record) == {"format", "prepare", "histograms", "report", "render", "models"}
    assert record["render"] == {"seed": 4}
    assert record["models"]["again@b"]["train"]["epochs"] == 7
    assert set(record["models"]["again@b"]) == {"train", "extract", "inspect", "joint", "rerank"}
    assert record["models"]["osnet"] == {"features": "F.h5", "joint": config["joint"], "rerank": config["rerank"]}
    assert "render" not in json.loads(configuration_record(Plan(config), "b"))


def test_a_networks_record_holds_its_file_and_how_pictures_go_into_it() -> None:
    models = {"zoo": {"network": {"file": "n.xml", "colour": "bgr"}}}
    plan = Plan(make_config(models=models, datasets={"a": {"models": ["zoo"]}}))
    record = json.loads(configuration_record(plan, "a"))["models"]["zoo"]
    assert record["network"] == {"file": "n.xml", "colour": "bgr", "flip": "auto"}
    assert set(record) == {"network", "extract", "joint", "rerank"}
