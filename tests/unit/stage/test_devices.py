"""GPU leases on fake devices: never shared, freed by kill -9, never half taken."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from streid.errors import InputError
from streid.stage import devices
from streid.stage.processes import World, process_share

pytestmark = pytest.mark.slow

HOLDER = """
import logging, os, random, sys, time
sys.path.insert(0, {pipeline!r})
from streid.stage.devices import lease_devices
logging.basicConfig(level=logging.INFO, stream=sys.stdout, format="%(message)s")
taken = lease_devices({count})
{then}
"""
STAY = "time.sleep(60)"
# A file per device says that it is in use; making it fails when another process has.
USE = """
for device in taken:
    os.close(os.open(os.path.join({folder!r}, device), os.O_CREAT | os.O_EXCL))
time.sleep(random.uniform(0, 0.3))
for device in taken:
    os.unlink(os.path.join({folder!r}, device))
"""


@contextlib.contextmanager
def job(
    count: int, leases: Path, *, visible: str = "0,1", then: str = STAY, slurm: str = ""
) -> Iterator[subprocess.Popen[str]]:
    """A process that leases devices, says so, and does something with them."""
    code = HOLDER.format(pipeline=str(Path(devices.__file__).parents[2]), count=count, then=then)
    environment = os.environ | {"CUDA_VISIBLE_DEVICES": visible, devices.LEASES_VARIABLE: str(leases)}
    environment.pop("SLURM_JOB_ID", None)
    if slurm:
        environment["SLURM_JOB_ID"] = slurm
    command = [sys.executable, "-u", "-c", code]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        try:
            yield process
        finally:
            process.kill()


def said(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def test_jobs_never_share_a_device_and_kill_frees_it(tmp_path: Path) -> None:
    with job(1, tmp_path) as first, job(1, tmp_path) as second:
        assert sorted(said(process) for process in (first, second)) == ["using GPU 0", "using GPU 1"]
        with job(1, tmp_path) as waiting:
            assert said(waiting).startswith("waiting for 1 of the GPUs 0,1: 0 is held by process ")
            time.sleep(1)
            assert waiting.poll() is None
            first.send_signal(signal.SIGKILL)
            killed = time.monotonic()
            assert said(waiting) in ("using GPU 0", "using GPU 1")
            assert time.monotonic() - killed < 30


def test_a_waiting_job_names_every_holder(tmp_path: Path) -> None:
    here = os.uname().nodename
    with job(1, tmp_path) as first, job(1, tmp_path) as second:
        holders = {said(process).removeprefix("using GPU "): process.pid for process in (first, second)}
        with job(2, tmp_path) as waiting:
            assert said(waiting) == (
                f"waiting for 2 of the GPUs 0,1: 0 is held by process {holders['0']} on {here} (-c); "
                f"1 is held by process {holders['1']} on {here} (-c)"
            )
            first.kill()
            # The one that is left is named anew.
            assert said(waiting).endswith(f"is held by process {second.pid} on {here} (-c)")
            second.kill()
            assert said(waiting) == "using GPU 0,1"


def test_two_jobs_of_two_devices_take_turns(tmp_path: Path) -> None:
    with job(2, tmp_path) as first:
        assert said(first) == "using GPU 0,1"
        with job(2, tmp_path) as second:
            assert said(second).startswith("waiting for 2 of the GPUs 0,1: 0 is held by ")
            first.kill()
            assert said(second) == "using GPU 0,1"


def test_jobs_of_one_and_of_several_devices_all_end(tmp_path: Path) -> None:
    """Twelve jobs at once over four devices: no two on one, none waits for ever."""
    used = tmp_path / "used"
    used.mkdir()
    with contextlib.ExitStack() as stack:
        jobs = [
            stack.enter_context(job(count, tmp_path / "leases", visible="0,1,2,3", then=USE.format(folder=str(used))))
            for count in (1, 2, 3, 4) * 3
        ]
        assert [process.wait(timeout=120) for process in jobs] == [0] * len(jobs)


def test_what_a_job_forks_does_not_keep_its_devices(tmp_path: Path) -> None:
    fork = "child = os.fork()\nprint(child, flush=True) if child else None\ntime.sleep(60)"
    with job(1, tmp_path, visible="0", then=fork) as first:
        assert said(first) == "using GPU 0"
        child = int(said(first))
        try:
            first.kill()
            first.wait()
            with job(1, tmp_path, visible="0") as second:
                assert said(second) == "using GPU 0"
            os.kill(child, 0)  # it does live on
        finally:
            os.kill(child, signal.SIGKILL)


def test_a_lease_is_held_through_exec(tmp_path: Path) -> None:
    replace = "print('replaced', flush=True); os.execvp('sleep', ['sleep', '60'])"
    with job(1, tmp_path, visible="0", then=replace) as first:
        assert [said(first), said(first)] == ["using GPU 0", "replaced"]
        with job(1, tmp_path, visible="0") as second:
            assert said(second).startswith("waiting for 1 of the GPUs 0: 0 is held by process ")


def test_what_slurm_gave_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    monkeypatch.setenv(devices.LEASES_VARIABLE, str(tmp_path))
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3")
    monkeypatch.setenv("SLURM_JOB_ID", "17")
    assert devices.lease_devices(1) == ("3",)
    assert os.environ["CUDA_VISIBLE_DEVICES"] == "3"
    assert caplog.messages == ["using GPU 3, as SLURM gave it"]
    with pytest.raises(InputError, match="2 GPUs are needed, 1 are visible"):
        devices.lease_devices(2)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES")
    assert devices.lease_devices(1) == ()


def test_jobs_within_one_slurm_allocation_share_it_out(tmp_path: Path) -> None:
    with job(1, tmp_path, slurm="17") as first, job(1, tmp_path, slurm="17") as second:
        assert sorted(said(process) for process in (first, second)) == ["using GPU 0", "using GPU 1"]
        # Another allocation's device 0 is another device.
        with job(1, tmp_path, slurm="18") as third:
            assert said(third) == "using GPU 0"


def test_what_ended_slurm_jobs_left_is_removed(tmp_path: Path) -> None:
    with job(1, tmp_path, slurm="17") as first:
        said(first)
    with job(1, tmp_path, slurm="18") as held, job(1, tmp_path, slurm="19") as last:
        assert said(held) == said(last) == "using GPU 0"
        assert sorted(path.name for path in tmp_path.glob("slurm-*")) == ["slurm-18-0.lock", "slurm-19-0.lock"]
    with job(1, tmp_path) as outside:
        said(outside)
        assert sorted(path.name for path in tmp_path.iterdir()) == [".looking.lock", "0.lock"]


def test_an_allocation_with_one_device_is_used_in_turns(tmp_path: Path) -> None:
    with job(1, tmp_path, visible="0", slurm="17") as first:
        assert said(first) == "using GPU 0, as SLURM gave it"
        with job(1, tmp_path, visible="0", slurm="17") as second:
            assert said(second).startswith("waiting for 1 of the GPUs 0: 0 is held by process ")
            first.kill()
            assert said(second) == "using GPU 0, as SLURM gave it"


@pytest.mark.parametrize(
    ("given", "seen"),
    [("-1", ()), ("NoDevFiles", ()), ("", ()), ("0,-1,1", ("0",)), (" 1, 0,", ("1", "0")), ("MIG-a,2", ("MIG-a", "2"))],
)
def test_the_list_of_devices_ends_where_cuda_ends_it(
    monkeypatch: pytest.MonkeyPatch, given: str, seen: tuple[str, ...]
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", given)
    assert devices.visible_devices() == seen
    if not seen:
        assert devices.lease_devices(1) == ()


def test_machines_without_gpus_lease_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(devices.LEASES_VARIABLE, str(tmp_path))
    monkeypatch.delenv("SLURM_JOB_ID", raising=False)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert devices.lease_devices(1) == ()
    assert list(tmp_path.iterdir()) == []


def test_more_devices_than_there_are_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1")
    monkeypatch.delenv("SLURM_JOB_ID", raising=False)
    with pytest.raises(InputError, match="3 GPUs are needed, 2 are visible"):
        devices.lease_devices(3)


def test_a_leases_folder_of_somebody_else_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(devices.LEASES_VARIABLE, raising=False)
    monkeypatch.delenv("SLURM_JOB_ID", raising=False)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    monkeypatch.setattr(devices, "DEFAULT_LEASES", tmp_path / "leases")
    (tmp_path / "leases").symlink_to(tmp_path)
    with pytest.raises(InputError, match=f"{devices.LEASES_VARIABLE} to a directory of your own"):
        devices.lease_devices(1)


def test_choose_device(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert devices.choose_device("cpu") == torch.device("cpu")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert devices.choose_device("auto") == torch.device("cpu")
    with pytest.raises(InputError, match="no usable GPU"):
        devices.choose_device("cuda")


def test_several_processes_lease_a_device_each(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(devices.LEASES_VARIABLE, str(tmp_path))
    monkeypatch.delenv("SLURM_JOB_ID", raising=False)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1,2")
    assert devices.choose_devices("auto", 2) == (None, World(rank=0, size=2))
    assert os.environ["CUDA_VISIBLE_DEVICES"] == "0,1"
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert devices.choose_devices("cpu", 2) == (None, World(rank=0, size=2))
    with pytest.raises(InputError, match="no usable GPU"):
        devices.choose_devices("cuda", 2)


def test_auto_takes_every_gpu_that_slurm_granted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(devices.LEASES_VARIABLE, str(tmp_path))
    monkeypatch.setenv("SLURM_JOB_ID", "17")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1,3")
    assert devices.choose_devices("auto", None) == (None, World(rank=0, size=2))
    assert devices.choose_devices("cpu", None) == (torch.device("cpu"), World())
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES")
    monkeypatch.setattr(devices, "visible_devices", lambda: ("0", "1"))
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert devices.choose_devices("auto", None) == (torch.device("cpu"), World())


def test_a_process_of_torchrun_takes_its_own_device(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("RANK", "1"), ("LOCAL_RANK", "1"), ("WORLD_SIZE", "2")):
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert devices.choose_devices("auto", 2) == (torch.device("cuda", 1), World(rank=1, size=2))
    assert devices.choose_devices("cpu", 2) == (torch.device("cpu"), World(rank=1, size=2))
    assert process_share(3) == 1


def test_a_second_lease_is_the_first_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It would wait for the process that holds the device: this one."""
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1,2")
    monkeypatch.setenv(devices.LEASES_VARIABLE, str(tmp_path))
    monkeypatch.delenv("SLURM_JOB_ID", raising=False)
    assert devices.lease_devices(2) == devices.lease_devices(2) == ("0", "1")
    assert devices.lease_devices(1) == ("0",)
    with pytest.raises(InputError, match="3 GPUs are needed, 1 are visible"):
        devices.lease_devices(3)


def test_a_process_takes_the_devices_of_the_one_that_started_it(tmp_path: Path) -> None:
    code = HOLDER.format(pipeline=str(Path(devices.__file__).parents[2]), count=1, then="print(taken)")
    start = f"import subprocess; subprocess.run([sys.executable, '-u', '-c', {code!r}])"
    with job(1, tmp_path, visible="0", then=f"{start}; {STAY}") as first:
        assert [said(first) for _ in range(3)] == ["using GPU 0", "using GPU 0", "('0',)"]
        with job(1, tmp_path, visible="0") as second:
            assert said(second).startswith(f"waiting for 1 of the GPUs 0: 0 is held by process {first.pid} on ")
