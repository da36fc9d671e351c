"""Writes docs/configuration.md from config/config.yaml and its schema: `make docs`; a test compares."""

import argparse
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "pipeline"))

from streid.appearance.architectures import ARCHITECTURES
from streid.data.layouts import FORMATS

REFERENCE = ROOT / "docs" / "configuration.md"
KNOWN: dict[str, tuple[str, ...]] = {"architecture": tuple(ARCHITECTURES), "format": FORMATS}
TITLES = {
    "datasets": "A name and an entry for each data set.",
    "models": "A name and an entry for each model.",
    "compute": "Devices and threads of the stages.",
    "render": "The rendered world, for data sets with this section.",
    "prepare": "Reading a data set and writing its manifest.",
    "train": "Training an appearance model.",
    "extract": "Features of every picture or tracklet.",
    "inspect": "What the report shows about how the models work.",
    "histograms": "Travel times between cameras.",
    "joint": "Combining appearance and times into one score.",
    "rerank": "k-reciprocal re-ranking.",
    "report": "The report.",
    "explorer": "The gallery explorer beside the report.",
}
DOCUMENT = re.compile(r"docs/(\w+\.md)")
HEAD = """\
# Configuration reference

Made by `make docs` from `config/config.yaml` and `workflow/schemas/config.schema.yaml`: edit those, not this page.
[config/README.md](../config/README.md) says which value counts where a data set, a model and a section have
the same key.
"""
ENTRY = re.compile(r"^  (?P<key>\w+):(?: (?P<value>.*?))?\s*# (?P<meaning>.+)$", re.MULTILINE)


def comments(text: str, section: str) -> dict[str, str]:
    """Key -> what the comment beside it says, for a section of config.yaml."""
    (body,) = re.findall(rf"^{section}:\n((?:(?:  .*)?\n)+)", text + "\n", re.MULTILINE)
    return {found["key"]: found["meaning"] for found in ENTRY.finditer(body)}


def kind(schema: dict[str, Any], definitions: dict[str, Any], key: str = "") -> str:
    """A value's type and range in words."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return "a path" if name == "path" else kind(definitions[name], definitions)
    if "oneOf" in schema:
        return ", or ".join(kind(choice, definitions) for choice in schema["oneOf"])
    choices = KNOWN.get(key) or schema.get("enum") or ([schema["const"]] if "const" in schema else [])
    if choices:
        return ("one of " if len(choices) > 1 else "") + ", ".join(f"`{choice}`" for choice in choices)
    if schema["type"] == "array":
        distinct = " different" if schema.get("uniqueItems") else ""
        some = "at least one of" if schema.get("minItems") else "any number of"
        return f"a list, {some}{distinct}: {kind(schema['items'], definitions)}"
    if schema["type"] == "object":
        values = schema["additionalProperties"]
        sections = [f"`{section}`" for section in values.get("properties", ())]
        return f"names, each with {', '.join(sections) or kind(values, definitions)}"
    return {"boolean": "`true` or `false`", "string": "text"}.get(schema["type"]) or number(schema)


def number(schema: dict[str, Any]) -> str:
    """A number's type and bounds in words."""
    bounds = [
        words.format(schema[name])
        for name, words in (
            ("minimum", "at least {}"),
            ("exclusiveMinimum", "above {}"),
            ("maximum", "at most {}"),
            ("exclusiveMaximum", "below {}"),
        )
        if name in schema
    ]
    return " ".join(["whole number" if schema["type"] == "integer" else "number", ", ".join(bounds)]).strip()


def shown(value: object) -> str:
    """A default as it would stand in YAML."""
    return f"`{yaml.safe_dump(value, default_flow_style=True).removesuffix('...' + chr(10)).strip()}`"


def table(rows: Sequence[tuple[str, ...]], head: tuple[str, ...]) -> str:
    """Rows as a Markdown table."""
    lines = [head, tuple("---" for _ in head), *rows]
    text = "".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |\n" for line in lines)
    return DOCUMENT.sub(r"[\1](\1)", text)


def reference() -> str:
    """The text of docs/configuration.md."""
    text = (ROOT / "config" / "config.yaml").read_text(encoding="utf-8")
    config = yaml.safe_load(text)
    schema = yaml.safe_load((ROOT / "workflow" / "schemas" / "config.schema.yaml").read_text(encoding="utf-8"))
    definitions = schema["$defs"]
    parts = [HEAD, entries("datasets", definitions["dataset"], definitions)]
    parts.append(entries("models", schema["properties"]["models"]["additionalProperties"], definitions))
    for section in [name for name in config if name not in ("datasets", "models")]:
        properties = definitions.get(section, schema["properties"][section])["properties"]
        meanings = comments(text, section)
        rows = [
            (f"`{key}`", shown(config[section][key]), kind(properties[key], definitions, key), meanings[key])
            for key in config[section]
        ]
        parts.append(heading(section) + table(rows, ("key", "default", "type", "meaning")))
    return "\n".join(parts)


def entries(section: str, schema: dict[str, Any], definitions: dict[str, Any]) -> str:
    """What an entry of `datasets` or `models` may hold."""
    properties = schema["properties"]
    own = [key for key in properties if "title" in properties[key]]
    sections = ", ".join(f"[`{key}`](#{key})" for key in properties if key not in own)
    rows = [
        (
            f"`{key}`",
            "yes" if key in schema.get("required", ()) else "",
            kind(properties[key], definitions, key),
            properties[key]["title"],
        )
        for key in own
    ]
    body = table(rows, ("key", "needed", "type", "meaning")) + "\n" if rows else ""
    return f"{heading(section)}{body}An entry may also hold keys of {sections}.\n"


def heading(section: str) -> str:
    """A section's title and what it is about."""
    return f"## {section}\n\n{TITLES[section]}\n\n"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.parse_args()
    REFERENCE.write_text(reference(), encoding="utf-8")
