"""The code that a stage runs for one job, as digests of its syntax trees: comments, docstrings and layout do not count.

The workflow uses the digests as params of the stage's rule; stages that can be resumed put them into the fingerprint of
their unfinished work. Imports inside functions count; imports for type checkers do not.

A job uses one of several kinds of model, architectures, backbones and data set formats. The modules that choose among
them are listed in `CHOOSERS`. In such a module, only the job's own entry of each table and its own case of each `match`
count, and so only the modules that this case imports. Of a name like `timm:resnet18`, the part before the colon is
looked up.
"""

import ast
import hashlib
import importlib.metadata
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from streid.files.checksums import digest_files

PACKAGE = "streid"
# Modules with tables and `match` statements by a name -> what is named.
CHOOSERS = {
    "streid/appearance/architectures.py": "architecture",
    "streid/appearance/backbones.py": "backbone",
    "streid/appearance/feature_models.py": "kind",
    "streid/data/layouts.py": "format",
}
DIGEST_LETTERS = 12
# What `_Spelled` looks into.
PREPARED = (ast.Import, ast.ImportFrom, ast.If, ast.Dict, ast.Match)
# What decodes, resizes and augments pictures, and what computes with them.
PIXEL_LIBRARIES = ("numpy", "pillow", "timm", "torch", "torch-geometric", "torchvision")


def code_digests(script: Path, chosen: Mapping[str, str] | None = None) -> dict[str, str]:
    """Digests of the source files that a stage runs for a job: its script and every streid module that it imports.

    Args:
        script: the stage script; the package `streid` lies beside it.
        chosen: the job's `kind`, `architecture`, `backbone` and `format`; if one is left out, all of its kind count.

    Returns:
        Path, relative to the script's folder -> the file's digest; sorted by path.
    """
    found: dict[str, str] = {}
    waiting = [script.name]
    while waiting:
        path = waiting.pop()
        if path in found:
            continue
        name = (chosen or {}).get(CHOOSERS.get(path, ""), "").partition(":")[0] or None
        found[path], imported = _read_code((script.parent / path).read_text(encoding="utf-8"), name)
        waiting += [module for module in imported if (script.parent / module).is_file()]
    return dict(sorted(found.items()))


def fingerprint_run(
    script: Path,
    *,
    inputs: Sequence[Path],
    settings: Mapping[str, object],
    chosen: Mapping[str, str] | None = None,
) -> str:
    """SHA-256 over a stage's code for a job, its input files and its settings.

    Unfinished work with the same fingerprint can be resumed: it leads to the same result.

    Args:
        script, chosen: see `code_digests`.
        inputs: the files that the stage reads.
        settings: values that decide the result; dataclasses and plain values.
    """
    described = "\n".join(f"{name}={settings[name]!r}" for name in sorted(settings))
    code = "\n".join(f"{path} {digest}" for path, digest in code_digests(script, chosen).items())
    return hashlib.sha256(f"{code}\n{digest_files(inputs)}\n{described}".encode()).hexdigest()


def pixel_versions() -> dict[str, str]:
    """The versions of the libraries that decode pictures and compute with them."""
    return {name: importlib.metadata.version(name) for name in PIXEL_LIBRARIES}


@cache
def _read_code(text: str, name: str | None) -> tuple[str, tuple[str, ...]]:
    """A source file's digest, and the paths that the modules it imports would have."""
    spelled = _Spelled(name)
    spelled.add(ast.parse(text))
    digest = hashlib.sha256("\n".join(spelled.words).encode()).hexdigest()[:DIGEST_LETTERS]
    own = sorted(module for module in spelled.modules if module.startswith(f"{PACKAGE}."))
    return digest, tuple(f"{module.replace('.', '/')}.py" for module in own)


class _Spelled:
    """The parts of a syntax tree that count, and the modules that it imports.

    Docstrings and code for type checkers do not count; given a name, nor do entries of other names. Empty fields are
    left out: newer versions of Python add such fields. Everything is read in one pass, as each start of the workflow
    reads all sources.

    Args:
        name: the entry and the case to keep, in tables and `match` statements that have one of this name.
    """

    def __init__(self, name: str | None) -> None:
        self.name = name
        self.words: list[str] = []
        self.modules: set[str] = set()

    def add(self, value: object) -> None:
        """Append a part."""
        words = self.words
        if isinstance(value, ast.Constant):
            words.append(f"{type(value.value).__name__} {value.value!r}")
        elif isinstance(value, ast.AST):
            if isinstance(value, PREPARED):
                self._prepare(value)
            words.append(f"{type(value).__name__}(")
            for field in value._fields:
                content = getattr(value, field, None)
                if isinstance(content, list):
                    content = [one for one in content if _counts(one)]
                if content is not None and content != []:
                    words.append(field)
                    self.add(content)
            words.append(")")
        elif isinstance(value, list):
            words.append("[")
            for one in value:
                self.add(one)
            words.append("]")
        else:
            words.append(repr(value))

    def _prepare(self, node: ast.AST) -> None:
        """Note what a node imports, and drop those of its entries that do not count."""
        match node:
            case ast.Import():
                self.modules.update(alias.name for alias in node.names)
            case ast.ImportFrom(module=str(module), level=0):
                self.modules.add(module)
                self.modules.update(f"{module}.{alias.name}" for alias in node.names)
            case ast.If() if _is_for_type_checkers(node):
                node.body = []
            case ast.Dict() if self.name is not None:
                keys = [_text(key) for key in node.keys]
                if self.name in keys:
                    kept = [place for place, key in enumerate(keys) if key in (None, self.name)]
                    node.keys, node.values = [node.keys[n] for n in kept], [node.values[n] for n in kept]
            case ast.Match() if self.name is not None:
                names = [_text(getattr(case.pattern, "value", None)) for case in node.cases]
                own = self.name if self.name in names else None
                if own in names:
                    node.cases = [case for case, name in zip(node.cases, names, strict=True) if name == own]


def _counts(node: object) -> bool:
    """Whether a statement counts at all: no docstring, and not for type checkers alone."""
    if isinstance(node, ast.Expr):
        return _text(node.value) is None
    return not (isinstance(node, ast.If) and _is_for_type_checkers(node) and not node.orelse)


def _is_for_type_checkers(node: ast.If) -> bool:
    return isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def _text(node: ast.AST | None) -> str | None:
    """The value of a string constant; None for anything else."""
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None
