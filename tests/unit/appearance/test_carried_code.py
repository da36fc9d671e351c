"""Files that carry code: opened nowhere, and what stands in them is never run."""

import hashlib
import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from streid.appearance.baseline import Baseline
from streid.appearance.checkpoints import load_checkpoint
from streid.appearance.models import load_model
from streid.appearance.start_weights import load_start_weights
from streid.errors import InputError


class Payload:
    """Makes a file when it is unpickled."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return open, (str(self.trace), "w")  # type: ignore[return-value]


def pickled(path: Path, payload: Payload) -> None:
    path.write_bytes(pickle.dumps({"conv1.weight": payload}))


def torch_zip(path: Path, payload: Payload) -> None:
    torch.save({"conv1.weight": payload}, path)


def torch_legacy(path: Path, payload: Payload) -> None:
    torch.save({"conv1.weight": payload}, path, _use_new_zipfile_serialization=False)


def numpy_objects(path: Path, payload: Payload) -> None:
    with path.open("wb") as handle:
        np.save(handle, np.array([payload], object), allow_pickle=True)


WRITERS = (pickled, torch_zip, torch_legacy, numpy_objects)


@pytest.mark.parametrize("write", WRITERS)
@pytest.mark.parametrize("suffix", [".pth", ".pt", ".safetensors", ""])
def test_start_weights_and_models_with_code_are_refused_and_not_run(
    tmp_path: Path, write: Callable[[Path, Payload], None], suffix: str
) -> None:
    trace, path = tmp_path / "ran", tmp_path / f"weights{suffix}"
    write(path, Payload(trace))
    for read in (lambda: load_start_weights(Baseline("resnet18", 2), str(path)), lambda: load_model(path)):
        with pytest.raises(InputError, match="not a readable weights file|damaged model") as refused:
            read()
        assert "\n" not in str(refused.value)
    assert not trace.exists()
    if write is not numpy_objects:
        with path.open("rb") as handle:
            torch.load(handle, weights_only=False) if write is not pickled else pickle.load(handle)
        assert trace.exists(), "the file would have run"


@pytest.mark.parametrize("write", WRITERS)
def test_a_checkpoint_with_code_is_not_resumed_from(tmp_path: Path, write: Callable[[Path, Payload], None]) -> None:
    """Not even with the right SHA-256 behind it."""
    path = tmp_path / "checkpoint.pt"
    write(path, Payload(tmp_path / "ran"))
    content = path.read_bytes()
    path.write_bytes(content + hashlib.sha256(content).digest())
    assert load_checkpoint(path, "fingerprint") is None
    assert not (tmp_path / "ran").exists()


CONFIG = {"architecture": "pcb", "backbone": "resnet18", "identities": 3, "height": 64, "width": 32, "frames": 1}


@pytest.mark.parametrize(
    "header",
    [
        (2**60).to_bytes(8, "little") + b"{}",
        (100).to_bytes(8, "little") + b"{}",
        (2).to_bytes(8, "little") + b"[]",
        (70).to_bytes(8, "little") + b'{"a": {"dtype": "F32", "shape": [1000000], "data_offsets": [0, 4000000]}}',
        b"",
        b"\0" * 8,
    ],
)
def test_safetensors_with_a_wrong_header_are_refused(tmp_path: Path, header: bytes) -> None:
    (tmp_path / "m.safetensors").write_bytes(header)
    with pytest.raises(InputError, match="damaged model"):
        load_model(tmp_path / "m.safetensors")
    with pytest.raises(InputError, match="not a readable weights file"):
        load_start_weights(Baseline("resnet18", 2), str(tmp_path / "m.safetensors"))


@pytest.mark.parametrize(
    "change",
    [
        {"identities": "3"},
        {"identities": 3.0},
        {"identities": True},
        {"identities": 10**15},
        {"height": 0},
        {"width": 10**9},
        {"frames": -1},
        {"architecture": ["pcb"]},
        {"backbone": None},
        {"code": "print()"},
    ],
)
def test_a_models_header_that_cannot_be_is_refused(tmp_path: Path, change: dict[str, Any]) -> None:
    streid = json.dumps({"format": "streid-model", "version": 2, "config": CONFIG | change})
    save_file({"a": torch.zeros(1)}, tmp_path / "m.safetensors", metadata={"streid": streid})
    with pytest.raises(InputError):
        load_model(tmp_path / "m.safetensors")


@pytest.mark.parametrize(
    "streid", ["[" * 100_000, "[1]", "{", '{"format": "streid-model", "version": 2, "config": []}']
)
def test_a_models_header_that_is_no_object_is_refused(tmp_path: Path, streid: str) -> None:
    save_file({"a": torch.zeros(1)}, tmp_path / "m.safetensors", metadata={"streid": streid})
    with pytest.raises(InputError, match="damaged model"):
        load_model(tmp_path / "m.safetensors")
