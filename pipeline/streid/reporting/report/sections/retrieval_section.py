"""How well right matches are found, and the best ranks of some queries."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from PIL import Image

from streid.reporting.figures.camera_pairs import CameraMatrices, plot_camera_pairs
from streid.reporting.figures.match_curve import match_curve_start, plot_match_curve
from streid.reporting.figures.precision_recall import plot_precision
from streid.reporting.figures.sorted_precisions import plot_queries
from streid.reporting.figures.stream_lines import Line, fusion_lines, model_lines
from streid.reporting.report.ranked import RankedQuery, hardest_queries, hardest_sheet, rank_queries, ranked_sheet
from streid.reporting.report.sections.frame import ChartGroup, Material, Section
from streid.reporting.runs import ModelRun, best_run
from streid.reporting.streams import fusion_phrase, fusion_title
from streid.reporting.wording import Clock


@dataclass(frozen=True, kw_only=True, eq=False)
class RetrievalSection(Section):
    """Curves, matrices and ranked lists.

    groups: curves of all models, if there are several, then those of the best model's streams, a group for each fusion.
    others: curves of the other models. matrices: of the best model. ranked_of: model and fusion of the matrices and
    lists.
    """

    groups: Sequence[ChartGroup]
    others: Sequence[ChartGroup]
    matrices: CameraMatrices | None
    ranked_of: str
    ranked: Sequence[RankedQuery]
    hardest: Sequence[RankedQuery]
    clock: Clock

    @property
    def sheets(self) -> Mapping[str, Image.Image]:
        """Each query's ranked lists, and the hardest queries."""
        sheets = {f"ranked_{number}": ranked_sheet(query) for number, query in enumerate(self.ranked, start=1)}
        return sheets | ({"hardest": hardest_sheet(self.hardest)} if self.hardest else {})


def compose_retrieval(material: Material) -> RetrievalSection:
    """Draw curves and matrices, and list the best gallery pictures of some queries.

    Raises:
        InputError: a picture to be shown is missing or unreadable.
    """
    best = best_run(material.runs)
    return RetrievalSection(
        groups=[*compare_models(material.runs), *(fusion_curves(best, fusion) for fusion in best.fusions)],
        others=[fusion_curves(run, fusion) for run in material.runs if run is not best for fusion in run.fusions],
        matrices=plot_camera_pairs(best),
        ranked_of=best.name if len(best.fusions) == 1 else f"{best.name}, {fusion_phrase(best.best_fusion)}",
        ranked=rank_queries(best, material.store, material.clock, material.queries, material.seed),
        hardest=hardest_queries(best, material.store, material.clock, material.queries),
        clock=material.clock,
    )


def compare_models(runs: Sequence[ModelRun]) -> list[ChartGroup]:
    """Curves of all models; empty if there is only one model."""
    if len(runs) < 2:
        return []
    lines = model_lines(runs)
    start = match_curve_start((line.key, line.metrics) for line in lines)
    return [_curves("models", "All models, each at its best step", lines, start)]


def fusion_curves(run: ModelRun, fusion: str) -> ChartGroup:
    """Curves of one model's streams under one fusion; the fusions' match curves share their axes."""
    title = f"{run.name}, {fusion_title(fusion)}" if len(run.fusions) > 1 else run.name
    return _curves(f"{run.name}_{fusion}", title, fusion_lines(run, fusion), match_curve_start(run.streams.items()))


def _curves(name: str, title: str, lines: Sequence[Line], start: float) -> ChartGroup:
    charts = [plot_match_curve(name, title, lines, start)]
    ranked = [line for line in lines if line.ranking is not None]
    if ranked:
        charts += [plot_precision(name, title, ranked), plot_queries(name, title, ranked)]
    return ChartGroup(title=title, charts=charts)
