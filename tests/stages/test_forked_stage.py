"""Forked processes end, speak and die as those that Python starts."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from forked_stage import Forked, run_forked, server_folder

ENDS = {
    "print('said', *sys.argv[1:], os.environ['WORD'], os.getcwd())": 0,
    "sys.exit(3)": 3,
    "sys.exit('error: no')": 1,
    "import atexit; atexit.register(print, 'at the end')": 0,
    "import no_such_module": 1,
    "os.kill(os.getpid(), signal.SIGTERM)": -signal.SIGTERM,
    "sys.stdout.write(open('/dev/fd/9').read())": 0,
}


@pytest.fixture
def script(tmp_path: Path) -> Path:
    (tmp_path / "pipeline").mkdir()
    return tmp_path / "pipeline" / "stage.py"


@pytest.mark.parametrize(("code", "status"), ENDS.items())
def test_a_forked_process_ends_and_speaks_as_a_fresh_one(code: str, status: int, script: Path) -> None:
    script.write_text(f"import os, signal, sys\n{code}\n")
    folder, environment = script.parents[1], os.environ | {"WORD": "ü"}
    asked = ["pipeline/stage.py", "a b"]
    found = []
    for python in (sys.executable, str(server_folder() / "bin" / "python")):
        command = ["bash", "-c", 'exec "$0" "$@" 9< <(echo given)', python, *asked]
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
        found.append((done.returncode, done.stdout, done.stderr.splitlines()[-1:]))
    if "/dev/fd" not in code:
        done = run_forked([sys.executable, *asked], cwd=folder, env=environment, timeout=60)
        found.append((done.returncode, done.stdout, done.stderr.splitlines()[-1:]))
    assert found[0][0] == status
    assert set(map(str, found)) == {str(found[0])}


def test_a_forked_process_ends_with_the_one_that_stands_for_it(script: Path) -> None:
    script.write_text("import os, time\nprint(os.getpid(), flush=True)\ntime.sleep(600)\n")
    command = [server_folder() / "bin" / "python", "pipeline/stage.py"]
    with subprocess.Popen(command, cwd=script.parents[1], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        number = int(process.stdout.readline())
        assert number != process.pid
        process.kill()
    deadline = time.monotonic() + 60
    while Path(f"/proc/{number}").exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_forked_process_can_be_waited_for_and_killed(script: Path) -> None:
    script.write_text("import time\ntime.sleep(600)\n")
    with script.with_suffix(".txt").open("w") as said:
        process = Forked([sys.executable, str(script)], stdout=said, stderr=said)
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(0.1)
    assert process.poll() is None
    process.kill()
    assert process.wait(60) == process.poll() == -signal.SIGKILL
