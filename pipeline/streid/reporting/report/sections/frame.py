"""What every section of the page is made from, and what it gives to the page and its figures folder."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from PIL import Image

from streid.files.histograms import Histograms
from streid.reporting.contact_sheets import PictureStore
from streid.reporting.figures.charts import Chart
from streid.reporting.report.commands import StageCommands
from streid.reporting.report.tables import CostRow
from streid.reporting.runs import ModelRun
from streid.reporting.wording import Clock


@dataclass(frozen=True, kw_only=True, eq=False)
class Material:
    """What the sections are made from.

    record: report.json's content. queries: how many ranked lists to show. costs: what each stage took, None
    where that is not known. commands: how to repeat each stage. foreign: models whose scores use another data
    set's histograms -> that set's name. explorer: link to the gallery explorer, None without one.
    """

    record: Mapping[str, Any]
    runs: Sequence[ModelRun]
    manifest: pd.DataFrame
    histograms: Histograms
    store: PictureStore
    clock: Clock
    queries: int
    costs: Sequence[CostRow] | None
    commands: Sequence[StageCommands]
    foreign: Mapping[str, str]
    explorer: str | None

    @property
    def dataset(self) -> str:
        """The data set's name."""
        return str(self.record["dataset"])

    @property
    def seed(self) -> int:
        """Draws queries and pictures."""
        return int(self.record["seed"])


class Section:
    """A section of the page: its fields are what its template shows."""

    @property
    def charts(self) -> Sequence[Chart]:
        """Every chart it shows; each becomes a file of the chart's name."""
        return ()

    @property
    def sheets(self) -> Mapping[str, Image.Image]:
        """Its pictures as files of their own: name without ending -> picture."""
        return {}
