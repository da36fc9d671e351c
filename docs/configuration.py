"""Writes docs/configuration.md anew from the declarations of the settings: `make docs`; a test compares."""

import argparse
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "pipeline"))

from streid.stage.settings import Section, annotation_of, in_words
from streid.workflow.configuration import Configuration, DatasetEntry, ModelEntry, section_of

REFERENCE = ROOT / "docs" / "configuration.md"
ENTRIES: dict[str, type[Section]] = {"datasets": DatasetEntry, "models": ModelEntry}
DOCUMENT = re.compile(r"docs/(\w+\.md)")
HEAD = """\
# Configuration reference

Made by `make docs` from the declarations of the settings in `pipeline/streid`: edit those, not this page.
[config/README.md](../config/README.md) says which value counts where a data set, a model and a section have
the same key.
"""


def shown(value: Any) -> str:
    """A default as it would stand in YAML."""
    plain = int(value) if isinstance(value, float) and value.is_integer() else value
    return f"`{yaml.safe_dump(plain, default_flow_style=True).removesuffix('...' + chr(10)).strip()}`"


def table(rows: Sequence[tuple[str, ...]], head: tuple[str, ...]) -> str:
    """Rows as a Markdown table."""
    lines = [head, tuple("---" for _ in head), *rows]
    text = "".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |\n" for line in lines)
    return DOCUMENT.sub(r"[\1](\1)", text)


def reference() -> str:
    """The text of docs/configuration.md."""
    parts = [entries(name, kind) for name, kind in ENTRIES.items()]
    return "\n".join([HEAD, *parts, *sections()])


def sections() -> Iterator[str]:
    """Every section with its settings."""
    for name in Configuration.model_fields:
        if name not in ENTRIES:
            kind = section_of(name)
            rows = [
                (
                    f"`{field.alias}`",
                    shown(field.get_default(call_default_factory=True)),
                    in_words(annotation_of(field)),
                    field.description or "",
                )
                for field in kind.model_fields.values()
            ]
            yield heading(name, kind) + table(rows, ("key", "default", "type", "meaning"))


def entries(name: str, kind: type[Section]) -> str:
    """What an entry of `datasets` or `models` may hold."""
    own = {key: field for key, field in kind.model_fields.items() if field.description}
    nested = ", ".join(
        f"[`{key}`](#{key})" for key in Configuration.model_fields if key in kind.model_fields.keys() - own
    )
    rows = [
        (f"`{key}`", "yes" if field.is_required() else "", in_words(annotation_of(field)), field.description or "")
        for key, field in own.items()
    ]
    body = table(rows, ("key", "needed", "type", "meaning"))
    return f"{heading(name, kind)}{body}\nAn entry may also hold keys of {nested}.\n"


def heading(name: str, kind: type[Section]) -> str:
    """A section's title and what it is about."""
    return f"## {name}\n\n{(kind.__doc__ or '').partition(chr(10))[0]}\n\n"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.parse_args()
    REFERENCE.write_text(reference(), encoding="utf-8")
