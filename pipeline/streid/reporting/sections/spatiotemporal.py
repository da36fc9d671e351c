"""What times and cameras tell, and how much they count."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from streid.reporting.charts import Chart
from streid.reporting.sections.frame import Material, Section
from streid.reporting.travel import Travel, plot_travel
from streid.reporting.weighing import Weighing, explain_weights
from streid.reporting.wording import Clock


@dataclass(frozen=True, kw_only=True, eq=False)
class SpatiotemporalSection(Section):
    """How each fusion weighs times, and the travel times between cameras; histograms: their part of report.json."""

    weighing: Sequence[Weighing]
    travel: Travel
    clock: Clock
    histograms: dict[str, Any]

    @property
    def charts(self) -> Sequence[Chart]:
        """The curves of the weights, and a chart per camera pair."""
        return [*(weighing.curve for weighing in self.weighing if weighing.curve), *self.travel.charts]


def compose_spatiotemporal(material: Material) -> SpatiotemporalSection:
    """Draw the travel times and explain the weights."""
    densities = any("likelihood" in run.fusions for run in material.runs)
    return SpatiotemporalSection(
        weighing=explain_weights(material.runs),
        travel=plot_travel(material.histograms, material.clock, densities=densities),
        clock=material.clock,
        histograms=material.record["histograms"],
    )
