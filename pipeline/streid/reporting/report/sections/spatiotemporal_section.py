"""Travel times between cameras, and how much times count."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from streid.reporting.figures.camera_map import CameraMap, map_cameras
from streid.reporting.figures.charts import Chart
from streid.reporting.figures.separation import COLUMNS, plot_separation, separate_streams, separation_rows
from streid.reporting.figures.travel import Travel, plot_travel
from streid.reporting.figures.travel_matrix import plot_all_pairs
from streid.reporting.report.sections.frame import ChartGroup, Material, Section
from streid.reporting.report.weighing import Weighing, explain_weights
from streid.reporting.runs import best_run
from streid.reporting.wording import Clock
from streid.scoring.fusion_records import FUSIONS


@dataclass(frozen=True, kw_only=True, eq=False)
class SpatiotemporalSection(Section):
    """How each fusion weighs times, how well that separates people, and the travel times between cameras.

    separated_of: the model whose scores are drawn in `groups`. separation_table: of all models' streams. all_pairs: the
    matrix of camera pairs, if there are too many for a chart each. histograms: their part of report.json.
    """

    weighing: Sequence[Weighing]
    separated_of: str
    groups: Sequence[ChartGroup]
    separation_columns: Sequence[str]
    separation_table: Sequence[tuple[str, tuple[str, ...]]]
    map: CameraMap | None
    travel: Travel
    all_pairs: Chart | None
    clock: Clock
    histograms: dict[str, Any]


def compose_spatiotemporal(material: Material) -> SpatiotemporalSection:
    """Draw the travel times, explain the weights and separate right from wrong pairs."""
    densities = any(FUSIONS[name].table == "likelihood" for run in material.runs for name in run.fusions)
    travel = plot_travel(material.histograms, material.clock, densities=densities)
    separated = {run.name: separate_streams(run) for run in material.runs}
    best = best_run(material.runs).name
    every_pair = plot_all_pairs(material.histograms, material.clock, densities=densities) if travel.named else None
    return SpatiotemporalSection(
        weighing=explain_weights(material.runs),
        separated_of=best,
        groups=[ChartGroup(charts=plot_separation(best, separated[best]), layout="separation")],
        separation_columns=COLUMNS,
        separation_table=separation_rows(separated),
        map=map_cameras(material.histograms, material.clock),
        travel=travel,
        all_pairs=every_pair,
        clock=material.clock,
        histograms=material.record["histograms"],
    )
