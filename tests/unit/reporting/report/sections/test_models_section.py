"""Figures of models at work."""

from inspections_by_hand import attention, graphs, inspection, stripes, with_pictures

from streid.reporting.figures.tiles import WIDTH
from streid.reporting.report.sections.models_section import _inspected_groups


def test_all_figures_have_alternatives_in_words_and_fit_a_phone() -> None:
    made = with_pictures(inspection(stripes=stripes(), graphs=graphs(), blocks={"layer2": attention()}))
    groups = _inspected_groups([made])
    assert [group.title for group in groups if not group.charts] == []
    charts = [chart for group in groups for chart in group.charts]
    assert len({chart.name for chart in charts}) == len(charts) == 8
    for chart in charts:
        assert "made" in chart.alt
        assert chart.alt.endswith(".")
        assert chart.size[0] <= WIDTH


def test_a_model_without_stripes_graphs_or_attention_shows_its_energy_alone() -> None:
    groups = _inspected_groups([with_pictures(inspection())])
    assert [group.title for group in groups if group.charts] == ["Energy of the last feature map"]
