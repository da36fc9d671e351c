"""The report as one HTML page that needs nothing else, and its figures as files."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from PIL import Image

from streid.artifacts import atomic_output
from streid.data.packing import PictureSource
from streid.reporting.charts import Chart
from streid.reporting.figures import compare_streams, plot_cameras, plot_match_curves, plot_training
from streid.reporting.findings import Headline, list_notices, write_headline
from streid.reporting.measured import METRIC_TITLES
from streid.reporting.pictures import (
    PictureStore,
    RankedQuery,
    SampleIdentity,
    rank_queries,
    ranked_sheet,
    sample_identities,
    sample_sheet,
)
from streid.reporting.published import PublishedResult, published_results
from streid.reporting.runs import ModelRun, best_run
from streid.reporting.streams import fusion_title
from streid.reporting.tables import (
    AUDIT_TITLES,
    COUNT_TITLES,
    CostRow,
    MetricRow,
    audit_rows,
    configuration_rows,
    count_rows,
    metric_rows,
)
from streid.reporting.travel import Travel, plot_travel
from streid.reporting.weighing import Weighing, explain_weights
from streid.reporting.wording import Clock
from streid.tables import Histograms

TEMPLATE = "report.html.jinja"
FIGURE_ENDINGS = (".svg", ".png")


@dataclass(frozen=True, kw_only=True, eq=False)
class Report:
    """Everything the page shows: report.json's content, and what was drawn, chosen and worded from it."""

    record: Mapping[str, Any]
    headline: Headline
    notices: Sequence[str]
    metric_titles: Sequence[str]
    metrics: Sequence[MetricRow]
    published: Sequence[PublishedResult]
    audit_titles: Sequence[str]
    audit: Sequence[tuple[str, tuple[str, ...]]]
    comparison: Sequence[Chart]
    match_curves: Sequence[Chart]
    training: Sequence[Chart]
    weighing: Sequence[Weighing]
    travel: Travel
    clock: Clock
    ranked_of: str
    ranked: Sequence[RankedQuery]
    count_titles: Sequence[str]
    counts: Sequence[tuple[str, tuple[str, ...]]]
    cameras: Chart
    samples: Sequence[SampleIdentity]
    settings: Sequence[tuple[str, str]]
    costs: Sequence[CostRow] | None


def compose_report(
    *,
    record: Mapping[str, Any],
    runs: Sequence[ModelRun],
    manifest: pd.DataFrame,
    histograms: Histograms,
    source: PictureSource,
    clock: Clock,
    queries: int,
    costs: Sequence[CostRow] | None,
    foreign: Mapping[str, str],
) -> Report:
    """Draw the figures, choose the pictures and put the tables into words.

    Args:
        record: report.json's content.
        source: the data set's pictures.
        queries: how many ranked lists to show.
        costs: what each stage took, None when that is not known.
        foreign: models whose scores use another data set's histograms -> that set's name.

    Raises:
        InputError: a picture to be shown is missing or unreadable.
    """
    store = PictureStore(source)
    best = best_run(runs)
    travel = plot_travel(histograms, clock, densities=any("likelihood" in run.fusions for run in runs))
    return Report(
        record=record,
        headline=write_headline(record["dataset"], runs),
        notices=list_notices(record["dataset"], record["data"], runs, bool(travel.charts), foreign),
        metric_titles=list(METRIC_TITLES.values()),
        metrics=metric_rows(runs),
        published=published_results(record["data"]),
        audit_titles=[*AUDIT_TITLES.values(), "Pairs with time"],
        audit=audit_rows(runs),
        comparison=compare_streams(runs),
        match_curves=[chart for run in runs for chart in plot_match_curves(run)],
        training=plot_training(runs),
        weighing=explain_weights(runs),
        travel=travel,
        clock=clock,
        ranked_of=best.name if len(best.fusions) == 1 else f"{best.name}, {fusion_title(best.main_fusion)} fusion",
        ranked=rank_queries(best, store, clock, queries, record["seed"]),
        count_titles=list(COUNT_TITLES.values()),
        counts=count_rows(record["data"]),
        cameras=plot_cameras(manifest),
        samples=sample_identities(manifest, store, record["seed"]),
        settings=configuration_rows(record["configuration"]),
        costs=costs,
    )


def render_page(report: Report) -> str:
    """The page's HTML; every name and path in it is escaped."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template(TEMPLATE).render(vars(report))


def write_figures(folder: Path, report: Report) -> list[str]:
    """Write every figure of the page as a file of its own; figures an earlier report left there are removed.

    Args:
        folder: for this report's figures alone. Charts are SVG, pictures PNG.

    Returns:
        The files' names, sorted.
    """
    curves = [weighing.curve for weighing in report.weighing if weighing.curve]
    drawn = (report.comparison, report.match_curves, curves, report.training, report.travel.charts, (report.cameras,))
    charts = [chart for group in drawn for chart in group]
    sheets: dict[str, Image.Image] = {"samples.png": sample_sheet(report.samples)}
    sheets |= {f"ranked_{number}.png": ranked_sheet(query) for number, query in enumerate(report.ranked, start=1)}
    folder.mkdir(parents=True, exist_ok=True)
    for chart in charts:
        with atomic_output(folder / f"{chart.name}.svg") as partial:
            partial.write_bytes(chart.light)
    for name, sheet in sheets.items():
        with atomic_output(folder / name) as partial:
            sheet.save(partial, "PNG")
    written = {f"{chart.name}.svg" for chart in charts} | set(sheets)
    for entry in sorted(folder.iterdir()):
        if entry.suffix in FIGURE_ENDINGS and entry.is_file() and entry.name not in written:
            entry.unlink()
    return sorted(written)
