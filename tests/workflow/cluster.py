"""A real SLURM cluster of one node, on loopback, for the time of a test session.

Its GPUs are made-up character devices: SLURM hands them out and sets CUDA_VISIBLE_DEVICES, nothing computes on
them. Partitions `gpu` and `cpu`; no accounting, so `sacct` fails as on clusters without it.
"""

import contextlib
import fcntl
import os
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

PACKAGES = "slurmctld slurmd slurm-client slurm-wlm-basic-plugins munge"
DAEMONS = {"munged": "/usr/sbin/munged", "slurmctld": "/usr/sbin/slurmctld", "slurmd": "/usr/sbin/slurmd"}
COMMANDS = ("sbatch", "squeue", "sacct", "scancel", "scontrol", "sinfo", "srun")
# The submit plugin drops SLURM_CONF from a job's environment, so the file must lie where SLURM looks by itself.
SYSTEM_CONFIGURATION = Path("/etc/slurm/slurm.conf")
GPUS, CPUS, MEMORY_MB = 2, 32, 120_000
START_SECONDS = 60.0

CONFIGURATION = """\
ClusterName=streid-test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller_port}
SlurmdPort={node_port}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
CredType=cred/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/pgid
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MpiDefault=none
SwitchType=switch/none
ReturnToService=2
SchedulerType=sched/backfill
SchedulerParameters=batch_sched_delay=0,sched_interval=1,bf_interval=1
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SlurmdParameters=config_overrides
GresTypes=gpu
MinJobAge=300
KillWait=5
NodeName={host} NodeAddr=127.0.0.1 CPUs={cpus} Boards=1 SocketsPerBoard=1 CoresPerSocket={cpus} ThreadsPerCore=1 \
RealMemory={memory} Gres=gpu:{gpus} State=UNKNOWN
PartitionName=gpu Nodes={host} Default=NO MaxTime=INFINITE State=UP
PartitionName=cpu Nodes={host} Default=NO MaxTime=INFINITE State=UP
"""


def missing() -> str | None:
    """What keeps this machine from starting the cluster, and what to do about it; None when nothing does."""
    programs = [*DAEMONS.values(), *COMMANDS]
    absent = [program for program in programs if shutil.which(program) is None]
    if absent:
        return f"no {', '.join(Path(program).name for program in absent)}; on Debian: apt-get install {PACKAGES}"
    if os.getuid() != 0:
        return "starting SLURM's daemons and making device files needs root"
    if SYSTEM_CONFIGURATION.exists() and not _is_ours(SYSTEM_CONFIGURATION):
        return f"{SYSTEM_CONFIGURATION} exists: this machine belongs to a cluster, which the tests leave alone"
    return None


def wait_until(ready: Callable[[], object], *, seconds: float, what: str) -> None:
    """Poll `ready` until it gives something true.

    Raises:
        TimeoutError: it does not within `seconds`; the message is `what`.
    """
    deadline = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > deadline:
            raise TimeoutError(what)
        time.sleep(0.1)


@contextlib.contextmanager
def one_node_slurm() -> Iterator[Path]:
    """Start the cluster and stop it afterwards; yields its folder, with the daemons' logs and the devices.

    Another test session on this machine that has one running is waited for.
    """
    with (
        Path(tempfile.gettempdir(), "streid-test-slurm.lock").open("w") as turn,
        # munge wants a folder whose parents only root can write to, or that are sticky; pytest's are long besides.
        tempfile.TemporaryDirectory(prefix="streid-test-slurm-") as name,
    ):
        fcntl.flock(turn, fcntl.LOCK_EX)
        folder = Path(name)
        folder.chmod(0o755)
        _configure(folder)
        try:
            _start(folder)
            yield folder
        finally:
            _stop(folder)
            SYSTEM_CONFIGURATION.unlink(missing_ok=True)


def _is_ours(path: Path) -> bool:
    return path.is_symlink() and path.readlink().parent.name.startswith("streid-test-slurm-")


def _configure(folder: Path) -> None:
    for name in ("state", "spool", "dev"):
        (folder / name).mkdir()
    (folder / "munge.key").write_bytes(os.urandom(128))
    (folder / "munge.key").chmod(0o400)
    for index in range(GPUS):
        # /dev/null's number: any character device does.
        os.mknod(folder / "dev" / f"gpu{index}", 0o666 | stat.S_IFCHR, os.makedev(1, 3))
    host = socket.gethostname().split(".")[0]
    controller_port, node_port = _free_ports()
    (folder / "slurm.conf").write_text(
        CONFIGURATION.format(
            host=host,
            folder=folder,
            controller_port=controller_port,
            node_port=node_port,
            cpus=CPUS,
            memory=MEMORY_MB,
            gpus=GPUS,
        )
    )
    (folder / "gres.conf").write_text(f"NodeName={host} Name=gpu File={folder}/dev/gpu[0-{GPUS - 1}]\n")
    (folder / "cgroup.conf").write_text("CgroupAutomount=no\n")
    SYSTEM_CONFIGURATION.parent.mkdir(exist_ok=True)
    SYSTEM_CONFIGURATION.unlink(missing_ok=True)
    SYSTEM_CONFIGURATION.symlink_to(folder / "slurm.conf")


def _free_ports() -> tuple[int, int]:
    with socket.socket() as first, socket.socket() as second:
        for one in (first, second):
            one.bind(("127.0.0.1", 0))
        return first.getsockname()[1], second.getsockname()[1]


def _start(folder: Path) -> None:
    munge = {name: f"--{name}={folder}/munge" for name in ("socket", "key-file", "pid-file", "log-file", "seed-file")}
    commands = [
        [
            DAEMONS["munged"],
            *("--force", "--num-threads=1", f"{munge['socket']}.socket", f"{munge['key-file']}.key"),
            *(f"{munge['pid-file']}d.pid", f"{munge['log-file']}d.log", f"{munge['seed-file']}d.seed"),
        ],
        [DAEMONS["slurmctld"], "-c", "-f", str(folder / "slurm.conf")],
        [DAEMONS["slurmd"], "-f", str(folder / "slurm.conf")],
    ]
    try:
        for command in commands:
            subprocess.run(command, check=True, timeout=START_SECONDS, capture_output=True, text=True)
        wait_until(lambda: "idle" in _output("sinfo", "-h", "-o", "%T"), seconds=START_SECONDS, what="no idle node")
    except (TimeoutError, subprocess.SubprocessError) as error:
        said = getattr(error, "stderr", None) or ""
        logs = [said, *(path.read_text(errors="replace")[-2000:] for path in sorted(folder.glob("*.log")))]
        raise RuntimeError("\n".join([f"SLURM did not start: {error}", *logs])) from error


def _output(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=START_SECONDS).stdout


def _stop(folder: Path) -> None:
    with contextlib.suppress(subprocess.TimeoutExpired):
        _output("scancel", "--full", "--user=root")
        _output("scontrol", "shutdown")
    for daemon in ("slurmd", "slurmctld", "munged"):
        _end(folder / f"{daemon}.pid", daemon)


def _end(pid_file: Path, daemon: str) -> None:
    """End the daemon whose number stands in the file, if it is still that daemon."""
    try:
        pid = int(pid_file.read_text())
    except (OSError, ValueError):
        return

    def ended() -> bool:
        try:
            return Path(f"/proc/{pid}/comm").read_text().strip() != daemon
        except OSError:
            return True

    for sent in (signal.SIGTERM, signal.SIGKILL):
        if ended():
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, sent)
        with contextlib.suppress(TimeoutError):
            wait_until(ended, seconds=10, what=f"{daemon} does not end")
