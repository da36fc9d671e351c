"""What the command lines of all stage scripts share: logging, threads, devices, exit status."""

import argparse
import logging
import os
import shlex
import sys
import threading
from collections.abc import Callable
from typing import NoReturn

from streid.stage.freed_memory import keep_freed_memory
from streid.stage.processes import is_worker
from streid.stage.refusals import explain
from streid.stage.termination import STATUS, STOPPED, Terminated, terminable

logger = logging.getLogger(__name__)

THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")
# OpenMP's threads (torch's, scikit-learn's, numba's) sleep while they wait for work. By default they spin, and take the
# cores from other jobs and from the threads they wait for. OpenBLAS's threads yield their core while they wait.
WAITING_POLICY = ("OMP_WAIT_POLICY", "PASSIVE")
COMMAND_MARK = "command: "


def positive_int(text: str) -> int:
    """An integer of at least 1, as an argparse type."""
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a positive integer")
    return value


def non_negative_int(text: str) -> int:
    """An integer of at least 0, as an argparse type."""
    value = int(text)
    if value < 0:
        raise argparse.ArgumentTypeError(f"{text} is negative")
    return value


def positive_float(text: str) -> float:
    """A finite number above 0, as an argparse type."""
    value = float(text)
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is not a positive number")
    return value


def add_compute_arguments(parser: argparse.ArgumentParser, *, device: bool = True) -> None:
    """Add `--threads` and, where a stage can use a GPU, `--device auto|cpu|cuda`."""
    if device:
        parser.add_argument(
            "--device",
            choices=("auto", "cpu", "cuda"),
            default="auto",
            help="where to compute; auto uses a GPU if there is one (default: %(default)s)",
        )
    parser.add_argument(
        "--threads",
        type=positive_int,
        default=os.cpu_count() or 1,
        help="CPU threads to use (default: all of this machine's, %(default)s)",
    )


def set_threads(threads: int, *, keep_memory: bool = False) -> None:
    """Limit all numerical libraries to `threads`; waiting threads sleep unless the environment sets it otherwise.

    Call it before numpy, numba or torch is imported. Processes started from this one inherit both.

    Args:
        keep_memory: see `keep_freed_memory`; for jobs that compute with a network.
    """
    if keep_memory:
        keep_freed_memory()
    for name in THREAD_VARIABLES:
        os.environ[name] = str(threads)
    os.environ.setdefault(*WAITING_POLICY)


def run_stage(main: Callable[[], None]) -> NoReturn:
    """Run a stage script's `main`, and exit with the right status.

    A log (output that does not go to a terminal) starts with the command line, so that the stage can be repeated.

    Exit status: 0 when it returns; 2 after one line on standard error for an `InputError`, a full disk, missing
    permission or too little memory; 130 on Ctrl-C; 143 and a line on SIGTERM. Any other exception is a defect of streid
    and is shown with its traceback.
    """
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    logging.captureWarnings(True)
    threading.excepthook = _report_thread_failure
    if not sys.stderr.isatty() and not is_worker():
        logger.info("%s%s", COMMAND_MARK, shlex.join(["python", *sys.argv]))
    try:
        with terminable():
            main()
    except KeyboardInterrupt:
        sys.exit(130)
    except Terminated:
        if not is_worker():
            print(STOPPED, file=sys.stderr)
        sys.exit(STATUS)
    except Exception as error:
        said = explain(error)
        if not said:
            raise
        sys.exit(_refuse(said))
    sys.exit(0)


def _report_thread_failure(failed: threading.ExceptHookArgs) -> None:
    """Ignore system errors in threads: the stage itself notices the full disk that TensorBoard's thread fails at."""
    if not isinstance(failed.exc_value, OSError):
        threading.__excepthook__(failed)


def _refuse(message: str) -> int:
    line = " ".join(message.split())
    # Control characters in a file's name must not reach the terminal.
    shown = "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in line)
    print(f"error: {shown}", file=sys.stderr)
    return 2
