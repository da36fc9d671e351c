"""The report's figures as files."""

from pathlib import Path
from typing import Any

from PIL import Image

from streid.reporting.figures.charts import Chart, draw_chart
from streid.reporting.report.report_page import Report, write_figures
from streid.reporting.report.sections.frame import ChartGroup
from streid.reporting.report.sections.training_section import TrainingSection


class Pictures(TrainingSection):
    @property
    def sheets(self) -> dict[str, Image.Image]:
        return {"samples": Image.new("RGB", (4, 4))}


def chart(name: str) -> Chart:
    return draw_chart(name=name, title="", alt="", size=(200, 100), paint=lambda axes: axes.plot([1, 2]) and None)


def test_every_chart_and_sheet_becomes_a_file_and_those_of_before_go(tmp_path: Path) -> None:
    empty: Any = TrainingSection(titles=(), ends=[], groups=[])
    full: Any = Pictures(titles=(), ends=[], groups=[ChartGroup(charts=[chart("a"), chart("b")])])
    names = ("headline", "data", "training", "spatiotemporal", "retrieval", "models", "provenance")
    report = Report(**(dict.fromkeys(names, empty) | {"training": full}))
    for name in ("old.svg", "old.png", "notes.txt"):
        (tmp_path / name).write_text("old")
    assert write_figures(tmp_path, report) == ["a.svg", "b.svg", "samples.png"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.svg", "b.svg", "notes.txt", "samples.png"]
    assert b"<svg" in (tmp_path / "a.svg").read_bytes()
    assert list(report.sections) == list(names)
