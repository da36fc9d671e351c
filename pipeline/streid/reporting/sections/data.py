"""What the data set holds: its counts, its cameras and some of its people."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from PIL import Image

from streid.reporting.census import plot_cameras
from streid.reporting.charts import Chart
from streid.reporting.samples import SampleIdentity, sample_identities, sample_sheet
from streid.reporting.sections.frame import Material, Section
from streid.reporting.tables import COUNT_TITLES, count_rows


@dataclass(frozen=True, kw_only=True, eq=False)
class DataSection(Section):
    """Counts per split, pictures per camera, and people in several cameras; summary: dataset.json."""

    summary: Mapping[str, Any]
    count_titles: Sequence[str]
    counts: Sequence[tuple[str, tuple[str, ...]]]
    cameras: Chart
    samples: Sequence[SampleIdentity]

    @property
    def charts(self) -> Sequence[Chart]:
        """Pictures per camera."""
        return (self.cameras,)

    @property
    def sheets(self) -> Mapping[str, Image.Image]:
        """The sampled people."""
        return {"samples": sample_sheet(self.samples)}


def compose_data(material: Material) -> DataSection:
    """Count and show the data set's pictures.

    Raises:
        InputError: a picture to be shown is missing or unreadable.
    """
    return DataSection(
        summary=material.record["data"],
        count_titles=list(COUNT_TITLES.values()),
        counts=count_rows(material.record["data"]),
        cameras=plot_cameras(material.manifest),
        samples=sample_identities(material.manifest, material.store, material.seed),
    )
