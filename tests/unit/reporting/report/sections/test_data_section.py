"""The section on the data."""

from pathlib import Path
from types import SimpleNamespace

import pandas as pd
from PIL import Image

from streid.data.picture_source import PictureSource
from streid.reporting.contact_sheets import PictureStore
from streid.reporting.report.sections.data_section import compose_data
from streid.reporting.wording import Clock


def test_counts_charts_and_pictures(tmp_path: Path) -> None:
    rows = [("0.jpg", "train", 7, 1, 0, 10, 1), ("1.jpg", "train", 7, 1, 0, 20, 1), ("2.jpg", "query", 9, 2, 0, 5, -1)]
    for name, *_ in rows:
        Image.new("RGB", (64, 128)).save(tmp_path / name)
    columns = ["path", "split", "pid", "camid", "session", "time", "tracklet"]
    material = SimpleNamespace(
        record={"data": {"counts": {"train": {"pictures": 2, "identities": 1, "cameras": 1}}}},
        manifest=pd.DataFrame(rows, columns=columns),
        store=PictureStore(PictureSource(tmp_path)),
        clock=Clock(per_second=25, unit="frames"),
        seed=0,
    )
    section = compose_data(material)  # type: ignore[arg-type]
    assert [chart.name for chart in section.charts] == [
        "pictures_per_camera",
        "pictures_per_identity",
        "cameras_per_identity",
    ]
    assert section.counts[0][1][:3] == ("2", "1", "1")
    assert [row.title for row in section.pictures] == ["Training", "Test"]
    assert list(section.sheets) == ["samples", "samples_people", "samples_tracklet"]
