"""The headline: the result of every model and step, what limits it, and what others have published."""

from collections.abc import Sequence
from dataclasses import dataclass

from streid.reporting.figures.comparison import compare_streams
from streid.reporting.report.headline import Headline, write_headline
from streid.reporting.report.notices import list_notices
from streid.reporting.report.published import PublishedResult, published_results
from streid.reporting.report.sections.frame import ChartGroup, Material, Section
from streid.reporting.report.tables import AUDIT_TITLES, MetricRow, audit_rows, metric_rows
from streid.reporting.report.transfers import STEPS, TransferRow, transfer_rows
from streid.reporting.streams import kind_title
from streid.scoring.metric_records import METRICS


@dataclass(frozen=True, kw_only=True, eq=False)
class HeadlineSection(Section):
    """The page's first lines and the table of results.

    warnings: what makes the results doubtful. remarks: what else limits them. transfers: the models side by side, if
    there are several. transfer_steps: kind and title of each pair of their columns.
    """

    headline: Headline
    warnings: Sequence[str]
    remarks: Sequence[str]
    transfers: Sequence[TransferRow]
    transfer_steps: Sequence[tuple[str, str]]
    metric_titles: Sequence[str]
    metrics: Sequence[MetricRow]
    groups: Sequence[ChartGroup]
    published: Sequence[PublishedResult]
    audit_titles: Sequence[str]
    audit: Sequence[tuple[str, tuple[str, ...]]]


def compose_headline(material: Material) -> HeadlineSection:
    """State the results, and what limits them."""
    dataset, runs = material.dataset, material.runs
    notices = list_notices(material.record, runs, material.histograms, material.foreign)
    return HeadlineSection(
        headline=write_headline(dataset, runs),
        warnings=[notice.text for notice in notices if notice.serious],
        remarks=[notice.text for notice in notices if not notice.serious],
        transfers=transfer_rows(dataset, runs, material.foreign) if len(runs) > 1 else [],
        transfer_steps=[(step, kind_title(step)) for step in STEPS],
        metric_titles=[metric.title for metric in METRICS.values()],
        metrics=metric_rows(runs),
        groups=[ChartGroup(charts=compare_streams(runs))],
        published=published_results(material.record["data"]),
        audit_titles=[*AUDIT_TITLES.values(), "Pairs with time"],
        audit=audit_rows(runs),
    )
