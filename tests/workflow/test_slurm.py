"""The workflow on a real SLURM cluster of one node, through its profile."""

import contextlib
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterable, Iterator
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
def project(tmp_path_factory: pytest.TempPathFactory, slurm: Path, tiny_results: Path) -> Project:
    """Made after `tiny_results`, so that numba's functions are compiled and copied."""
    made = Project(tmp_path_factory.mktemp("slurm") / "project", fresh=True)
    with made.edited_config() as config:
        demo = config["datasets"]["demo"]
        demo["train"]["checkpoint_seconds"] = 0
        demo |= {"joint": {"fusions": ["logistic"], "bootstrap": 10}, "extract": {"shards": 2}}
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


@contextlib.contextmanager
def hold(works: Iterable[Path]) -> Iterator[None]:
    """Let stages wait for their work folders."""
    with contextlib.ExitStack() as held:
        for work in works:
            held.enter_context(exclusive_work(work))
        yield


@pytest.fixture(scope="module")
def road(project: Project, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The whole road; a second training beside the first, and then two shards of an extraction, are held until both
    have been looked at."""
    scratch = tmp_path_factory.mktemp("node") / "scratch"
    with edited_profile(project) as profile:
        profile["default-resources"] |= {"slurm_account": "my-project", "tmpdir": str(scratch)}
        profile["set-resources"] = {stage: {"slurm_partition": "cpu"} for stage in sorted(CPU_STAGES)}
        profile["set-resources"]["train_appearance"] = {"runtime": 2880, "mem_mb": 7000}
    demo = project.folder / "results/demo"
    trainings = {f"train_appearance.{name}": demo / name / "work/training" for name in ("pcb", "resnet50")}
    shards = {f"extract_features.pcb.{shard}": demo / f"pcb/work/extraction-{shard}" for shard in ("1-of-2", "2-of-2")}
    logs: dict[str, str] = {}
    running: dict[str, str] = {}

    def look_at(stages: Iterable[str]) -> None:
        def waiting() -> bool:
            return all(f"waiting for process {os.getpid()} on" in log(project, stage) for stage in stages)

        wait_until(waiting, seconds=PATIENCE, what=f"these do not start: {', '.join(stages)}")
        logs.update({stage: log(project, stage) for stage in stages})
        running.update({name: job for name, job in jobs().items() if name not in running})

    with submit(project, REPORT, "results/demo/resnet50/model.safetensors") as run:
        with hold(shards.values()):
            with hold(trainings.values()):
                look_at(trainings)
            look_at(shards)
        return {"output": run.output(), "logs": logs, "running": running, "jobs": jobs(), "scratch": scratch}


def test_the_road_ends_in_a_report(project: Project, road: dict[str, Any]) -> None:
    assert rules(road["output"]) >= CPU_STAGES | GPU_STAGES
    assert (project.folder / REPORT).is_file()
    assert (project.folder / "results/demo/report.html").is_file()
    sacct = subprocess.run(["sacct"], capture_output=True, text=True, check=False)
    assert sacct.returncode != 0, "the cluster has no accounting, so the profile does without"


@pytest.mark.parametrize(
    ("stage", "wildcards"),
    [("train_appearance", ("pcb", "resnet50")), ("extract_features", ("pcb_1_2", "pcb_2_2"))],
)
def test_jobs_side_by_side_have_a_device_each(road: dict[str, Any], stage: str, wildcards: tuple[str, ...]) -> None:
    logs = [text for name, text in road["logs"].items() if name.startswith(stage)]
    devices = [re.findall(r"using GPU (\d+), as SLURM gave it", text) for text in logs]
    assert sorted(devices) == [["0"], ["1"]]
    states = [road["running"][f"rule_{stage}_wildcards_demo_{names}"] for names in wildcards]
    assert all("JobState=RUNNING" in state and "TresPerJob=gres:gpu:1" in state for state in states)


def test_jobs_ask_for_what_rules_and_profile_say(road: dict[str, Any]) -> None:
    extraction = road["jobs"]["rule_extract_features_wildcards_demo_pcb_1_2"]
    (megabytes,) = set(
        re.findall(r"^rule extract_features:.*?\bmem_mb=(\d+)", road["output"], re.MULTILINE | re.DOTALL)
    )
    memory = f"{int(megabytes) // 1024}G" if int(megabytes) % 1024 == 0 else f"{megabytes}M"  # as SLURM shows it
    for asked in ("TresPerJob=gres:gpu:1", "CPUs/Task=2", f"MinMemoryNode={memory}", "TimeLimit=08:00:00"):
        assert f" {asked} " in extraction
    for asked in ("TresPerJob=gres:gpu:1", "CPUs/Task=2", "MinMemoryNode=7000M", "TimeLimit=2-00:00:00"):
        assert f" {asked} " in road["jobs"][TRAINING]
    for comment, job in road["jobs"].items():
        stage = comment.removeprefix("rule_").partition("_wildcards_")[0]
        assert " Account=my-project " in job
        assert (" Partition=cpu " in job) == (stage in CPU_STAGES)
        if stage in CPU_STAGES | GPU_STAGES:
            assert ("gres:gpu:1" in job) == (stage in GPU_STAGES)


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
