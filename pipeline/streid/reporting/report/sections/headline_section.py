"""The headline: the result of every model and step, what limits it, and what others have published.

Shape suffix: C cameras.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from streid.reporting.figures.comparison import compare_streams
from streid.reporting.report.findings import Headline, list_notices, write_headline
from streid.reporting.report.published import PublishedResult, published_results
from streid.reporting.report.sections.frame import ChartGroup, Material, Section
from streid.reporting.report.tables import AUDIT_TITLES, MetricRow, audit_rows, metric_rows
from streid.reporting.report.transfers import TransferRow, transfer_rows
from streid.scoring.metric_records import METRICS


@dataclass(frozen=True, kw_only=True, eq=False)
class HeadlineSection(Section):
    """The page's first lines and the table of results; transfers: the models side by side, if there are several."""

    headline: Headline
    notices: Sequence[str]
    transfers: Sequence[TransferRow]
    metric_titles: Sequence[str]
    metrics: Sequence[MetricRow]
    groups: Sequence[ChartGroup]
    published: Sequence[PublishedResult]
    audit_titles: Sequence[str]
    audit: Sequence[tuple[str, tuple[str, ...]]]


def compose_headline(material: Material) -> HeadlineSection:
    """Say what came out, and what speaks against trusting it."""
    dataset, summary, runs = material.dataset, material.record["data"], material.runs
    people_CC = material.histograms.counts_CCB.sum(axis=2)
    timed = bool(people_CC.sum() > np.trace(people_CC))
    return HeadlineSection(
        headline=write_headline(dataset, runs),
        notices=list_notices(dataset, summary, runs, timed, material.foreign),
        transfers=transfer_rows(dataset, runs, material.foreign) if len(runs) > 1 else [],
        metric_titles=[metric.title for metric in METRICS.values()],
        metrics=metric_rows(runs),
        groups=[ChartGroup(charts=compare_streams(runs))],
        published=published_results(summary),
        audit_titles=[*AUDIT_TITLES.values(), "Pairs with time"],
        audit=audit_rows(runs),
    )
