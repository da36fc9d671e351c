"""How the models were trained."""

from collections.abc import Sequence
from dataclasses import dataclass

from streid.reporting.figures.charts import Chart
from streid.reporting.figures.learning import plot_training, training_rows
from streid.reporting.report.sections.frame import Material, Section

END_TITLES = (
    "Epochs",
    "Loss",
    "Accuracy",
    "Learning rate",
    "Held-out rank-1",
    "Held-out mAP",
    "Pictures per second",
)


@dataclass(frozen=True, kw_only=True, eq=False)
class TrainingSection(Section):
    """Charts over the epochs and what they end with, nothing where nothing was trained here."""

    titles: Sequence[str]
    ends: Sequence[tuple[str, tuple[str, ...]]]
    curves: Sequence[Chart]

    @property
    def charts(self) -> Sequence[Chart]:
        """The curves."""
        return self.curves


def compose_training(material: Material) -> TrainingSection:
    """Draw what training.csv of each model holds."""
    return TrainingSection(titles=END_TITLES, ends=training_rows(material.runs), curves=plot_training(material.runs))
