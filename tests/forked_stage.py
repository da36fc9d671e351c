"""Stages and Snakemake in processes that find their libraries loaded: in most tests, loading is most of what they do.

Such a process is forked off a server that waits with the libraries, one for each pytest. All else is as in a process
of its own: script, command line, environment, exit status. Only the seed of Python's hashes is the same in all of them,
so tests of equal bytes compare with a fresh process.
"""

import atexit
import contextlib
import fcntl
import importlib
import json
import os
import runpy
import selectors
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp
from typing import IO

PRELOADED = [
    *("torch", "torch.distributed.launcher.api", "torch.optim.swa_utils", "torch.utils.tensorboard"),
    *("torchvision.models", "torchvision.transforms.v2.functional", "torch_geometric.nn", "numba"),
    *("pandas", "scipy.io", "scipy.ndimage", "scipy.sparse.csgraph", "sklearn.manifold", "sklearn.metrics"),
    *("h5py", "jinja2", "matplotlib.figure", "matplotlib.backends.backend_svg", "safetensors.torch", "tqdm"),
    *("pydantic", "snakemake.cli", "snakemake_executor_plugin_slurm"),
]
MESSAGE_BYTES = 1 << 20
MOST_STREAMS = 16
# Numbers of streams from here on are neither the server's nor asked for.
HIGH = 200
START_SECONDS = 300.0
# A `python` that hands the scripts of pipeline/ to the server, and anything else to Python itself.
CLIENT = """#!{python} -IS
import contextlib, json, os, signal, socket, sys
if not sys.argv[1:] or not sys.argv[1].startswith("pipeline/"):
    os.execv({python!r}, [{python!r}, *sys.argv[1:]])
server = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
server.connect({address!r})
streams = []
for stream in map(int, os.listdir("/proc/self/fd")):
    with contextlib.suppress(OSError):
        if os.get_inheritable(stream):
            streams.append(stream)
request = {{"words": sys.argv[1:], "cwd": os.getcwd(), "env": dict(os.environ), "places": streams}}
socket.send_fds(server, [json.dumps(request).encode()], streams)
process = int(server.recv(64))
for number in (signal.SIGTERM, signal.SIGINT):
    signal.signal(number, lambda sent, frame: os.kill(process, sent))
status = int(server.recv(64))
if status < 0:
    with contextlib.suppress(OSError):
        signal.signal(-status, signal.SIG_DFL)
    os.kill(os.getpid(), -status)
os._exit(status)
"""


class Forked:
    """A started process, used like subprocess.Popen; it ends with the one that started it.

    Args:
        command: a Python, then a script or `-m` and a module, and its arguments.
        stdout, stderr: open files for what it says.
        cwd, env: as those of subprocess.Popen.
    """

    def __init__(
        self,
        command: list[str],
        *,
        stdout: IO[str],
        stderr: IO[str],
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
    ) -> None:
        self.args = command
        self.returncode: int | None = None
        self._server = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._server.connect(str(server_folder() / "socket"))
        variables = dict(os.environ if env is None else env)
        words = [str(word) for word in command[1:]]
        request = {"words": words, "cwd": str(cwd or Path.cwd()), "env": variables, "places": [0, 1, 2]}
        with open(os.devnull) as nothing:  # noqa: PTH123
            streams = [stream.fileno() for stream in (nothing, stdout, stderr)]
            socket.send_fds(self._server, [json.dumps(request).encode()], streams)
        self.pid = int(self._server.recv(64))

    def wait(self, timeout: float | None = None) -> int:
        if self.returncode is None:
            self._server.settimeout(timeout)
            try:
                self.returncode = int(self._server.recv(64))
            except TimeoutError as error:
                raise subprocess.TimeoutExpired(self.args, timeout or 0) from error
            self._server.close()
        return self.returncode

    def poll(self) -> int | None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.wait(1e-6)
        return self.returncode

    def kill(self) -> None:
        if self.poll() is None:
            os.kill(self.pid, signal.SIGKILL)


def run_forked(
    command: list[str], *, timeout: float, cwd: Path | None = None, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Like subprocess.run of a command, with what it says as text."""
    with TemporaryDirectory() as folder:
        stdout, stderr = (Path(folder) / name for name in ("stdout", "stderr"))
        with stdout.open("w") as said, stderr.open("w") as warned:
            process = Forked(command, stdout=said, stderr=warned, cwd=cwd, env=env)
        try:
            status = process.wait(timeout)
        finally:
            process.kill()
        return subprocess.CompletedProcess(command, status, stdout.read_text(), stderr.read_text())


@cache
def server_folder() -> Path:
    """Start this process's server; its folder, with its socket and in bin/ a `python` that hands stages to it."""
    folder = Path(mkdtemp(prefix="streid-forked-"))
    (folder / "bin").mkdir()
    python = folder / "bin" / "python"
    python.write_text(CLIENT.format(python=sys.executable, address=str(folder / "socket")))
    python.chmod(0o755)
    # It ends when its standard input does, which this process holds.
    server = subprocess.Popen([sys.executable, __file__, folder], stdin=subprocess.PIPE, start_new_session=True)
    deadline = time.monotonic() + START_SECONDS
    while not (folder / "ready").exists():
        assert server.poll() is None and time.monotonic() < deadline, "the server of forked processes does not start"
        time.sleep(0.05)
    atexit.register(server.wait)
    atexit.register(lambda: server.stdin and server.stdin.close())
    return folder


class Server:
    """Forks a process for each connection, and tells it the process's number, then its exit status."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._listener.bind(str(folder / "socket"))
        self._listener.listen()
        self._asking: dict[int, socket.socket] = {}
        self._selector = selectors.DefaultSelector()
        self._ended, self._wake = socket.socketpair()
        self._wake.setblocking(False)
        self._ended.setblocking(False)
        signal.signal(signal.SIGCHLD, lambda number, frame: None)
        signal.set_wakeup_fd(self._wake.fileno())
        for source in (self._listener, self._ended, sys.stdin):
            self._selector.register(source, selectors.EVENT_READ)

    def serve(self) -> None:
        (self._folder / "ready").touch()
        while True:
            for key, _ in self._selector.select():
                if key.fileobj is sys.stdin:
                    for process in self._asking:
                        os.kill(process, signal.SIGKILL)
                    shutil.rmtree(self._folder, ignore_errors=True)
                    return
                if key.fileobj is self._listener:
                    self._start(self._listener.accept()[0])
                elif key.fileobj is self._ended:
                    self._ended.recv(4096)
                    self._tell_ends()
                else:
                    # Whoever asked is gone.
                    os.kill(key.data, signal.SIGKILL)
                    self._selector.unregister(key.fileobj)

    def _start(self, asking: socket.socket) -> None:
        message, streams, _, _ = socket.recv_fds(asking, MESSAGE_BYTES, MOST_STREAMS)
        process = os.fork()
        if process == 0:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            for other in (asking, self._listener, self._ended, self._wake, *self._asking.values()):
                other.close()
            _become(**json.loads(message), streams=streams)
        for stream in streams:
            os.close(stream)
        self._asking[process] = asking
        self._selector.register(asking, selectors.EVENT_READ, process)
        asking.send(str(process).encode())

    def _tell_ends(self) -> None:
        while self._asking:
            process, status = os.waitpid(-1, os.WNOHANG)
            if process == 0:
                return
            asking = self._asking.pop(process)
            with contextlib.suppress(KeyError):
                self._selector.unregister(asking)
            with contextlib.suppress(OSError):
                asking.send(str(os.waitstatus_to_exitcode(status)).encode())
            asking.close()


def _become(words: list[str], cwd: str, env: Mapping[str, str], places: list[int], streams: list[int]) -> None:
    """Be the process that was asked for, to its end, with these streams in their places."""
    moved = [fcntl.fcntl(stream, fcntl.F_DUPFD_CLOEXEC, HIGH) for stream in streams]
    for stream in streams:
        os.close(stream)
    for place, stream in zip(places, moved, strict=True):
        os.dup2(stream, place)
        os.close(stream)
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(env)
    sys.stdin, sys.stdout, sys.stderr = (open(n, "w" if n else "r", buffering=1, closefd=False) for n in range(3))  # noqa: SIM115
    status: object = 1
    try:
        _run(words)
        status = 0
    except SystemExit as ended:
        status = ended.code or 0
    except BaseException:
        traceback.print_exc()
    if isinstance(status, str):
        print(status, file=sys.stderr)
    try:
        threading._shutdown()  # type: ignore[attr-defined]  # waits for threads, as Python does at its end
        atexit._run_exitfuncs()
        sys.stdout.flush()
    finally:
        # Python runs no handler of a signal that arrives now.
        os._exit(status if isinstance(status, int) else 1)


def _run(words: list[str]) -> None:
    own = [folder for folder in os.environ.get("PYTHONPATH", "").split(os.pathsep) if folder]
    sys.path[:1] = own  # in place of this file's folder
    if any(Path(folder, "sitecustomize.py").is_file() for folder in own):
        sys.modules.pop("sitecustomize", None)
        importlib.import_module("sitecustomize")
    if words[0] == "-m":
        sys.argv = words[1:]
        sys.path.insert(0, str(Path.cwd()))
        runpy.run_module(words[1], run_name="__main__", alter_sys=True)
    else:
        sys.argv = words
        _set_numba_threads(words)
        sys.path.insert(0, str(Path(words[0]).resolve().parent))
        runpy.run_path(words[0], run_name="__main__")


def _set_numba_threads(words: list[str]) -> None:
    """Let numba, loaded already, know the threads that a stage will set: it reads the variable again too late.

    A kernel from the cache starts the threads before another one that has to be compiled reads it.
    """
    given = words[words.index("--threads") + 1 :][:1] if "--threads" in words else []
    if given and given[0].isdecimal() and int(given[0]):
        from numba.core import config

        os.environ["NUMBA_NUM_THREADS"] = given[0]
        config.reload_config()


if __name__ == "__main__":
    for library in PRELOADED:
        importlib.import_module(library)
    Server(Path(sys.argv[1])).serve()
