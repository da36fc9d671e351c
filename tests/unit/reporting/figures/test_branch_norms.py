"""Lengths of the branches' features."""

from inspections_by_hand import graphs, inspection, texts, with_pictures

from streid.reporting.figures.branch_norms import plot_branches


def test_branches_stand_at_their_norms() -> None:
    made = with_pictures(inspection(graphs=graphs()))
    assert made.inspection.graphs is not None
    chart = plot_branches(made, made.inspection.graphs)
    assert chart.alt.endswith("mean of the clips: global 2.5, temporal 5.5, spatial 4.25.")
    assert {"global", "temporal", "spatial", "identity 7, camera 1"} <= set(texts(chart))
