"""Which GPUs a job may use.

Snakemake's `--resources gpu=N` counts jobs but names no device, so jobs that start side by side on one
machine would all take device 0. A stage therefore leases devices: one lock file per device in a
per-user directory of the host, locked with `flock`. The kernel drops a lock when its process ends,
however it ends, so nothing has to be cleaned up. Under SLURM the scheduler's choice stands.
"""

import fcntl
import logging
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from streid.errors import InputError
from streid.processes import World, die_with_parent, is_worker, read_world

if TYPE_CHECKING:
    import torch

logger = logging.getLogger(__name__)

LEASES_VARIABLE = "STREID_LEASES"
POLL_SECONDS = 0.5
NO_GPU = "--device cuda: no usable GPU here; use --device cpu, or check nvidia-smi and CUDA_VISIBLE_DEVICES"
_held: list[int] = []


def choose_device(name: str) -> "torch.device":
    """The torch device for `--device auto|cpu|cuda`; a GPU is leased before CUDA starts.

    Raises:
        InputError: cuda is asked for where there is none.
    """
    if name == "cpu":
        os.environ["CUDA_VISIBLE_DEVICES"] = ""
    else:
        lease_devices(1)
    import torch

    if name == "cuda" and not torch.cuda.is_available():
        raise InputError(NO_GPU)
    if name == "cpu" or not torch.cuda.is_available():
        return torch.device("cpu")
    return torch.device("cuda", 0)


def choose_devices(name: str, processes: int | None) -> tuple["torch.device | None", World]:
    """The device of this process for `--device` and `--processes`, and its place among the processes.

    One process takes its device as `choose_device` does. For several, the process that is first called gets
    none: it has leased a GPU for each and is to start them (`world.size` of them); each of those then gets its own.

    Args:
        processes: how many; None takes one for each GPU that SLURM granted, and one elsewhere.

    Raises:
        InputError: cuda is asked for where there is none, or not for so many.
    """
    if is_worker():
        die_with_parent()
        return _worker_device(name), read_world()
    if processes is None:
        granted = len(visible_devices()) if "SLURM_JOB_ID" in os.environ and name != "cpu" else 1
        processes = max(1, granted)
    if processes == 1:
        return choose_device(name), World()
    if name != "cpu":
        lease_devices(processes)
        if name == "cuda" and not visible_devices():
            raise InputError(NO_GPU)
    return None, World(size=processes)


def _worker_device(name: str) -> "torch.device":
    if name == "cpu":
        os.environ["CUDA_VISIBLE_DEVICES"] = ""
    import torch

    if name == "cpu" or not torch.cuda.is_available():
        if name == "cuda":
            raise InputError(NO_GPU)
        return torch.device("cpu")
    return torch.device("cuda", int(os.environ["LOCAL_RANK"]))


def lease_devices(count: int) -> tuple[str, ...]:
    """Take `count` GPUs of this machine for this process and point CUDA_VISIBLE_DEVICES at them.

    Waits while others hold them. Devices are taken in ascending order and given back when not enough
    are free, so two jobs that each need several cannot block each other. Under SLURM, and where there
    is no GPU, nothing is leased and the environment stays as it is.

    Returns:
        The devices taken; empty when none were leased.

    Raises:
        InputError: the machine has fewer than `count` GPUs.
    """
    visible = visible_devices()
    if "SLURM_JOB_ID" in os.environ or not visible:
        return ()
    if count > len(visible):
        raise InputError(f"{count} GPUs are needed, {len(visible)} are visible ({', '.join(visible)})")
    waited = False
    while True:
        taken = _try_lease(visible, count)
        if taken:
            os.environ["CUDA_VISIBLE_DEVICES"] = ",".join(taken)
            logger.info("using GPU %s", ",".join(taken))
            return taken
        if not waited:
            logger.info("waiting for %d of the GPUs %s, held by %s", count, ",".join(visible), _holders(visible))
            waited = True
        time.sleep(POLL_SECONDS)


def visible_devices() -> tuple[str, ...]:
    """The GPUs this process may see: CUDA_VISIBLE_DEVICES when set, else what nvidia-smi lists."""
    given = os.environ.get("CUDA_VISIBLE_DEVICES")
    if given is not None:
        return tuple(name for name in given.split(",") if name.strip())
    if shutil.which("nvidia-smi") is None:
        return ()
    listed = subprocess.run(
        ["nvidia-smi", "--query-gpu=index", "--format=csv,noheader"], capture_output=True, text=True, check=False
    )
    return tuple(line.strip() for line in listed.stdout.splitlines() if line.strip().isdigit())


def _lease_path(device: str) -> Path:
    base = os.environ.get(LEASES_VARIABLE) or str(Path(tempfile.gettempdir()) / f"streid-gpus-{os.getuid()}")
    Path(base).mkdir(mode=0o700, parents=True, exist_ok=True)
    return Path(base) / f"{device.replace('/', '_')}.lock"


def _try_lease(visible: tuple[str, ...], count: int) -> tuple[str, ...]:
    taken: dict[str, int] = {}
    for device in visible:
        handle = os.open(_lease_path(device), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            continue
        taken[device] = handle
        if len(taken) == count:
            break
    if len(taken) < count:
        for handle in taken.values():
            os.close(handle)
        return ()
    for handle in taken.values():
        os.ftruncate(handle, 0)
        os.pwrite(handle, str(os.getpid()).encode(), 0)
        os.set_inheritable(handle, True)
        _held.append(handle)
    return tuple(taken)


def _holders(visible: tuple[str, ...]) -> str:
    return ", ".join(f"process {_lease_path(device).read_text() or '?'}" for device in visible)
