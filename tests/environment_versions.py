"""Keeps environment.yml at the versions of requirements.lock: `--write` makes it anew, the tests compare."""

import argparse
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENT = ROOT / "environment.yml"
HEADER = """\
# The conda environment of every rule (snakemake --sdm conda): the same versions as requirements.lock.
# Made by `make lock`.
name: streid
channels:
  - conda-forge
dependencies:
  - python=3.11
  - pip
  - pip:
"""


def locked_versions(text: str) -> dict[str, str]:
    """Package name -> version of a requirements.lock."""
    return dict(re.findall(r"^([A-Za-z0-9_.-]+)==([^\s\\;]+)", text, flags=re.MULTILINE))


def requested_packages(text: str) -> list[str]:
    """The package names a requirements.in asks for, sorted."""
    lines = (line.split("#")[0].strip() for line in text.splitlines())
    return sorted(re.split(r"[~=<>\[; ]", line)[0].lower() for line in lines if line)


def environment_text(requested: list[str], locked: dict[str, str]) -> str:
    """The environment.yml that asks for the locked versions of the requested packages."""
    return HEADER + "".join(f"      - {name}=={locked[name]}\n" for name in requested)


def expected_environment() -> str:
    """environment.yml as requirements.in and requirements.lock have it."""
    requested = requested_packages((ROOT / "requirements.in").read_text(encoding="utf-8"))
    return environment_text(requested, locked_versions((ROOT / "requirements.lock").read_text(encoding="utf-8")))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", required=True)
    parser.parse_args()
    ENVIRONMENT.write_text(expected_environment(), encoding="utf-8")
