"""How well right matches are found, and what the best ranks of some queries look like."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from PIL import Image

from streid.reporting.figures.camera_pairs import CameraMatrices, plot_camera_pairs
from streid.reporting.figures.charts import Chart
from streid.reporting.figures.matches import MatchCharts, compare_models, plot_matches
from streid.reporting.report.ranked import RankedQuery, hardest_queries, hardest_sheet, rank_queries, ranked_sheet
from streid.reporting.report.sections.frame import Material, Section
from streid.reporting.runs import best_run
from streid.reporting.streams import fusion_phrase
from streid.reporting.wording import Clock


@dataclass(frozen=True, kw_only=True, eq=False)
class RetrievalSection(Section):
    """Curves, matrices and ranked lists.

    models: all models beside each other, None where there is one. best, others: the streams of the best model, and
    of the others, a group per fusion. matrices: of the best model. ranked_of: the model, and fusion, of
    the matrices and lists.
    """

    models: MatchCharts | None
    best: Sequence[MatchCharts]
    others: Sequence[MatchCharts]
    matrices: CameraMatrices | None
    ranked_of: str
    ranked: Sequence[RankedQuery]
    hardest: Sequence[RankedQuery]
    clock: Clock

    @property
    def charts(self) -> Sequence[Chart]:
        """The curves and the matrices."""
        groups = [*([self.models] if self.models else []), *self.best, *self.others]
        return [
            *(chart for group in groups for chart in group.charts),
            *(self.matrices.charts if self.matrices else ()),
        ]

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
        models=compare_models(material.runs),
        best=[plot_matches(best, fusion) for fusion in best.fusions],
        others=[plot_matches(run, fusion) for run in material.runs if run is not best for fusion in run.fusions],
        matrices=plot_camera_pairs(best),
        ranked_of=best.name if len(best.fusions) == 1 else f"{best.name}, {fusion_phrase(best.main_fusion)}",
        ranked=rank_queries(best, material.store, material.clock, material.queries, material.seed),
        hardest=hardest_queries(best, material.store, material.clock, material.queries),
        clock=material.clock,
    )
