"""The adjacency as matrices."""

import re

import numpy as np
from inspections_by_hand import graphs, inspection, texts, with_pictures

from streid.reporting.figures.adjacency import plot_adjacency


def test_adjacency_is_the_mean_of_clips_and_frames() -> None:
    made = with_pictures(inspection(graphs=graphs()))
    assert made.inspection.graphs is not None
    chart = plot_adjacency(made, made.inspection.graphs)
    assert {"62", "38", "40", "60", "10", "90"} <= set(texts(chart))
    assert "patch 3 receives most from patch 2 with 0.90; between frames 1.00" in chart.alt


def test_matrices_of_overlapping_patches_lie_side_by_side() -> None:
    boxes = np.array([[0, 0, 2 / 3, 1], [1 / 6, 0, 5 / 6, 1], [1 / 3, 0, 1, 1]], np.float32)
    made = with_pictures(inspection(graphs=graphs(boxes_V4=boxes)))
    assert made.inspection.graphs is not None
    drawing = plot_adjacency(made, made.inspection.graphs).drawing
    matrices = re.findall(r'<image [^>]*?width="2"[^>]*?>', drawing)
    assert len(matrices) == len({re.search(r'transform="[^"]*"', one)[0] for one in matrices}) == 3  # type: ignore[index]
