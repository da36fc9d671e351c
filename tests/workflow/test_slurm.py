"""The workflow on a real SLURM cluster of one node, through its profile."""

import contextlib
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

import cluster
import pytest
import yaml
from cluster import wait_until
from project import REPORT, Project, Run, rules

from streid.stage.finished_work import exclusive_work

REQUIRED = "STREID_REQUIRE_SLURM"
IMPATIENT = str(Path(__file__).with_name("impatient.py"))
PROFILE = ("--profile", "workflow/profiles/slurm")
MODEL = "results/demo/pcb/model.safetensors"
CPU_STAGES = {
    "render_demo",
    "prepare_dataset",
    "merge_features",
    "build_histograms",
    "write_explorer",
    "write_report",
}
GPU_STAGES = {"train_appearance", "extract_features", "inspect_model", "evaluate_joint", "rerank_scores"}
TRAINING = "rule_train_appearance_wildcards_demo_pcb"
# For a loaded machine; a quiet one needs seconds.
PATIENCE = 500.0

pytestmark = pytest.mark.timeout(1800)


def do_without(reason: str) -> NoReturn:
    """Skip a test, or fail it where the variable forbids skipping."""
    (pytest.fail if os.environ.get(REQUIRED) == "1" else pytest.skip)(f"no SLURM to test with: {reason}")


@pytest.fixture(scope="session")
def slurm() -> Iterator[Path]:
    """A running cluster."""
    reason = cluster.missing()
    if reason:
        do_without(reason)
    with cluster.one_node_slurm() as folder:
        yield folder


def test_a_machine_without_slurm_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda program: None if program == "/usr/sbin/slurmctld" else program)
    reason = cluster.missing()
    assert reason == f"no slurmctld; on Debian: apt-get install {cluster.PACKAGES}"
    monkeypatch.delenv(REQUIRED, raising=False)
    with pytest.raises(pytest.skip.Exception, match="no SLURM to test with: no slurmctld; on Debian: apt-get install"):
        do_without(reason)
    monkeypatch.setenv(REQUIRED, "1")
    with pytest.raises(pytest.fail.Exception, match="no SLURM to test with"):
        do_without(reason)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, slurm: Path) -> Project:
    made = Project(tmp_path_factory.mktemp("slurm") / "project", fresh=True)
    with made.edited_config() as config:
        config["datasets"]["demo"]["train"]["checkpoint_seconds"] = 0
    return made


@contextlib.contextmanager
def edited_profile(project: Project) -> Iterator[dict[str, Any]]:
    path = project.folder / "workflow/profiles/slurm/profile.yaml"
    profile = yaml.safe_load(path.read_text())
    yield profile
    path.write_text(yaml.safe_dump(profile))


def submit(project: Project, *targets: str) -> Run:
    return project.start(*PROFILE, *targets, launcher=(IMPATIENT,))


def jobs() -> dict[str, str]:
    """What SLURM says of every job it still knows, by the rule and wildcards it runs; the last of several."""
    shown = subprocess.run(["scontrol", "show", "jobs", "-o"], capture_output=True, text=True, check=True).stdout
    return {found[1]: line for line in shown.splitlines() if (found := re.search(r" Comment=(\S+)", line))}


def log(project: Project, stage: str) -> str:
    path = project.folder / f"results/demo/logs/{stage}.log"
    return path.read_text() if path.is_file() else ""


@pytest.fixture(scope="module")
def road(project: Project, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The whole road, with a second training held beside the first until both have been looked at."""
    scratch = tmp_path_factory.mktemp("node") / "scratch"
    with edited_profile(project) as profile:
        profile["default-resources"] |= {"slurm_account": "my-project", "tmpdir": str(scratch)}
        profile["set-resources"] = {stage: {"slurm_partition": "cpu"} for stage in sorted(CPU_STAGES)}
        profile["set-resources"]["train_appearance"] = {"runtime": 2880, "mem_mb": 7000}
    names = ("pcb", "resnet50")

    def waiting(name: str) -> bool:
        return f"waiting for process {os.getpid()} on" in log(project, f"train_appearance.{name}")

    with submit(project, REPORT, "results/demo/resnet50/model.safetensors") as run:
        with contextlib.ExitStack() as held:
            for name in names:
                held.enter_context(exclusive_work(project.folder / f"results/demo/{name}/work/training"))
            wait_until(lambda: all(map(waiting, names)), seconds=PATIENCE, what="the trainings do not start")
            logs, running = [log(project, f"train_appearance.{name}") for name in names], jobs()
        return {"output": run.output(), "logs": logs, "running": running, "jobs": jobs(), "scratch": scratch}


def test_the_road_ends_in_a_report(project: Project, road: dict[str, Any]) -> None:
    assert rules(road["output"]) >= CPU_STAGES | GPU_STAGES
    assert (project.folder / REPORT).is_file()
    assert (project.folder / "results/demo/report.html").is_file()
    sacct = subprocess.run(["sacct"], capture_output=True, text=True, check=False)
    assert sacct.returncode != 0, "the cluster has no accounting, so the profile does without"


def test_jobs_side_by_side_have_a_device_each(road: dict[str, Any]) -> None:
    devices = [re.findall(r"using GPU (\d+), as SLURM gave it", text) for text in road["logs"]]
    assert sorted(devices) == [["0"], ["1"]]
    states = [road["running"][f"rule_train_appearance_wildcards_demo_{model}"] for model in ("pcb", "resnet50")]
    assert all("JobState=RUNNING" in state for state in states)


def test_jobs_ask_for_what_rules_and_profile_say(road: dict[str, Any]) -> None:
    extraction = road["jobs"]["rule_extract_features_wildcards_demo_pcb_1_1"]
    for asked in ("TresPerJob=gres:gpu:1", "CPUs/Task=2", "MinMemoryNode=6000M", "TimeLimit=08:00:00"):
        assert f" {asked} " in extraction
    for asked in ("TresPerJob=gres:gpu:1", "CPUs/Task=2", "MinMemoryNode=7000M", "TimeLimit=2-00:00:00"):
        assert f" {asked} " in road["jobs"][TRAINING]
    for comment, job in road["jobs"].items():
        stage = comment.removeprefix("rule_").partition("_wildcards_")[0]
        assert " Account=my-project " in job
        assert (" Partition=cpu " in job) == (stage in CPU_STAGES)
        if stage in CPU_STAGES | GPU_STAGES:
            assert ("gres:gpu:1" in job) == (stage in GPU_STAGES)


def test_shards_of_an_extraction_run_side_by_side_on_a_device_each(project: Project, road: dict[str, Any]) -> None:
    features = project.folder / "results/demo/pcb/features.h5"
    before = features.read_bytes()
    shards = ("1-of-2", "2-of-2")

    def waiting(shard: str) -> bool:
        return f"waiting for process {os.getpid()} on" in log(project, f"extract_features.pcb.{shard}")

    target = str(features.relative_to(project.folder))
    sharded = project.start(
        *PROFILE, target, "--config", "datasets={demo: {extract: {shards: 2}}}", launcher=(IMPATIENT,)
    )
    with sharded as run:
        with contextlib.ExitStack() as held:
            for shard in shards:
                held.enter_context(exclusive_work(project.folder / f"results/demo/pcb/work/extraction-{shard}"))
            wait_until(lambda: all(map(waiting, shards)), seconds=PATIENCE, what="the extractions do not start")
            running = jobs()
        assert rules(run.output()) >= {"extract_features", "merge_features"}
    states = [running[f"rule_extract_features_wildcards_demo_pcb_{number}_2"] for number in (1, 2)]
    assert all("JobState=RUNNING" in state and "TresPerJob=gres:gpu:1" in state for state in states)
    logs = [log(project, f"extract_features.pcb.{shard}") for shard in shards]
    assert sorted(re.findall(r"using GPU (\d+), as SLURM gave it", "".join(logs))) == ["0", "1"]
    assert features.read_bytes() == before


def test_the_nodes_scratch_is_used(road: dict[str, Any]) -> None:
    assert road["scratch"].is_dir()


@pytest.fixture
def reference(project: Project, road: dict[str, Any]) -> Iterator[bytes]:
    """The undisturbed training's model; the training is undone."""
    model = project.folder / MODEL
    made = model.read_bytes()
    for path in (model, model.with_name("training.csv"), *model.parent.glob("work/.*.lock")):
        path.unlink()
    for path in sorted(model.parent.glob("work/training/**/*"), reverse=True):
        path.unlink() if path.is_file() else path.rmdir()
    yield made
    model.write_bytes(made)


def stop_training(project: Project) -> int:
    """Wait for the running training's first checkpoint and hold its process there."""
    work = project.folder / "results/demo/pcb/work"
    wait_until((work / "training/checkpoint.pt").is_file, seconds=PATIENCE, what="no checkpoint")
    process = int(re.match(r"process (\d+) on ", (work / ".training.lock").read_text())[1])
    os.kill(process, signal.SIGSTOP)
    return process


def kill_workflow(project: Project) -> int:
    """Start a training on the cluster, hold it at its first checkpoint, and kill -9 Snakemake; the stage's number."""
    with submit(project, MODEL) as run:
        process = stop_training(project)
        run.process.kill()
        run.output(status=-signal.SIGKILL)
    return process


@pytest.mark.faults
def test_a_cancelled_training_is_resumed(project: Project, reference: bytes) -> None:
    with submit(project, MODEL) as run:
        stop_training(project)
        (number,) = re.findall(r"JobId=(\d+)", jobs()[TRAINING])
        subprocess.run(["scancel", number], check=True)
        assert f"SLURM-job '{number}' failed, SLURM status is: 'CANCELLED'" in run.output(status=1)
    assert not (project.folder / MODEL).exists()
    # The executor as it is, without the tests' impatience.
    with project.start(*PROFILE, "--slurm-init-seconds-before-status-checks", "5", MODEL) as again:
        again.output()
    assert re.search(r"resumed after step [1-9]", log(project, "train_appearance.pcb"))
    assert (project.folder / MODEL).read_bytes() == reference


@pytest.mark.faults
def test_a_job_that_outlived_the_workflow_is_not_done_again(project: Project, reference: bytes) -> None:
    process = kill_workflow(project)
    project.snakemake("--unlock")
    with submit(project, MODEL) as again:
        waiting = f"waiting for process {process} on"
        wait_until(lambda: waiting in log(project, "train_appearance.pcb"), seconds=PATIENCE, what="nobody waits")
        os.kill(process, signal.SIGCONT)
        again.output()
    assert re.search(rf"made by process {process} on .*; nothing to do", log(project, "train_appearance.pcb"))
    assert (project.folder / MODEL).read_bytes() == reference


@pytest.mark.faults
def test_a_job_that_ended_after_the_workflow_is_not_done_again(project: Project, reference: bytes) -> None:
    os.kill(kill_workflow(project), signal.SIGCONT)
    wait_until(lambda: "JobState=COMPLETED" in jobs()[TRAINING], seconds=PATIENCE, what="the training does not end")
    project.snakemake("--unlock")
    assert "Nothing to be done" in project.snakemake(MODEL)
    assert (project.folder / MODEL).read_bytes() == reference
