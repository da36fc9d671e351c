"""The report as one self-contained HTML page, and its figures as files."""

from dataclasses import dataclass, fields
from pathlib import Path

from streid.files.atomic import atomic_output
from streid.reporting.html_pages import render
from streid.reporting.report.sections.data_section import DataSection, compose_data
from streid.reporting.report.sections.frame import Material, Section
from streid.reporting.report.sections.headline_section import HeadlineSection, compose_headline
from streid.reporting.report.sections.models_section import ModelsSection, compose_models
from streid.reporting.report.sections.provenance_section import ProvenanceSection, compose_provenance
from streid.reporting.report.sections.retrieval_section import RetrievalSection, compose_retrieval
from streid.reporting.report.sections.spatiotemporal_section import SpatiotemporalSection, compose_spatiotemporal
from streid.reporting.report.sections.training_section import TrainingSection, compose_training

PAGE = Path(__file__).parent / "templates" / "page.html.jinja"
FIGURE_ENDINGS = (".svg", ".png")


@dataclass(frozen=True, kw_only=True, eq=False)
class Report:
    """The page's sections, in order; each has a template and may have a style sheet, named as its field."""

    headline: HeadlineSection
    data: DataSection
    training: TrainingSection
    spatiotemporal: SpatiotemporalSection
    retrieval: RetrievalSection
    models: ModelsSection
    provenance: ProvenanceSection

    @property
    def sections(self) -> dict[str, Section]:
        """Name -> section."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


def compose_report(material: Material) -> Report:
    """Draw the figures, choose the pictures and put the tables into words.

    Raises:
        InputError: a picture to be shown is missing or unreadable.
    """
    return Report(
        headline=compose_headline(material),
        data=compose_data(material),
        training=compose_training(material),
        spatiotemporal=compose_spatiotemporal(material),
        retrieval=compose_retrieval(material),
        models=compose_models(material),
        provenance=compose_provenance(material),
    )


def render_page(material: Material, report: Report) -> str:
    """The page's HTML; every name and path in it is escaped."""
    return render(
        PAGE,
        **report.sections,
        sections=list(report.sections),
        dataset=material.dataset,
        explorer=material.explorer,
    )


def write_figures(folder: Path, report: Report) -> list[str]:
    """Write every figure of the page as a file; figures of an earlier report are removed.

    Args:
        folder: only for this report's figures. Charts are SVG, pictures PNG.

    Returns:
        The files' names, sorted.
    """
    written = []
    folder.mkdir(parents=True, exist_ok=True)
    for section in report.sections.values():
        for chart in section.charts:
            with atomic_output(folder / f"{chart.name}.svg") as partial:
                partial.write_bytes(chart.svg)
            written.append(f"{chart.name}.svg")
        for name, sheet in section.sheets.items():
            with atomic_output(folder / f"{name}.png") as partial:
                sheet.save(partial, "PNG")
            written.append(f"{name}.png")
    for entry in sorted(folder.iterdir()):
        if entry.suffix in FIGURE_ENDINGS and entry.is_file() and entry.name not in written:
            entry.unlink()
    return sorted(written)
