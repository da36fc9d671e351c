"""A stage's code as params of its rule: Snakemake runs a job again when one of them changes."""

from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from streid.stage.fingerprints import code_digests

Param = Callable[[Any], str]


def code_params(script: Path, chosen: Callable[[Any], Mapping[str, str]]) -> list[Param]:
    """A param for each source file that a stage may run, so that a dry run names the file that changed.

    Args:
        script: the stage script.
        chosen: from a job's wildcards to those of architecture, backbone and format that it has.

    Returns:
        Functions from a job's wildcards to `path digest`. For a file that the job does not use they return the
        script's: Snakemake compares sets of params, so the repetition does not matter.
    """

    @cache
    def digests_of(names: tuple[tuple[str, str], ...]) -> dict[str, str]:
        return code_digests(script, dict(names))

    def param_of(path: str) -> Param:
        def of_job(wildcards: Any) -> str:
            digests = digests_of(tuple(chosen(wildcards).items()))
            used = path if path in digests else script.name
            return f"{used} {digests[used]}"

        return of_job

    return [param_of(path) for path in code_digests(script)]
