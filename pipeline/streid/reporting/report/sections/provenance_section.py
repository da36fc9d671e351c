"""Where the numbers come from: configuration, versions, time and memory of each stage."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from streid.reporting.report.commands import StageCommands
from streid.reporting.report.sections.frame import Material, Section
from streid.reporting.report.tables import CostRow, configuration_rows


@dataclass(frozen=True, kw_only=True, eq=False)
class ProvenanceSection(Section):
    """Everything needed to make the report again; costs are None where they are not known."""

    seed: int
    commit: str | None
    costs: Sequence[CostRow] | None
    repeat: str
    commands: Sequence[StageCommands]
    settings: Sequence[tuple[str, str]]
    versions: Mapping[str, str]


def compose_provenance(material: Material) -> ProvenanceSection:
    """Put configuration, versions and costs into tables."""
    record = material.record
    return ProvenanceSection(
        seed=material.seed,
        commit=record["git"],
        costs=material.costs,
        repeat=material.repeat,
        commands=material.commands,
        settings=configuration_rows(record["configuration"]),
        versions=record["versions"],
    )
