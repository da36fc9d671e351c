"""GPU leases on fake devices: never shared, freed by kill -9, never half taken."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from streid import devices
from streid.errors import InputError
from streid.processes import World, process_share

HOLDER = """
import sys, time
sys.path.insert(0, {pipeline!r})
from streid.devices import lease_devices
print(",".join(lease_devices({count})), flush=True)
time.sleep(60)
"""


def hold(count: int, leases: Path, visible: str = "0,1") -> subprocess.Popen[str]:
    code = HOLDER.format(pipeline=str(Path(devices.__file__).parents[1]), count=count)
    environment = os.environ | {"CUDA_VISIBLE_DEVICES": visible, devices.LEASES_VARIABLE: str(leases)}
    environment.pop("SLURM_JOB_ID", None)
    return subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, env=environment)


def leased(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def test_jobs_never_share_a_device_and_kill_frees_it(tmp_path: Path) -> None:
    processes = [hold(1, tmp_path), hold(1, tmp_path)]
    try:
        assert sorted(leased(process) for process in processes) == ["0", "1"]
        waiting = hold(1, tmp_path)
        processes.append(waiting)
        time.sleep(1)
        assert waiting.poll() is None
        processes[0].send_signal(signal.SIGKILL)
        assert leased(waiting) in ("0", "1")
    finally:
        for process in processes:
            process.kill()
            process.communicate()


def test_two_jobs_of_two_devices_take_turns(tmp_path: Path) -> None:
    first = hold(2, tmp_path)
    assert leased(first) == "0,1"
    second = hold(2, tmp_path)
    first.kill()
    first.communicate()
    assert leased(second) == "0,1"
    second.kill()
    second.communicate()


def test_slurm_and_machines_without_gpus_lease_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(devices.LEASES_VARIABLE, str(tmp_path))
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3")
    monkeypatch.setenv("SLURM_JOB_ID", "17")
    assert devices.lease_devices(1) == ()
    assert os.environ["CUDA_VISIBLE_DEVICES"] == "3"
    monkeypatch.delenv("SLURM_JOB_ID")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert devices.lease_devices(1) == ()


def test_more_devices_than_there_are_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1")
    monkeypatch.delenv("SLURM_JOB_ID", raising=False)
    with pytest.raises(InputError, match="3 GPUs are needed, 2 are visible"):
        devices.lease_devices(3)


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


def test_auto_takes_every_gpu_that_slurm_granted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLURM_JOB_ID", "17")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1,3")
    assert devices.choose_devices("auto", None) == (None, World(rank=0, size=2))
    assert devices.choose_devices("cpu", None) == (torch.device("cpu"), World())


def test_a_process_of_torchrun_takes_its_own_device(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("RANK", "1"), ("LOCAL_RANK", "1"), ("WORLD_SIZE", "2")):
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1")
    monkeypatch.setattr(devices, "die_with_parent", lambda: None)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert devices.choose_devices("auto", 2) == (torch.device("cuda", 1), World(rank=1, size=2))
    assert devices.choose_devices("cpu", 2) == (torch.device("cpu"), World(rank=1, size=2))
    assert process_share(3) == 1
