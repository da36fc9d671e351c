"""What the data set holds: its counts, its cameras and some of its people."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from PIL import Image

from streid.reporting.figures.people_counts import plot_identities
from streid.reporting.figures.pictures_per_camera import plot_cameras
from streid.reporting.report.samples import SampleRow, sample_identities, sample_pictures, sample_sheet, sample_tracklet
from streid.reporting.report.sections.frame import ChartGroup, Material, Section
from streid.reporting.report.tables import COUNT_TITLES, count_rows


@dataclass(frozen=True, kw_only=True, eq=False)
class DataSection(Section):
    """Counts per split, pictures per camera and identity, and sample pictures; summary: dataset.json."""

    summary: Mapping[str, Any]
    count_titles: Sequence[str]
    counts: Sequence[tuple[str, tuple[str, ...]]]
    groups: Sequence[ChartGroup]
    pictures: Sequence[SampleRow]
    people: Sequence[SampleRow]
    tracklet: SampleRow | None

    @property
    def sheets(self) -> Mapping[str, Image.Image]:
        """The sampled pictures, people and tracklet."""
        rows = {"samples": self.pictures, "samples_people": self.people}
        rows |= {"samples_tracklet": [self.tracklet]} if self.tracklet else {}
        return {name: sample_sheet(kept) for name, kept in rows.items()}


def compose_data(material: Material) -> DataSection:
    """Count and show the data set's pictures.

    Raises:
        InputError: a picture to be shown is missing or unreadable.
    """
    manifest, store, seed = material.manifest, material.store, material.seed
    return DataSection(
        summary=material.record["data"],
        count_titles=list(COUNT_TITLES.values()),
        counts=count_rows(material.record["data"]),
        groups=[ChartGroup(charts=[plot_cameras(manifest), *plot_identities(manifest)])],
        pictures=sample_pictures(manifest, store, seed),
        people=sample_identities(manifest, store, seed),
        tracklet=sample_tracklet(manifest, store, material.clock, seed),
    )
