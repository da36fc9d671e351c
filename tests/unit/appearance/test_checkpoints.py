"""Checkpoints: whole, of this run, and never thrown away for what is no fault of theirs."""

import errno
import logging
import os
from pathlib import Path

import pytest
import torch

from streid.appearance import checkpoints
from streid.appearance.checkpoints import first_line, load_checkpoint, read_checkpoint, save_checkpoint
from streid.errors import InputError
from streid.files.checksums import append_checksum

CONTENT = {"fingerprint": "one", "model": {"weight": torch.arange(2000.0)}, "position": {"step": 3}}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    save_checkpoint(tmp_path / "checkpoint.pt", CONTENT)
    return tmp_path / "checkpoint.pt"


def test_a_checkpoint_comes_back(path: Path) -> None:
    found = load_checkpoint(path, "one")
    assert found is not None
    assert torch.equal(found["model"]["weight"], CONTENT["model"]["weight"])  # type: ignore[index]
    assert found["position"] == {"step": 3}


def test_a_missing_one_and_one_of_another_run_start_afresh(
    path: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    assert load_checkpoint(tmp_path / "none.pt", "one") is None
    assert caplog.text == ""
    assert load_checkpoint(path, "two") is None
    assert "belongs to other parameters, code or data; starting afresh" in caplog.text
    assert path.exists()


@pytest.mark.parametrize("content", [b"PK\x03\x04 cut off", b""])
def test_one_without_a_checksum_starts_afresh(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    assert load_checkpoint(path, "one") is None


def test_every_wrong_bit_is_found(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    content = path.read_bytes()
    places = [*range(0, len(content), 97), len(content) - 1]
    for place in places:
        path.write_bytes(content[:place] + bytes([content[place] ^ 1 << place % 8]) + content[place + 1 :])
        assert load_checkpoint(path, "one") is None
    assert caplog.text.count("checkpoint.pt: damaged (the bytes are not those that were written)") == len(places)
    path.write_bytes(content)
    assert load_checkpoint(path, "one") is not None


@pytest.mark.parametrize("content", [{"fingerprint": "one"}, {"model": {}}, [1, 2], torch.ones(2)])
def test_other_content_is_no_checkpoint(tmp_path: Path, content: object) -> None:
    path = tmp_path / "other.pt"
    torch.save(content, path)
    append_checksum(path)
    with pytest.raises(InputError, match=r"other\.pt: not a checkpoint of streid \(it holds no"):
        read_checkpoint(path)


@pytest.mark.parametrize(
    "error",
    [
        PermissionError(errno.EACCES, os.strerror(errno.EACCES), "checkpoint.pt"),
        OSError(errno.EIO, os.strerror(errno.EIO), "checkpoint.pt"),
        MemoryError("Unable to allocate"),
        RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes."),
    ],
)
def test_what_the_system_refuses_throws_no_training_away(
    path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(checkpoints.torch, "load", refuse)
    with pytest.raises(type(error)) as raised:
        load_checkpoint(path, "one")
    assert raised.value is error


def test_the_first_line_of_an_error() -> None:
    assert first_line(KeyError("x\ny")) == "KeyError: 'x\\ny'"
    assert first_line(RuntimeError("one\ntwo")) == "RuntimeError: one"
    assert first_line(RuntimeError()) == "RuntimeError"
