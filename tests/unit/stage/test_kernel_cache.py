"""Compiled functions where their cache cannot be written."""

import logging
import os
import subprocess
import sys
from pathlib import Path

import numba
import pytest

from streid.stage import kernel_cache
from streid.stage.kernel_cache import compiled_once

PIPELINE = Path(kernel_cache.__file__).resolve().parents[2]
USE = """
import logging
logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
from doubling import double, quadruple
print(double(4), quadruple(4))
"""
MODULE = """
from streid.stage.kernel_cache import compiled_once

@compiled_once()
def double(x):
    return 2 * x

@compiled_once(error_model="numpy")
def quadruple(x):
    return double(double(x))
"""


def refusing_njit(message: str) -> object:
    def njit(*, cache: bool = False, **options: object) -> object:
        if cache:
            raise RuntimeError(message)
        return lambda function: function

    return njit


def test_functions_go_on_without_a_cache_and_say_so_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(numba, "njit", refusing_njit("cannot cache function 'f': no locator available for file 'f.py'"))
    kernel_cache._warn_of_missing_cache.cache_clear()
    with caplog.at_level(logging.WARNING):
        assert [compiled_once()(abs)(-3), compiled_once(nogil=True)(abs)(-4)] == [3, 4]
    assert [record.message.split(";")[1] for record in caplog.records] == [" set NUMBA_CACHE_DIR to a writable folder"]


def test_other_errors_of_compiling_are_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(numba, "njit", refusing_njit("something else"))
    with pytest.raises(RuntimeError, match="something else"):
        compiled_once()(abs)


def test_numbas_own_functions_run_where_no_folder_can_be_written(tmp_path: Path) -> None:
    (tmp_path / "doubling.py").write_text(MODULE)
    no_folder = {
        "NUMBA_CACHE_LOCATOR_CLASSES": "UserProvidedCacheLocator",
        "NUMBA_CACHE_DIR": str(tmp_path / "doubling.py" / "cache"),
        "PYTHONPATH": os.pathsep.join((str(PIPELINE), str(tmp_path))),
    }
    done = subprocess.run(
        [sys.executable, "-c", USE], env={**os.environ, **no_folder}, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, "8 16\n"), done.stderr
    (line,) = done.stderr.splitlines()
    assert line.startswith("WARNING neither the code's folder nor a home folder is writable")
