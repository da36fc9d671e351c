"""How many processes, threads and GPUs the jobs ask for."""

from streid.appearance.network_settings import network_kind
from streid.workflow.plan import Plan


def gpus(plan: Plan) -> int:
    """The GPUs of a job that can use one."""
    return 0 if plan.compute["device"] == "cpu" else 1


def extraction_gpus(plan: Plan, model: str) -> int:
    """The GPUs of an extraction job; none for an OpenVINO network, which runs on the CPU."""
    network = plan.network_of(model)
    return 0 if network and network_kind(network) == "openvino" else gpus(plan)


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


def training_threads(plan: Plan, dataset: str, model: str) -> int:
    """CPU threads of a training job: as many for each of its processes as a job of one has."""
    return int(plan.compute["gpu_job_threads"]) * training_processes(plan, dataset, model)
