"""How the models were trained."""

from collections.abc import Sequence
from dataclasses import dataclass

from streid.reporting.charts import Chart
from streid.reporting.learning import plot_training
from streid.reporting.sections.frame import Material, Section


@dataclass(frozen=True, kw_only=True, eq=False)
class TrainingSection(Section):
    """Charts over the epochs, none where nothing was trained here."""

    curves: Sequence[Chart]

    @property
    def charts(self) -> Sequence[Chart]:
        """The curves."""
        return self.curves


def compose_training(material: Material) -> TrainingSection:
    """Draw what training.csv of each model holds."""
    return TrainingSection(curves=plot_training(material.runs))
