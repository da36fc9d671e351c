"""The material of every section of the page, and what a section gives to the page and the figures folder."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
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

    record: report.json's content. queries: how many ranked lists to show. costs: time and memory of each stage; None
    if not known. repeat: the command that makes the report again. commands: how to repeat each stage. foreign: models
    whose scores use another data set's histograms -> that set's name. explorer: link to the gallery explorer, or None.
    """

    record: Mapping[str, Any]
    runs: Sequence[ModelRun]
    manifest: pd.DataFrame
    histograms: Histograms
    store: PictureStore
    clock: Clock
    queries: int
    costs: Sequence[CostRow] | None
    repeat: str
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


@dataclass(frozen=True, kw_only=True, eq=False)
class ChartGroup:
    """Charts that are shown together; a group without charts is not shown.

    title: above them. reading: how to read them, in a sentence or two. layout: CSS class of their layout.
    """

    charts: Sequence[Chart]
    title: str = ""
    reading: str = ""
    layout: str = ""


class Section:
    """A section of the page: its fields are what its template shows. Every section is a dataclass."""

    @property
    def charts(self) -> Sequence[Chart]:
        """Every chart in its fields; each becomes a file of the chart's name."""
        return list(_charts_in(self))

    @property
    def sheets(self) -> Mapping[str, Image.Image]:
        """Its pictures as files of their own: name without ending -> picture."""
        return {}


def _charts_in(value: Any) -> Iterator[Chart]:
    """The charts in a value, in the lists and in the dataclasses in it."""
    if isinstance(value, Chart):
        yield value
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _charts_in(one)
    elif is_dataclass(value):
        for field in fields(value):
            yield from _charts_in(getattr(value, field.name))
