"""How the models were trained."""

from collections.abc import Sequence
from dataclasses import dataclass

from streid.reporting.figures.training_curve import plot_training
from streid.reporting.report.sections.frame import ChartGroup, Material, Section
from streid.reporting.report.training_table import TITLES, training_rows


@dataclass(frozen=True, kw_only=True, eq=False)
class TrainingSection(Section):
    """The end of each training and charts over the epochs; empty if nothing was trained here."""

    titles: Sequence[str]
    ends: Sequence[tuple[str, tuple[str, ...]]]
    groups: Sequence[ChartGroup]


def compose_training(material: Material) -> TrainingSection:
    """Draw what training.csv of each model holds."""
    runs = material.runs
    return TrainingSection(titles=TITLES, ends=training_rows(runs), groups=[ChartGroup(charts=plot_training(runs))])
