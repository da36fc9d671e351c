import inspect
import os
import re
import sys
from pathlib import Path

from snakemake.settings.types import DAGSettings

sys.path.insert(0, str(Path(workflow.basedir) / "pipeline"))

from streid.scoring.fusion_records import FUSIONS
from streid.workflow import job_resources, memory_requests, report_plan
from streid.workflow.code_params import code_params
from streid.workflow.configuration import read_configuration
from streid.workflow.cross_checks import plan_problems
from streid.workflow.plan import Plan
from streid.workflow.run_flags import profile_flags, run_flags

_values, _problems = read_configuration(config)
if not _problems:
    PLAN = Plan(_values)
    _problems = plan_problems(PLAN)
if _problems:
    raise WorkflowError(*[f"config: {problem}" for problem in _problems])


def any_of(names):
    """A wildcard constraint: one of the names, or nothing at all if there are none."""
    return "|".join(re.escape(name) for name in sorted(names)) or "(?!)"


PIPELINE = Path(os.path.relpath(Path(workflow.basedir) / "pipeline"))
ENVIRONMENT = str(Path(workflow.basedir) / "environment.yml")
DEVICE = PLAN.compute["device"]
GPUS = job_resources.gpus(PLAN)
# Models that are computed here, with `@source` for those trained on another data set.
OWN_MODELS = f"(?:{any_of(PLAN.models)})(?:@(?:{any_of(PLAN.datasets)}))?"


wildcard_constraints:
    dataset=any_of(PLAN.datasets),
    model=f"{OWN_MODELS}|{any_of(PLAN.imported)}",
    fusion=any_of(FUSIONS),
    shard="[0-9]+",
    shards="[0-9]+",


def script(stage):
    """The stage's script, for the command; only its code counts (`code`), not the time of the file."""

    def path(wildcards):
        compare_contents()
        return str(PIPELINE / f"{stage}.py")

    return ancient(path)


def compare_contents():
    """Let inputs newer than a job's outputs count only if their content is new, whatever their size.

    Snakemake compares contents up to 1 MB, unless --max-checksum-file-size says otherwise. Its settings are not there yet
    when the rules are read, so an input function changes them.
    """
    for part in (workflow.dag, workflow.persistence):
        if part.max_checksum_file_size == DAGSettings.max_checksum_file_size:
            part.max_checksum_file_size = sys.maxsize


def code(stage):
    """The params with the code that a job of the stage runs: a change runs the job again."""
    return code_params(
        PIPELINE / f"{stage}.py",
        lambda wildcards: PLAN.code_choices(wildcards.dataset, wildcards.get("model")),
    )


def templates(*pages):
    """The templates of the pages' folders in streid/reporting: a change makes the page again."""
    folders = [PIPELINE / "streid" / "reporting" / page / "templates" for page in pages]
    return sorted(str(path) for folder in folders for path in folder.iterdir())


def of_job(answer):
    """A function for input, params, threads or resources: the value of `answer` for a job.

    `answer` is a method of Plan or another function of a plan; its other parameters are named like wildcards.
    """
    names = list(inspect.signature(answer).parameters)[1:]
    return lambda wildcards: answer(PLAN, *[wildcards[name] for name in names])


def options(section):
    """A params function: the section's settings for the job's data set and model, as flags."""
    return lambda wildcards: PLAN.options(
        section, wildcards.dataset, wildcards.get("model")
    )


def of_models(name):
    """An input function: a file of every model of the data set."""
    return lambda wildcards: PLAN.of_models(wildcards.dataset, name)


def of_fusions(name):
    """An input function: a file of every fusion of every such model."""
    return lambda wildcards: PLAN.of_fusions(wildcards.dataset, name)


def asked(memory):
    """A resources function: the megabytes of a job, by a function of `memory_requests`."""
    return lambda wildcards, input, threads: memory(
        memory_requests.Job(
            plan=PLAN, wildcards=wildcards, files=input, threads=threads
        )
    )
