"""Which GPUs a job may use.

Snakemake's `--resources gpu=N` limits the number of jobs but assigns no device, so jobs that run in parallel on one
machine would all use device 0. A stage therefore leases devices: one lock file per device in a per-user directory of
the host, locked with `flock`. The kernel releases a lock when its process ends, also after a crash, so nothing has to
be cleaned up. A SLURM job leases from the devices that it was given, because a whole workflow may run in it.

Two environment variables configure it. CUDA_VISIBLE_DEVICES names the devices to choose from, as CUDA reads it: some
of the machine's, or invented names to try the leases without a GPU. STREID_LEASES is the directory of the lock files,
to be set where not all jobs of a host see the default one, as in containers.
"""

import itertools
import logging
import os
import shutil
import stat
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from streid.errors import InputError
from streid.files.locks import (
    close_lock,
    describe_process,
    exclusive_lock,
    held_here,
    holding_ancestor,
    open_lock,
    read_lock,
    try_lock,
    write_lock,
)
from streid.stage.processes import World, is_worker, read_world

if TYPE_CHECKING:
    import torch

logger = logging.getLogger(__name__)

LEASES_VARIABLE = "STREID_LEASES"
# Not the temporary directory that TMPDIR names: jobs of one host may have several.
DEFAULT_LEASES = Path("/tmp") / f"streid-gpus-{os.getuid()}"
SLURM_LEASE = "slurm-"
POLL_SECONDS = 0.5
NO_GPU = "--device cuda: no usable GPU here; use --device cpu, or check nvidia-smi and CUDA_VISIBLE_DEVICES"


def choose_device(name: str) -> "torch.device":
    """The torch device for `--device auto|cpu|cuda`; a GPU is leased before CUDA starts.

    Raises:
        InputError: cuda is requested but there is none.
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

    One process gets its device as from `choose_device`. For several, the first process gets none: it has leased a GPU
    for each of them and must start them (`world.size` processes); each of those then gets its own device.

    Args:
        processes: how many; None: one for each GPU that SLURM granted, and one without SLURM.

    Raises:
        InputError: cuda is requested but there is none, or there are too few GPUs.
    """
    if is_worker():
        return _worker_device(name), read_world()
    if processes is None:
        granted = "SLURM_JOB_ID" in os.environ and "CUDA_VISIBLE_DEVICES" in os.environ and name != "cpu"
        processes = max(1, len(visible_devices())) if granted else 1
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
    """Lease `count` GPUs of this machine for this process and set CUDA_VISIBLE_DEVICES to them.

    Waits while others hold them, and logs who holds them. Either all are leased or none: a job that waits for several
    holds none meanwhile, so jobs cannot block each other. GPUs that this process, or one that started it, already holds
    are used without waiting. If there is no GPU, or CUDA_VISIBLE_DEVICES gives a SLURM job none, nothing is leased and
    the environment is not changed.

    Returns:
        The devices taken; empty when none were leased.

    Raises:
        InputError: fewer than `count` GPUs are visible.
    """
    given_by_slurm = "SLURM_JOB_ID" in os.environ
    if given_by_slurm and "CUDA_VISIBLE_DEVICES" not in os.environ:
        return ()
    visible = visible_devices()
    if not visible:
        return ()
    if count > len(visible):
        raise InputError(f"{count} GPUs are needed, {len(visible)} are visible ({', '.join(visible)})")
    taken = _wait_for_devices(visible, count)
    os.environ["CUDA_VISIBLE_DEVICES"] = ",".join(taken)
    exactly = ", as SLURM gave it" if given_by_slurm and taken == visible else ""
    logger.info("using GPU %s%s", ",".join(taken), exactly)
    return taken


def visible_devices() -> tuple[str, ...]:
    """The GPUs this process may see: CUDA_VISIBLE_DEVICES when set, else what nvidia-smi lists.

    As in CUDA, an entry that is not a device, such as -1 or SLURM's NoDevFiles, ends the list.
    """
    given = os.environ.get("CUDA_VISIBLE_DEVICES")
    if given is not None:
        return tuple(itertools.takewhile(_may_be_device, (name.strip() for name in given.split(","))))
    if shutil.which("nvidia-smi") is None:
        return ()
    listed = subprocess.run(
        ["nvidia-smi", "--query-gpu=index", "--format=csv,noheader"], capture_output=True, text=True, check=False
    )
    return tuple(line.strip() for line in listed.stdout.splitlines() if line.strip().isdigit())


def _may_be_device(name: str) -> bool:
    return name not in ("", "NoDevFiles") and not name.startswith("-")


def _wait_for_devices(visible: Sequence[str], count: int) -> tuple[str, ...]:
    folder = _leases_folder()
    said = ""
    while True:
        # Only one job tries at a time, so a job that tries several devices and releases them blocks no other.
        with exclusive_lock(folder / ".looking.lock"):
            _remove_free_leases(folder)
            taken, holders = _try_lease(folder, visible, count)
        if taken:
            return taken
        if holders != said:
            logger.info("waiting for %d of the GPUs %s: %s", count, ",".join(visible), holders)
            said = holders
        time.sleep(POLL_SECONDS)


def _leases_folder() -> Path:
    """The directory with the lock files of this host.

    Raises:
        InputError: the default one belongs to somebody else.
    """
    given = os.environ.get(LEASES_VARIABLE)
    base = Path(given) if given else DEFAULT_LEASES
    base.mkdir(mode=0o777 if given else 0o700, parents=True, exist_ok=True)
    status = base.lstat()
    if not given and (status.st_uid != os.getuid() or not stat.S_ISDIR(status.st_mode)):
        raise InputError(f"{base} belongs to somebody else; set {LEASES_VARIABLE} to a directory of your own")
    return base


def _lease_name(device: str) -> str:
    """A device's lock file; each SLURM job has its own, because it numbers its devices itself."""
    job = os.environ.get("SLURM_JOB_ID")
    return f"{f'{SLURM_LEASE}{job}-' if job else ''}{device.replace('/', '_')}.lock"


def _remove_free_leases(folder: Path) -> None:
    """Remove the lock files of SLURM jobs that nobody holds: a job's number is never used again.

    No process can open one meanwhile, because only one process tries at a time.
    """
    for path in folder.glob(f"{SLURM_LEASE}*.lock"):
        handle = open_lock(path)
        if try_lock(handle):
            path.unlink()
        close_lock(handle)


def _try_lease(folder: Path, visible: Sequence[str], count: int) -> tuple[tuple[str, ...], str]:
    """The devices leased; or none, and a text that says who holds each."""
    taken: dict[str, int] = {}
    holders: list[str] = []
    for device in visible:
        handle = taken[device] = open_lock(folder / _lease_name(device))
        if not (try_lock(handle) or _is_own(handle)):
            holders.append(f"{device} is held by {read_lock(handle) or 'a process that has just started'}")
            close_lock(taken.pop(device))
        if len(taken) == count:
            break
    for handle in taken.values():
        if len(taken) < count or _is_own(handle):
            close_lock(handle)
        else:
            write_lock(handle, describe_process())
            os.set_inheritable(handle, True)
    return (tuple(taken), "") if len(taken) == count else ((), "; ".join(holders))


def _is_own(handle: int) -> bool:
    """Whether a lease is held through another handle of this process, or by a process that started it."""
    return held_here(handle) or holding_ancestor(handle) is not None
