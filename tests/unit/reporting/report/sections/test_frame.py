"""What sections give to the page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from streid.reporting.figures.charts import Chart
from streid.reporting.report.sections.frame import ChartGroup, Section


def chart(name: str) -> Chart:
    return Chart(name=name, title="", alt="", size=(1, 1), drawing="")


@dataclass(frozen=True, kw_only=True, eq=False)
class Some(Section):
    single: Chart
    none: Chart | None
    groups: Sequence[ChartGroup]
    other: Mapping[str, Any] = field(default_factory=dict)


def test_every_chart_of_a_section_is_found_in_the_order_of_its_fields() -> None:
    groups = [ChartGroup(charts=[chart("b"), chart("c")]), ChartGroup(charts=())]
    section = Some(single=chart("a"), none=None, groups=groups, other={"not": "looked at"})
    assert [one.name for one in section.charts] == ["a", "b", "c"]
    assert section.sheets == {}
