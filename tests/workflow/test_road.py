"""The whole road on a tiny rendered world, and what runs again after which change."""

import ast
import html
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import yaml
from conftest import ROOT, write_picture
from dataset_trees import write_duke
from project import REPORT, Project, rules

STAGES = {
    "render_demo",
    "prepare_dataset",
    "train_appearance",
    "extract_features",
    "merge_features",
    "inspect_model",
    "build_histograms",
    "evaluate_joint",
    "rerank_scores",
    "write_explorer",
    "write_report",
}
PAGES = {"write_explorer", "write_report"}
SCORING = {"evaluate_joint", "rerank_scores", *PAGES}
EXTRACTION_ONWARD = SCORING | {"extract_features", "merge_features"}
TRAINING_ONWARD = EXTRACTION_ONWARD | {"train_appearance", "inspect_model"}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, finished: tuple[Project, str]) -> Project:
    made, output = finished
    assert rules(output) == STAGES
    return made.copy(tmp_path_factory.mktemp("road") / "project")


def test_the_road_ends_in_a_report(project: Project) -> None:
    report = json.loads((project.folder / REPORT).read_text())
    fusions = report["models"]["pcb"]["fusions"]
    assert set(fusions) == {"likelihood", "logistic"}
    for fusion, figures in fusions.items():
        assert set(figures["scores"]["streams"]) == {"visual", "spatiotemporal", "joint"}
        assert set(figures["reranked"]["streams"]) == {"reranked"}
        assert figures["scores"]["fusion"]["name"] == figures["reranked"]["fusion"]["name"] == fusion
    assert fusions["likelihood"]["scores"]["fusion"]["weight_source"] == "held-out"
    counts = report["data"]["counts"]
    assert [counts[split]["identities"] for split in ("train", "val", "query")] == [8, 4, 8]
    assert (project.folder / "results/demo/report.html").stat().st_size > 10_000
    for stage in STAGES:
        runs = [""] if stage not in SCORING - PAGES else [".pcb.likelihood", ".pcb.logistic"]
        runs = [".pcb"] if stage in TRAINING_ONWARD - SCORING else runs
        runs = [".pcb.1-of-1"] if stage == "extract_features" else runs
        for run in runs:
            assert "max_rss" in (project.folder / f"results/demo/benchmarks/{stage}{run}.tsv").read_text()
            assert (project.folder / f"results/demo/logs/{stage}{run}.log").is_file()


def test_the_report_tells_how_to_repeat_a_stage(project: Project) -> None:
    page = (project.folder / "results/demo/report.html").read_text(encoding="utf-8")
    commands = [html.unescape(one) for one in re.findall(r"<pre[^>]*><code>([^<]*)</code></pre>", page)]
    again = [command for command in commands if command.startswith("snakemake ")]
    assert len(again) == len(STAGES)
    (scoring,) = [shlex.split(command) for command in again if "--forcerun evaluate_joint " in command]
    assert rules(project.snakemake("--dry-run", *scoring[1:])) == SCORING
    (counting,) = [
        command for command in commands if "build_histograms.py" in command and command.startswith("python ")
    ]
    once, repeated = (project.folder / name for name in ("results/demo/histograms.h5", "again.h5"))
    words = shlex.split(counting.replace("results/demo/histograms.h5", repeated.name))
    subprocess.run([sys.executable, *words[1:]], cwd=project.folder, check=True, capture_output=True)
    assert repeated.read_bytes() == once.read_bytes()


def test_snakemakes_own_report_holds_the_figures_and_needs_no_network(project: Project) -> None:
    nowhere = dict.fromkeys(("http_proxy", "https_proxy", "all_proxy"), "http://127.0.0.1:9")
    with project.start("--cores", "1", "--report", "figures.zip", "--", REPORT, **nowhere) as run:
        run.output()
    with zipfile.ZipFile(project.folder / "figures.zip") as packed:
        held = {Path(name).name for name in packed.namelist()}
    drawn = {path.name for path in (project.folder / "results/demo/figures").glob("[!.]*")}
    assert {"compare_mAP.svg", "samples.png"} <= drawn <= held
    assert "report.html" in held


def test_nothing_changed_nothing_runs(project: Project) -> None:
    assert "Nothing to be done" in project.snakemake(REPORT)


def test_sources_that_say_the_same_run_nothing(project: Project) -> None:
    """Touched, with other comments, docstrings and layout, and with other code that no job of the demo runs."""
    for path in (project.folder / "pipeline").rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        if ast.get_docstring(tree):
            tree.body[0] = ast.Expr(ast.Constant("Another docstring."))
        path.write_text(f"{ast.unparse(ast.fix_missing_locations(tree))}\n# A comment.\n", encoding="utf-8")
    for name in ("appearance/stgcn.py", "appearance/baseline.py", "data/mars.py", "workflow/plan.py"):
        with (project.folder / "pipeline" / "streid" / name).open("a", encoding="utf-8") as source:
            source.write("EDITED = True\n")
    (project.folder / "config" / "config.yaml").touch()
    assert project.would_run() == set()
    compiled = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "pipeline", project.folder / "pipeline", ignore=compiled, dirs_exist_ok=True)


@pytest.mark.parametrize(
    ("module", "first", "stages"),
    [
        ("streid/files/atomic.py", "render_demo", STAGES),
        ("streid/data/manifest.py", "prepare_dataset", STAGES - {"render_demo"}),
        ("streid/appearance/pcb.py", "train_appearance", TRAINING_ONWARD),
        ("streid/appearance/losses.py", "train_appearance", TRAINING_ONWARD),
        ("extract_features.py", "extract_features", EXTRACTION_ONWARD),
        ("merge_features.py", "merge_features", EXTRACTION_ONWARD),
        ("streid/files/histograms.py", "build_histograms", SCORING | {"build_histograms"}),
        ("streid/files/inspections.py", "inspect_model", {"inspect_model", "write_report"}),
        ("streid/files/rankings.py", "evaluate_joint", SCORING),
        ("streid/scoring/metrics.py", "evaluate_joint", SCORING),
        ("streid/scoring/rerank.py", "rerank_scores", {"rerank_scores", *PAGES}),
        ("streid/reporting/explorer/hits.py", "write_explorer", PAGES),
        ("streid/reporting/report/report_page.py", "write_report", {"write_report"}),
    ],
)
def test_an_edit_runs_the_stages_that_use_it(project: Project, module: str, first: str, stages: set[str]) -> None:
    """Where an edit counts is tested at each module in test_fingerprints.py; here, that the rules go by it."""
    with project.edited(module):
        output = project.snakemake("--dry-run", REPORT)
    assert rules(output) == stages
    (job,) = re.findall(rf"^rule {first}:.*?reason: ([^\n]*)", output, re.MULTILINE | re.DOTALL)[:1]
    assert re.search(rf"before: '{module} \w+' now: '{module} \w+'", job)


def test_an_edited_template_makes_its_page_again(project: Project) -> None:
    (template, *_) = sorted((project.folder / "pipeline/streid/reporting/explorer/templates").glob("*.js"))
    before = template.read_bytes()
    template.write_bytes(before + b"\n// edited\n")
    assert project.would_run() == PAGES
    template.write_bytes(before)
    assert project.would_run() == set()


def test_outputs_of_megabytes_made_again_with_equal_content_run_nothing_further(project: Project) -> None:
    """Each alone: once a stage is to run, Snakemake plans all that follows."""
    for name, stages in (
        ("manifest.csv", {"prepare_dataset"}),
        ("pcb/model.safetensors", {"train_appearance"}),
        ("pcb/features.h5", {"merge_features", "extract_features"}),
    ):
        path = project.folder / "results/demo" / name
        before = path.stat()
        output = project.snakemake("--forcerun", min(stages), "--", f"results/demo/{name}")
        assert rules(output) == stages
        assert path.stat().st_mtime > before.st_mtime
        assert name == "manifest.csv" or before.st_size > 3_000_000
        assert project.would_run() == set(), name


@pytest.mark.parametrize(
    ("change", "stages"),
    [
        ("{joint: {alpha: 4}}", SCORING),
        ("{joint: {weight: 0.05}}", SCORING),
        ("{joint: {fusions: [none]}}", set()),  # the demo has a list of its own
        ("{datasets: {demo: {joint: {fusions: [logistic, likelihood]}}}}", PAGES),
        ("{datasets: {demo: {joint: {fusions: [logistic]}}}}", PAGES),
        ("{datasets: {demo: {joint: {fusions: [none]}}}}", SCORING),
        ("{rerank: {block_rows: 512}}", {"rerank_scores", *PAGES}),
        ("{train: {momentum: 0.8}}", TRAINING_ONWARD),
        ("{extract: {batch_size: 32}}", EXTRACTION_ONWARD),
        ("{datasets: {demo: {train: {backbone_rate: 0.01}}}}", TRAINING_ONWARD),
        ("{histograms: {max_bins: 300}}", SCORING | {"build_histograms"}),
        ("{histograms: {sigma: 20}}", set()),  # the demo has a sigma of its own
        ("{datasets: {demo: {rerank: {k1: 10}}}}", {"rerank_scores", *PAGES}),
        ("{report: {seed: 4}}", PAGES),
        ("{report: {queries: 4}}", set()),  # the demo has a number of its own
        ("{explorer: {megabytes: 2}}", PAGES),
        ("{inspect: {units: 2}}", {"inspect_model", "write_report"}),
    ],
)
def test_a_changed_value_runs_the_stages_that_use_it(project: Project, change: str, stages: set[str]) -> None:
    assert project.would_run("--config", *[f"{key}={value}" for key, value in yaml.safe_load(change).items()]) == stages


def test_a_changed_alpha_really_runs_scoring_alone(project: Project) -> None:
    model = project.folder / "results/demo/pcb/model.safetensors"
    before = model.stat().st_mtime_ns, json.loads((project.folder / REPORT).read_text())
    output = project.snakemake(REPORT, "--config", "joint={alpha: 4}")
    assert rules(output) == SCORING
    assert model.stat().st_mtime_ns == before[0]
    project.snakemake(REPORT)
    assert json.loads((project.folder / REPORT).read_text()) == before[1]


def test_another_fusion_makes_that_one_and_the_report(project: Project) -> None:
    wish = ("--config", "datasets={demo: {joint: {fusions: [likelihood, logistic, none]}}}")
    printed = project.snakemake("--dry-run", "--printshellcmds", REPORT, *wish)
    assert len(re.findall(r"--fusion none ", printed)) == 2
    assert re.findall(r"--fusion likelihood logistic none ", printed)
    assert set(re.findall(r"^rule (\w+):", printed, re.MULTILINE)) == SCORING
    assert len(re.findall(r"^rule evaluate_joint:", printed, re.MULTILINE)) == 1


def test_a_model_may_have_fusions_of_its_own(project: Project) -> None:
    with project.edited_config() as config:
        own = {"joint": {"fusions": ["none"]}, **config["models"]["pcb"]}
        config["models"] |= {"alone": own}
        del config["datasets"]["demo"]["joint"]
        config["datasets"]["demo"]["models"] = ["pcb", "alone"]
    printed = project.snakemake("--dry-run", "--printshellcmds", REPORT)
    assert "--fusion logistic likelihood --model-fusion alone=none " in printed
    with project.edited_config() as config:
        config["datasets"]["demo"] |= {"models": ["pcb"], "joint": {"fusions": ["likelihood", "logistic"]}}
        del config["models"]["alone"]


ALL_MODELS = ("--configfile", "config/all_models.yaml")
TRAINED = {"pcb", "resnet50", "bot", "vit", "densenet121", "stcanet", "stcanet_video", "stgcn"}


def test_the_file_of_all_models_asks_for_every_model_and_keeps_what_there_is(project: Project) -> None:
    printed = project.snakemake("--dry-run", "--printshellcmds", REPORT, *ALL_MODELS)
    asked = {
        stage: re.findall(rf"^Shell command: (python pipeline/{stage}.py .*)$", printed, re.MULTILINE)
        for stage in TRAINING_ONWARD - PAGES
    }
    assert {stage: len(commands) for stage, commands in asked.items()} == {
        "train_appearance": len(TRAINED) - 1,
        "extract_features": len(TRAINED),
        "merge_features": len(TRAINED),
        "inspect_model": len(TRAINED),
        "evaluate_joint": 2 * len(TRAINED),
        "rerank_scores": 2 * len(TRAINED),
    }
    (again,) = [command for command in asked["extract_features"] if "--name pcb_tracklets " in command]
    assert "--model results/demo/pcb/model.safetensors " in again
    assert "--unit tracklet " in again
    (stgcn,) = [command for command in asked["train_appearance"] if "--architecture stgcn " in command]
    # Of the data set for this model, of the data set, of the model, and the general one.
    for flag in ("--batch-size 16", "--backbone resnet18", "--optimizer adamw", "--flip 0.5"):
        assert f"{flag} " in stgcn


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"models": {"again": {"weights_of": "swin"}}}, "models.again.weights_of names 'swin'"),
        (
            {"models": {"again": {"weights_of": "pcb"}, "more": {"weights_of": "again"}}},
            "models.more.weights_of names 'again'",
        ),
        ({"datasets": {"demo": {"model_settings": {"swin": {}}}}}, "datasets.demo.model_settings names 'swin'"),
        (
            {
                "models": {"again": {"weights_of": "pcb"}},
                "datasets": {"demo": {"model_settings": {"again": {"train": {"epochs": 2}}}}},
            },
            "model_settings.again has a section train, but again has the weights of pcb",
        ),
    ],
)
def test_settings_of_no_model_are_refused(project: Project, change: dict[str, object], message: str) -> None:
    (project.folder / "change.yaml").write_text(yaml.safe_dump(change))
    assert message in project.snakemake("--dry-run", REPORT, "--configfile", "change.yaml", status=1)


def test_the_printed_command_runs_by_hand(project: Project) -> None:
    printed = project.snakemake("--dry-run", "--printshellcmds", "--forcerun", "evaluate_joint", REPORT)
    (command,) = [line.strip() for line in printed.splitlines() if "evaluate_joint.py" in line and "logistic" in line]
    scores = project.folder / "results/demo/pcb/logistic/scores.h5"
    before = scores.read_bytes()
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    subprocess.run(
        ["bash", "-c", command.removeprefix("Shell command: ")], cwd=project.folder, check=True, env=environment
    )
    assert scores.read_bytes() == before


def test_a_wrong_configuration_is_refused(project: Project) -> None:
    assert "no_such_key" in project.snakemake("--dry-run", "--config", "joint={no_such_key: 1}", status=1)
    unknown = project.snakemake("--dry-run", "--config", "datasets={demo: {models: [swin]}}", status=1)
    assert "datasets.demo.models names 'swin'" in unknown
    for change, line in (
        ("datasets={demo: {format: cuhk}}", "datasets.demo.format is 'cuhk'; it must be one of market1501, dukemtmc, "),
        ("train={architecture: swin}", "train.architecture is 'swin'; it must be one of baseline, bot, pcb, "),
        ("models={pcb: {train: {architecture: swin}}}", "models.pcb.train.architecture is 'swin'; it must be one of "),
        (
            "datasets={demo: {train: {architecture: swin}}}",
            "datasets.demo.train.architecture is 'swin'; it must be ",
        ),
        (
            "datasets={demo: {features: {osnet: F.h5}}}",
            "datasets.demo.features names 'osnet': datasets.demo.models must ",
        ),
    ):
        assert f"config: {line}" in project.snakemake("--dry-run", "--config", change, status=1)
    reserved = project.snakemake("--dry-run", "--config", "models={logs: {}}", status=1)
    assert "models.logs is not allowed as a name, because results have a folder of that name; rename it" in reserved


def test_a_missing_data_set_says_where_to_get_it(project: Project) -> None:
    project.snakemake("results/market/manifest.csv", status=1)
    log = (project.folder / "results/market/logs/prepare_dataset.log").read_text()
    assert "data/market1501: no such data set. Market-1501 is offered by its authors" in log
    assert not (project.folder / "results/market/manifest.csv").exists()


def test_features_are_extracted_in_shards_where_asked(project: Project) -> None:
    features = project.folder / "results/demo/pcb/features.h5"
    before = features.read_bytes()
    sharded = ("--config", "datasets={demo: {extract: {shards: 2}}}")
    output = project.snakemake("--dry-run", REPORT, *sharded)
    assert re.findall(r"^rule (\w+):", output, re.MULTILINE).count("extract_features") == 2
    project.snakemake("results/demo/pcb/features.h5", *sharded)
    assert features.read_bytes() == before
    assert not (project.folder / "results/demo/pcb/shards").exists()
    project.snakemake(REPORT)


def test_a_model_of_another_data_set_is_extracted_in_shards_though_no_list_names_it(project: Project) -> None:
    with project.edited_config() as config:
        config["datasets"]["other"] = config["datasets"]["demo"] | {"root": "data/other", "extract": {"shards": 2}}
    output = project.snakemake("--dry-run", "results/other/pcb@demo/features.h5")
    ran = re.findall(r"^rule (\w+):", output, re.MULTILINE)
    assert (ran.count("extract_features"), ran.count("merge_features")) == (2, 1)
    with project.edited_config() as config:
        del config["datasets"]["other"]


def test_the_sources_histograms_are_used_where_asked(project: Project) -> None:
    with project.edited_config() as config:
        config["datasets"]["other"] = config["datasets"]["demo"] | {"root": "data/other", "models": ["pcb@demo"]}
        config["datasets"]["other"]["joint"] = {"fusions": ["none"], "histograms_from": "source"}
    for stage in ("evaluate_joint", "rerank_scores"):
        output = project.snakemake("--dry-run", "--printshellcmds", "results/other/report.json")
        (command,) = [line for line in output.splitlines() if f"python pipeline/{stage}.py" in line]
        assert "--histograms results/demo/histograms.h5" in command
        assert "histograms-from" not in command
        (job,) = re.findall(rf"^rule {stage}:.*?^$", output, re.MULTILINE | re.DOTALL)
        assert re.search(r"\bmem_mb=[1-9]\d+\b", job)  # a guess: the features are still to be made
    (command,) = [line for line in output.splitlines() if "python pipeline/write_report.py" in line]
    assert "--foreign-histograms pcb@demo=demo" in command
    assert "--explorer results/other/explorer.html" in command
    (command,) = [line for line in output.splitlines() if "python pipeline/write_explorer.py" in line]
    assert "--model-histograms pcb@demo=results/demo/histograms.h5" in command
    with project.edited_config() as config:
        del config["datasets"]["other"]


def test_a_training_of_several_processes_asks_for_a_gpu_each(project: Project) -> None:
    one, three = (
        training_job(project, "--config", "compute={device: auto}", f"train={{processes: {processes}}}")
        for processes in (1, 3)
    )
    for words in ("gpu=3", "--processes 3 "):
        assert words in three
    megabytes = [int(re.findall(r"\bmem_mb=(\d+)", job)[0]) for job in (one, three)]
    assert 2 * megabytes[0] < megabytes[1] < 4 * megabytes[0]


@pytest.mark.parametrize(("device", "more", "processes"), [("auto", (), 1), ("cpu", (), 1), ("auto", (4,), 4)])
def test_a_training_starts_a_process_for_each_gpu_that_its_job_asks_for(
    project: Project, device: str, more: tuple[int, ...], processes: int
) -> None:
    """Not for each GPU of the SLURM allocation that the workflow runs in."""
    granted = [f"train_appearance:gpu={count}" for count in more]
    job = training_job(
        project, "--config", f"compute={{device: {device}}}", *(("--set-resources", *granted) if granted else ())
    )
    assert f"--processes {processes} " in job


def training_job(project: Project, *arguments: str) -> str:
    """What a dry run says of the training's job."""
    call = ("--dry-run", "--printshellcmds", "--forcerun", "train_appearance")
    output = project.snakemake(*call, *arguments, "--", REPORT)
    (job,) = re.findall(r"^rule train_appearance:.*?(?=^rule |\Z)", output, re.MULTILINE | re.DOTALL)
    return str(job)


def test_a_model_trained_elsewhere_is_evaluated(project: Project) -> None:
    with project.edited_config() as config:
        config["datasets"]["other"] = config["datasets"]["demo"] | {"root": "data/other", "models": ["pcb@demo"]}
    output = project.snakemake("--dry-run", "results/other/report.json")
    ran = re.findall(r"^(?:local)?rule (\w+):", output, re.MULTILINE)
    twice = ["evaluate_joint", "rerank_scores"]  # once per fusion
    assert sorted(ran) == sorted([*(STAGES - {"train_appearance"}), *twice])
    with project.edited_config() as config:
        del config["datasets"]["other"]


def test_a_model_is_exported_where_it_is_asked_for(project: Project) -> None:
    """The one whose weights it uses; nothing else needs the file."""
    network = "results/demo/pcb/model.onnx"
    assert rules(project.snakemake(network)) == {"export_model"}
    assert (project.folder / network).is_file()
    assert "Nothing to be done" in project.snakemake(network, REPORT)
    with project.edited("streid/appearance/pcb.py"):
        assert rules(project.snakemake("--dry-run", network)) == {"train_appearance", "export_model"}
    with project.edited_config() as config:
        config["datasets"]["other"] = config["datasets"]["demo"] | {"root": "data/other", "models": ["pcb@demo"]}
        config["models"] |= {"again": {"weights_of": "pcb", "export": {"size": "any"}}, "taken": {"network": network}}
    targets = ("results/other/pcb@demo/model.onnx", "results/demo/again/model.onnx")
    output = project.snakemake("--dry-run", "--printshellcmds", *targets)
    assert rules(output) == {"export_model"}
    for target, size in zip(targets, ("network", "any"), strict=True):
        assert re.search(
            rf"export_model.py --model results/demo/pcb/model.safetensors --output {target} .*--size {size} ", output
        )
    assert rules(project.snakemake("--dry-run", "results/demo/taken/features.h5")) == {
        "extract_features",
        "merge_features",
    }
    with project.edited_config() as config:
        del config["datasets"]["other"], config["models"]["again"], config["models"]["taken"]


def test_a_model_is_trained_on_several_data_sets_together(project: Project) -> None:
    with project.edited_config() as config:
        demo = config["datasets"]["demo"]
        config["models"]["wide"] = {
            "train_on": ["demo", "other"],
            "train": {**config["models"]["pcb"]["train"], **demo["train"], "max_steps": 1},
        }
        render = demo["render"] | {"seed": 5}
        config["datasets"]["other"] = demo | {"root": "data/other", "render": render, "models": ["wide"]}
    model = "results/demo+other/wide/model.safetensors"
    output = project.snakemake(model)
    assert rules(output) == {"render_demo", "prepare_dataset", "train_appearance"}
    assert "Nothing to be done" in project.snakemake(model)
    planned = project.snakemake("--dry-run", "--printshellcmds", "results/other/report.json")
    assert "train_appearance" not in rules(planned)
    for stage, words in (("extract_features", f"--model {model} "), ("write_report", "--trained-on wide=demo+other ")):
        (command,) = [line for line in planned.splitlines() if f"python pipeline/{stage}.py" in line]
        assert words in command
    refused = project.snakemake("--dry-run", "results/other/wide/model.safetensors", status=1)
    assert "models.wide is trained on demo+other, not on other" in refused
    with project.edited_config() as config:
        del config["datasets"]["other"], config["models"]["wide"]


def test_packed_pictures_are_an_output_and_an_input(project: Project) -> None:
    write_duke(project.folder / "data" / "dukemtmc-reid")
    target = "results/duke/pictures.h5"
    packed = ("--config", "prepare={pack: true}")
    commands = project.snakemake("--dry-run", "--printshellcmds", "results/duke/report.json", *packed)
    assert len(re.findall(rf"--packed {target}", commands)) == 5  # train, extract, inspect, report, explorer
    project.snakemake(target, *packed)
    assert "Nothing to be done" in project.snakemake(target, *packed)
    summary = json.loads((project.folder / "results/duke/dataset.json").read_text())
    assert summary["counts"]["train"]["pictures"] == 4
    write_picture(project.folder / "data/dukemtmc-reid/query/0005_c4_f0046985.jpg", seed=9)
    output = project.snakemake("--dry-run", target, *packed)
    assert rules(output) == {"prepare_dataset"}
    assert "Updated input files: data/dukemtmc-reid/query" in output


@pytest.mark.pages
def test_all_models_on_a_tiny_world_give_one_report(project: Project) -> None:
    """Last, as it leaves the report of another configuration."""
    changes = yaml.safe_load((project.folder / "config/all_models.yaml").read_text())
    own = changes["datasets"]["demo"]
    own["joint"] = {"fusions": ["likelihood"], "bootstrap": 10}
    own["extract"] = {"workers": 0}
    for settings in own["model_settings"].values():
        if "train" in settings:
            settings["train"] |= {"epochs": 1, "max_steps": 2, "batch_size": 4, "workers": 0}
            settings["train"] |= {"pictures_per_identity": 2, "validate_every": 0}
    # In so few steps the batch statistics of fifty layers stay so far off that features overflow.
    own["model_settings"]["resnet50"]["train"]["backbone"] = "resnet18"
    (project.folder / "all.yaml").write_text(yaml.safe_dump(changes))
    project.snakemake(REPORT, "--configfile", "all.yaml")
    models = json.loads((project.folder / REPORT).read_text())["models"]
    assert set(models) == TRAINED | {"pcb_tracklets"}
    assert {name for name, entry in models.items() if entry["training"]} == TRAINED
    rows = {name: entry["fusions"]["likelihood"]["scores"]["audit"]["gallery"] for name, entry in models.items()}
    of_pictures = {"pcb", "resnet50", "bot", "vit", "densenet121", "stcanet"}
    assert len({rows[name] for name in of_pictures}) == len({rows[name] for name in set(models) - of_pictures}) == 1
    assert rows["pcb_tracklets"] < rows["pcb"]
    page = (project.folder / "results/demo/report.html").read_text()
    assert "pcb_tracklets" in page
    assert "no training history" not in page
