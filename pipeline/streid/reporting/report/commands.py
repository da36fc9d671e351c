"""How to repeat each stage: the command lines in its logs."""

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from streid.errors import InputError
from streid.reporting.report.tables import NOT_SHOWN, OWN_STAGE, split_stem, stage_order
from streid.stage.cli import COMMAND_MARK

LINE = re.compile(rf"^[-0-9]+ [:,0-9]+ INFO {re.escape(COMMAND_MARK)}(.*)$")


@dataclass(frozen=True, kw_only=True)
class StageCommands:
    """One stage. again: the Snakemake command that runs it again, and everything that depends on it.

    commands: (model and fusion, command line) of each of its runs.
    """

    stage: str
    again: str
    commands: Sequence[tuple[str, str]]


def read_commands(folder: Path, dataset: str, run_flags: str) -> list[StageCommands]:
    """The stages whose logs are in a folder, in the order in which they run; this report's own is last.

    Args:
        folder: holds `<rule>.log`, `<rule>.<model>.log` and `<rule>.<model>.<fusion>.log`; each run of
            a stage adds to its log, so the last command counts; a log may have none.
        run_flags: the flags that Snakemake was started with, as one text for a shell.

    Raises:
        InputError: there is no such folder.
    """
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder of logs")
    found: dict[str, list[tuple[str, str]]] = {}
    for path in sorted(folder.glob("*.log")):
        stage, subject = split_stem(path.stem)
        command = _last_command(path)
        if stage not in NOT_SHOWN and command:
            found.setdefault(stage, []).append((subject, command))
    return [
        StageCommands(stage=stage, again=repeat_command(dataset, run_flags, stage), commands=found.get(stage, []))
        for stage in [*sorted(found, key=stage_order), OWN_STAGE]
    ]


def _last_command(path: Path) -> str | None:
    with path.open(encoding="utf-8", errors="replace") as log:
        found = [line[1] for text in log if COMMAND_MARK in text and (line := LINE.match(text))]
    return found[-1] if found else None


def repeat_command(dataset: str, run_flags: str, stage: str = "") -> str:
    """The command that makes the report again; with `stage`, it always runs that stage and what depends on it."""
    forced = ["--forcerun", stage] if stage else []
    # Without `--`, Snakemake would read the report as one more setting, or as one more rule to force.
    target = shlex.join([*forced, "--", f"results/{dataset}/report.json"])
    return " ".join(words for words in ("snakemake --cores all", run_flags, target) if words)
