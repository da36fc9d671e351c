"""How to repeat each stage: the command lines that its runs begin with in its logs."""

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from streid.errors import InputError
from streid.reporting.report.tables import OWN_STAGE, split_stem, stage_order
from streid.stage.cli import COMMAND_MARK

LINE = re.compile(rf"^[-0-9]+ [:,0-9]+ INFO {re.escape(COMMAND_MARK)}(.*)$")


@dataclass(frozen=True, kw_only=True)
class StageCommands:
    """One stage. again: the Snakemake command that does it, and what follows from it, once more.

    commands: (model and fusion, command line) of each of its runs.
    """

    stage: str
    again: str
    commands: Sequence[tuple[str, str]]


def read_commands(folder: Path, dataset: str) -> list[StageCommands]:
    """The stages whose logs are in a folder, in the order they run in, this report's own last.

    Args:
        folder: holds `<rule>.log`, `<rule>.<model>.log` and `<rule>.<model>.<fusion>.log`; each run of
            a stage adds to its log, so the last command counts, and a log may have none.

    Raises:
        InputError: there is no such folder.
    """
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder of logs")
    found: dict[str, list[tuple[str, str]]] = {}
    for path in sorted(folder.glob("*.log")):
        stage, subject = split_stem(path.stem)
        command = _last_command(path)
        if stage != OWN_STAGE and command:
            found.setdefault(stage, []).append((subject, command))
    return [
        StageCommands(stage=stage, again=_again(stage, dataset), commands=found.get(stage, []))
        for stage in [*sorted(found, key=stage_order), OWN_STAGE]
    ]


def _last_command(path: Path) -> str | None:
    with path.open(encoding="utf-8", errors="replace") as log:
        found = [line[1] for text in log if COMMAND_MARK in text and (line := LINE.match(text))]
    return found[-1] if found else None


def _again(stage: str, dataset: str) -> str:
    # Without the two dashes the report would be one more rule to force.
    return shlex.join(["snakemake", "--cores", "all", "--forcerun", stage, "--", f"results/{dataset}/report.json"])
