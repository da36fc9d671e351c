"""The flags that decide what a run of the workflow makes, for a command that repeats the run."""

import argparse
import os
import shlex
from collections.abc import MutableMapping, Sequence
from pathlib import Path

# Jobs on other machines do not get the profile as a flag; it is in their environment.
PROFILES = "STREID_PROFILES"


def run_flags(configfiles: Sequence[Path], config: Sequence[str], profiles: str) -> str:
    """The flags as one text for a shell: profiles, configuration files and single settings.

    Args:
        configfiles: those of `--configfile`; paths below the current folder are made relative to it.
        config: the words of `--config`.
        profiles: the flags for profiles (`profile_flags`).
    """
    words = []
    if configfiles:
        words += ["--configfile", *(_relative(path) for path in configfiles)]
    if config:
        words += ["--config", *config]
    return " ".join(part for part in (profiles, shlex.join(words)) if part)


def profile_flags(arguments: Sequence[str], environment: MutableMapping[str, str], *, main: bool) -> str:
    """The profiles that Snakemake was given; noted in the environment, where jobs find them.

    Args:
        arguments: the process's arguments, without its name.
        main: whether this process is the one that the user started.
    """
    if not main:
        return environment.get(PROFILES, "")
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    for flag in ("--profile", "--workflow-profile"):
        parser.add_argument(flag, action="append", default=[])
    found, _ = parser.parse_known_args(arguments)
    words = [word for profile in found.profile for word in ("--profile", profile)]
    words += [word for profile in found.workflow_profile for word in ("--workflow-profile", profile)]
    environment[PROFILES] = shlex.join(words)
    return environment[PROFILES]


def _relative(path: Path) -> str:
    path = path.absolute()
    return os.path.relpath(path) if path.is_relative_to(Path.cwd()) else str(path)
