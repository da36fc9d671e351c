"""JSON files: their checksum, and what is refused."""

from pathlib import Path

import pytest

from streid.errors import InputError
from streid.files.atomic import write_text
from streid.files.json_files import json_text_with_checksum, read_json


@pytest.mark.parametrize("content", [b"{", b"[1]", b"\xff\xfe", b"[" * 100_000, b"1" * 5000])
def test_unusable_json_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.json").write_bytes(content)
    with pytest.raises(InputError, match=r"x\.json"):
        read_json(tmp_path / "x.json")


def test_json_with_a_checksum_keeps_its_values_and_refuses_others(tmp_path: Path) -> None:
    path = tmp_path / "scores.json"
    content = {"mAP": 0.1 + 0.2, "name": "ü", "counts": {2: 1, 10: 2}, "empty": None}
    write_text(path, json_text_with_checksum(content, path))
    assert read_json(path) == content | {"counts": {"2": 1, "10": 2}}
    path.write_text(path.read_text().replace('"2": 1', '"2": 3'))
    with pytest.raises(InputError, match=r"scores\.json: damaged .*remove 'sha256' from it if the edit is yours"):
        read_json(path)
