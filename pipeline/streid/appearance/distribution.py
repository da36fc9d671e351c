"""Several processes that train one model together, a GPU or a share of the CPU each.

The stage starts them itself through torchrun's launcher; `torchrun pipeline/train_appearance.py ...` does too.
"""

import logging
import os
import signal
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import torch
from torch import distributed
from torch.distributed.elastic.multiprocessing.api import DefaultLogsSpecs, SignalException
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
from torch.distributed.launcher.api import LaunchConfig, elastic_launch

from streid.errors import InputError
from streid.stage.processes import LAUNCHER_VARIABLE, World
from streid.stage.termination import STATUS, Terminated

# While one process waits for a stage that outlived its workflow, the others wait for it: longer than any training
# takes. One that fails ends all of them at once through the launcher.
PATIENCE = timedelta(days=20)
REFUSED = 2


@contextmanager
def joined(world: World, device: torch.device) -> Iterator[None]:
    """Join the other processes while the block runs."""
    if world.size == 1:
        yield
        return
    if device.type == "cuda":
        torch.cuda.set_device(device)
    distributed.init_process_group("nccl" if device.type == "cuda" else "gloo", timeout=PATIENCE)
    try:
        yield
    finally:
        distributed.destroy_process_group()


def add_up(values: torch.Tensor, world: World) -> None:
    """Replace `values` by the sum over all processes."""
    if world.size > 1:
        distributed.all_reduce(values)


def share_out(values: torch.Tensor, world: World) -> None:
    """Replace `values` by the first process's."""
    if world.size > 1:
        distributed.broadcast(values, 0)


def agree(answer: bool, world: World, device: torch.device) -> bool:
    """The first process's answer, on all of them."""
    shared = torch.tensor(answer, dtype=torch.uint8, device=device)
    share_out(shared, world)
    return bool(shared)


def wait_for_all(world: World, device: torch.device) -> None:
    """Return when all processes have come here."""
    add_up(torch.zeros(1, device=device), world)


def start_processes(script: Path, processes: int) -> None:
    """Run this very command in `processes` processes and wait for them.

    Each ends with this process (`end_with_launcher`), so kill -9 leaves none behind.

    Raises:
        SystemExit: status 2, where a process refused its input and has said why.
        Terminated: SIGTERM arrived here, and was passed on, or in a process.
        InputError: a process was killed or failed otherwise.
    """
    logging.getLogger("torch.distributed").setLevel(logging.CRITICAL)
    os.environ[LAUNCHER_VARIABLE] = str(os.getpid())
    config = LaunchConfig(
        min_nodes=1,
        max_nodes=1,
        nproc_per_node=processes,
        run_id=uuid.uuid4().hex,
        rdzv_backend="c10d",
        rdzv_endpoint="localhost:0",
        max_restarts=0,
        start_method="spawn",
        logs_specs=DefaultLogsSpecs(log_dir=os.devnull),
    )
    try:
        elastic_launch(config, sys.executable)(str(script), *sys.argv[1:])
    except SignalException as ended:
        raise Terminated if ended.sigval == signal.SIGTERM else KeyboardInterrupt from None
    except ChildFailedError as failed:
        codes = {failure.exitcode for failure in failed.failures.values()}
        if REFUSED in codes:
            sys.exit(REFUSED)
        if STATUS in codes:
            raise Terminated from None
        raise InputError(
            f"a training process ended with status {min(codes)} (below 0: killed by that signal); see what stands "
            "above, or give the job more memory; the last checkpoint is kept"
        ) from None
