"""Inspections of two units written by hand, for the tests of their file and of the report."""

import re
from typing import Any

import numpy as np

from streid.files.inspections import BlockAttention, Inspection, PatchGraphs, Stripes
from streid.reporting.figures.charts import Chart
from streid.reporting.figures.inspected import Inspected


def stripes(**changes: Any) -> Stripes:
    """An upper and a lower stripe."""
    values = {"bounds_P2": np.array([[0, 0.5], [0.5, 1]]), "norms_UP": np.array([[4.0, 2.0], [3.0, 1.0]])}
    return Stripes(**_single(values | changes))


def graphs(**changes: Any) -> PatchGraphs:
    """Three patches, one above the other, over two frames; the first hears the last most, but is not beside it."""
    spatial = np.array([[0, 0.625, 0.375], [0.4, 0, 0.6], [0.1, 0.9, 0]])
    temporal = np.array([[0.0, 1.0], [1.0, 0.0]])
    values = {
        "boxes_V4": np.array([[0, 0, 1 / 3, 1], [1 / 3, 0, 2 / 3, 1], [2 / 3, 0, 1, 1]]),
        "spatial_UTVV": np.tile(spatial, (2, 2, 1, 1)),
        "temporal_UVTT": np.tile(temporal, (2, 3, 1, 1)),
        "fixed_spatial_VV": np.array([[0, 1, 0], [0.5, 0, 0.5], [0, 1, 0]]),
        "fixed_temporal_TT": temporal,
        "norms_UB": np.array([[3.0, 5.0, 4.0], [2.0, 6.0, 4.5]]),
    }
    return PatchGraphs(**_single(values | changes))


def attention(channels: int = 4, **changes: Any) -> BlockAttention:
    """Two parts over two frames of 4x2 places; the first part is in the top row, the second in the bottom row."""
    part_maps = np.full((2, 2, 2, 4, 2), 0.125)
    part_maps[:, :, 0, 0] = part_maps[:, :, 1, 3] = 0.875
    messages = np.array([[0, 0.75, 0.25, 0], [0.5, 0, 0, 0.5], [0.5, 0, 0, 0.5], [0, 0.25, 0.75, 0]])
    values = {
        "part_maps_UTPhw": part_maps,
        "messages_UVV": np.tile(messages, (2, 1, 1)),
        "received_UC": np.tile(np.arange(1, channels + 1) / (channels * (channels + 1) / 2), (2, 1)),
        "added_UThw": np.arange(32.0).reshape(2, 2, 4, 2),
    }
    return BlockAttention(**_single(values | changes))


def inspection(**changes: Any) -> Inspection:
    """One person in cameras 1 and 3, two pictures each; energy is highest in the top left corner."""
    energy = np.ones((2, 2, 4, 2))
    energy[:, :, 0, 0] = 5
    values: dict[str, Any] = {
        "dataset": "demo",
        "model": "made",
        "architecture": "stgcn",
        "pid_U": np.array([7, 7]),
        "camid_U": np.array([1, 3]),
        "paths_UT": np.array([["a.jpg", "b.jpg"], ["c.jpg", "d.jpg"]], object),
        "energy_UThw": energy.astype(np.float32),
    }
    return Inspection(**values | changes)


def with_pictures(inspected: Inspection) -> Inspected:
    """An inspection with pictures of noise."""
    generator = np.random.default_rng(0)
    pictures = generator.integers(0, 256, (*inspected.paths_UT.shape, 128, 64, 3), np.uint8)
    return Inspected(name="made", title="made", inspection=inspected, pictures_UT=[list(unit) for unit in pictures])


def texts(chart: Chart) -> list[str]:
    """Everything that is written in a chart."""
    return re.findall(r"<text[^>]*>([^<]*)</text>", chart.drawing)


def _single(values: dict[str, Any]) -> dict[str, Any]:
    return {name: np.asarray(value, np.float32) for name, value in values.items()}
