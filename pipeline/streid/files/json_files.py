"""JSON files, written atomically and checked when they are read."""

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from streid.errors import InputError
from streid.files.atomic import write_text

CHECKSUM_KEY = "sha256"


def json_text(content: Mapping[str, Any], path: str | os.PathLike[str]) -> str:
    """`content` as indented JSON, to be written to `path`.

    Raises:
        InputError: a value is NaN or infinite, which JSON cannot hold.
    """
    try:
        return json.dumps(content, indent=2, allow_nan=False, ensure_ascii=False) + "\n"
    except ValueError as error:
        raise InputError(f"{path}: cannot be written, because a value in it is not finite ({error})") from None


def json_text_with_checksum(content: Mapping[str, Any], path: str | os.PathLike[str]) -> str:
    """As `json_text`, with the SHA-256 of the content beside it, which `read_json` checks."""
    return json_text({**content, CHECKSUM_KEY: _json_digest(content)}, path)


def _json_digest(content: Mapping[str, Any]) -> str:
    # Convert to text and back first: when it is read, all keys are strings.
    read = json.loads(json.dumps(content))
    return hashlib.sha256(json.dumps(read, sort_keys=True).encode()).hexdigest()


def write_json(path: str | os.PathLike[str], content: Mapping[str, Any]) -> None:
    """Write `content` as indented JSON, atomically; NaN and infinity are refused."""
    write_text(path, json_text(content, path))


def read_json(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Read a JSON object; its SHA-256, where it holds one, is checked and left out.

    Raises:
        InputError: the file is missing, is not JSON, is not an object, or holds other values than were written.
    """
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}: not valid JSON ({error}); make it again, or was another file meant?") from None
    if not isinstance(content, dict):
        raise InputError(f"{path}: a JSON object was expected; make it again, or was another file meant?")
    if CHECKSUM_KEY in content and content.pop(CHECKSUM_KEY) != _json_digest(content):
        raise InputError(
            f"{path}: damaged (the values are not those that were written); make it again, or remove {CHECKSUM_KEY!r} "
            "from it if the edit is yours"
        )
    return content
