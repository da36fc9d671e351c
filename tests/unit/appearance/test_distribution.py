"""Processes that train together: sums, shared values, an agreed answer, and how their launcher ends."""

import signal
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
import torch
from torch import distributed, multiprocessing
from torch.distributed.elastic.multiprocessing.api import SignalException
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError, ProcessFailure

from streid.appearance import distribution
from streid.appearance.distribution import add_up, agree, share_out, start_processes
from streid.errors import InputError
from streid.stage.processes import World
from streid.stage.termination import STATUS, Terminated

CPU = torch.device("cpu")


def test_one_process_keeps_its_own() -> None:
    values = torch.tensor([1.0, 2.0])
    add_up(values, World())
    share_out(values, World())
    assert values.tolist() == [1.0, 2.0]
    assert [agree(answer, World(), CPU) for answer in (True, False)] == [True, False]


def work(rank: int, place: str, found: "multiprocessing.Queue[tuple[int, object]]") -> None:
    distributed.init_process_group(
        "gloo", init_method=f"file://{place}", rank=rank, world_size=2, timeout=timedelta(seconds=60)
    )
    world = World(rank, 2)
    summed, shared = torch.tensor([1.0 + rank, 10.0]), torch.tensor([5.0 + rank])
    add_up(summed, world)
    share_out(shared, world)
    found.put((rank, (summed.tolist(), shared.tolist(), agree(rank == 0, world, CPU), agree(rank == 1, world, CPU))))
    distributed.destroy_process_group()


def test_two_processes_add_up_share_and_agree(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    found = context.Queue()
    processes = [context.Process(target=work, args=(rank, str(tmp_path / "store"), found)) for rank in (0, 1)]
    for process in processes:
        process.start()
    answers = dict(found.get(timeout=60) for _ in processes)
    for process in processes:
        process.join(60)
    assert answers[0] == answers[1] == ([3.0, 20.0], [5.0], True, False)


def failed(*codes: int) -> ChildFailedError:
    return ChildFailedError("x", {rank: ProcessFailure(rank, 1, code, "") for rank, code in enumerate(codes)})


@pytest.mark.parametrize(
    ("error", "raised", "message"),
    [
        (SignalException("x", signal.SIGTERM), Terminated, None),
        (SignalException("x", signal.SIGINT), KeyboardInterrupt, None),
        (failed(STATUS, -15), Terminated, None),
        (failed(2), SystemExit, "2"),
        (failed(-9), InputError, r"a training process ended with status -9 .*; the last checkpoint is kept"),
    ],
)
def test_the_launcher_ends_as_its_processes_did(
    monkeypatch: pytest.MonkeyPatch, error: Exception, raised: type[BaseException], message: str | None
) -> None:
    def launch(*_: object) -> Callable[..., None]:
        def start(*_: object) -> None:
            raise error

        return start

    monkeypatch.setattr(distribution, "elastic_launch", launch)
    monkeypatch.setattr(sys, "argv", ["train_appearance.py"])
    monkeypatch.setenv(distribution.LAUNCHER_VARIABLE, "")
    with pytest.raises(raised, match=message):
        start_processes(Path("train_appearance.py"), 2)
