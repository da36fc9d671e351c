"""Which source files a stage script runs: itself and every streid module it imports, read with `ast`.

The workflow makes them inputs of the stage's rule; the resumable stages put them into the fingerprint
of their unfinished work. Imports inside functions count, imports for type checkers too.
"""

import ast
import hashlib
import importlib.metadata
from collections.abc import Mapping, Sequence
from pathlib import Path

from streid.files.checksums import digest_files

PACKAGE = "streid"
# What decodes, resizes and augments pictures, and what computes with them.
PIXEL_LIBRARIES = ("numpy", "pillow", "torch", "torch-geometric", "torchvision")


def source_closure(script: Path) -> list[Path]:
    """The script's streid modules, sorted, the script itself left out.

    Args:
        script: a stage script; the package `streid` lies beside it.
    """
    root = script.parent
    found: set[Path] = set()
    waiting = [script]
    while waiting:
        for module in _imported_modules(waiting.pop(), root):
            if module not in found:
                found.add(module)
                waiting.append(module)
    return sorted(found)


def fingerprint_run(script: Path, *, inputs: Sequence[Path], settings: Mapping[str, object]) -> str:
    """SHA-256 over a stage's code, its input files and its settings.

    Unfinished work with the same fingerprint may be gone on with: it will end in the same result.

    Args:
        script: the stage script.
        inputs: files it reads.
        settings: what decides the result; dataclasses and plain values.
    """
    described = "\n".join(f"{name}={settings[name]!r}" for name in sorted(settings))
    files = digest_files([script, *source_closure(script), *inputs])
    return hashlib.sha256(f"{files}\n{described}".encode()).hexdigest()


def pixel_versions() -> dict[str, str]:
    """The versions of the libraries that decide what a network sees and computes."""
    return {name: importlib.metadata.version(name) for name in PIXEL_LIBRARIES}


def _imported_modules(source: Path, root: Path) -> set[Path]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"), filename=str(source))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            names.add(node.module)
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    parts = [name.split(".") for name in names if name.split(".")[0] == PACKAGE]
    return {path for path in (root.joinpath(*part).with_suffix(".py") for part in parts) if path.is_file()}
