"""How well right matches are found, and what the best ranks of some queries look like."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from PIL import Image

from streid.reporting.charts import Chart
from streid.reporting.matches import plot_match_curves
from streid.reporting.ranked import RankedQuery, rank_queries, ranked_sheet
from streid.reporting.runs import best_run
from streid.reporting.sections.frame import Material, Section
from streid.reporting.streams import fusion_title
from streid.reporting.wording import Clock


@dataclass(frozen=True, kw_only=True, eq=False)
class RetrievalSection(Section):
    """Match curves and ranked lists; ranked_of: the model, and fusion, of the lists."""

    match_curves: Sequence[Chart]
    ranked_of: str
    ranked: Sequence[RankedQuery]
    clock: Clock

    @property
    def charts(self) -> Sequence[Chart]:
        """The match curves."""
        return self.match_curves

    @property
    def sheets(self) -> Mapping[str, Image.Image]:
        """Each query's ranked lists."""
        return {f"ranked_{number}": ranked_sheet(query) for number, query in enumerate(self.ranked, start=1)}


def compose_retrieval(material: Material) -> RetrievalSection:
    """Draw the match curves and list the best gallery pictures of some queries.

    Raises:
        InputError: a picture to be shown is missing or unreadable.
    """
    best = best_run(material.runs)
    return RetrievalSection(
        match_curves=[chart for run in material.runs for chart in plot_match_curves(run)],
        ranked_of=best.name if len(best.fusions) == 1 else f"{best.name}, {fusion_title(best.main_fusion)} fusion",
        ranked=rank_queries(best, material.store, material.clock, material.queries, material.seed),
        clock=material.clock,
    )
