"""How many processes, threads, GPUs and megabytes the jobs ask for."""

from collections.abc import Iterable
from pathlib import Path

from streid.workflow.plan import Plan

TRAINING_MEGABYTES = 6000
SCORING_MEGABYTES = 6000


def gpus(plan: Plan) -> int:
    """The GPUs of a job that can use one."""
    return 0 if plan.compute["device"] == "cpu" else 1


def training_processes(plan: Plan, dataset: str, model: str) -> int:
    """The processes a training job asks for; one for `auto`."""
    asked = plan.settings("train", dataset, model)["processes"]
    return 1 if asked == "auto" else int(asked)


def started_processes(plan: Plan, dataset: str, model: str, granted: int) -> int:
    """The processes a training job starts; for `auto` one for each GPU granted to it by its rule or a profile."""
    asked = plan.settings("train", dataset, model)["processes"]
    return max(1, granted) if asked == "auto" else int(asked)


def training_gpus(plan: Plan, dataset: str, model: str) -> int:
    """A GPU for each process of a training job."""
    return gpus(plan) * training_processes(plan, dataset, model)


def training_memory(plan: Plan, dataset: str, model: str) -> int:
    """Megabytes of a training job: as many for each of its processes as a job of one has."""
    return TRAINING_MEGABYTES * training_processes(plan, dataset, model)


def training_threads(plan: Plan, dataset: str, model: str) -> int:
    """CPU threads of a training job: as many for each of its processes as a job of one has."""
    return int(plan.compute["gpu_job_threads"]) * training_processes(plan, dataset, model)


def scoring_memory(features: Iterable[str]) -> int:
    """Megabytes of a scoring job: the features twice, as they may be stored in half precision, and room to work in.

    Of several models' features the largest are held at a time. The size of features that are still to be made is not
    known; Snakemake asks again before the job starts.
    """
    sizes = [Path(path).stat().st_size for path in features if Path(path).exists()]
    return SCORING_MEGABYTES + 2 * (max(sizes, default=0) >> 20)
