"""Megabytes of the stages by the numbers that decide them."""

from collections.abc import Callable
from typing import Any

import pytest

from streid.workflow import memory

SCENE = {"queries": 1000, "gallery": 5000, "held_out": 100, "values": 512, "gpu": False}
NEIGHBOURS = {"k1": 20, "k2": 6, "candidates": 1, "block_rows": 2048}
NETWORK = {"pixels": 128 * 64, "batch_size": 32, "workers": 2, "pictures": 10_000, "gpu": False, "attended": 10_000}
TRAINING = {
    **NETWORK, "backbone": "resnet18", "weights": 90 << 20, "processes": 1, "optimizer": "sgd", "average": False,
    "compiled": False, "held_out": 300,
}  # fmt: skip
STAGES: dict[str, tuple[Callable[..., int], dict[str, Any]]] = {
    "rendering": (memory.rendering, {"processes": 4}),
    "preparing": (memory.preparing, {"pictures": 100_000, "threads": 4}),
    "importing": (memory.importing, {"features": 1 << 29, "pictures": 100_000}),
    "merging": (memory.merging, {"pictures": 100_000, "values": 12_288}),
    "counting": (memory.counting, {"pictures": 100_000, "cameras": 15, "bins": 2000}),
    "evaluating": (memory.evaluating, SCENE),
    "reranking": (memory.reranking, {**SCENE, **NEIGHBOURS}),
    "exploring": (memory.exploring, {"features": 1 << 29, "rankings": 1 << 28, "pictures": 10_000, "page_mb": 25}),
    "reporting": (memory.reporting, {"rankings": 1 << 28, "pictures": 10_000, "runs": 2}),
    "training": (memory.training, TRAINING),
    "exporting": (memory.exporting, {"weights": 90 << 20, "pixels": 128 * 64, "attended": 10_000}),
    "extracting": (memory.extracting, {**NETWORK, "weights": 90 << 20}),
    "inspecting": (
        memory.inspecting,
        {"weights": 90 << 20, "pixels": 128 * 64, "units": 8, "pictures": 10_000, "gpu": False, "attended": 10_000},
    ),
}
PLAIN = {"backbone", "optimizer", "block_rows"}


@pytest.mark.parametrize(
    ("stage", "name"), [(stage, name) for stage, (_, sizes) in STAGES.items() for name in sizes if name not in PLAIN]
)
def test_more_of_anything_never_needs_less_and_a_thousand_times_as_much_needs_more(stage: str, name: str) -> None:
    function, sizes = STAGES[stage]
    before = function(**sizes)
    if isinstance(sizes[name], bool):
        assert function(**{**sizes, name: True}) > before
        return
    asked = [function(**{**sizes, name: factor * max(1, sizes[name])}) for factor in (1, 2, 3)]
    assert asked == sorted(asked)
    assert asked[0] >= before
    assert function(**{**sizes, name: 1000 * max(10, sizes[name])}) > before


@pytest.mark.parametrize("stage", STAGES)
def test_what_is_asked_for_is_a_whole_number_that_fits_small_machines_at_these_sizes(stage: str) -> None:
    function, sizes = STAGES[stage]
    assert isinstance(function(**sizes), int)
    assert function(**sizes) % memory.ROUNDED_TO == 0
    assert 100 <= function(**sizes) < 6000


def test_channel_attention_grows_with_the_square_of_the_frames() -> None:
    assert memory.attended_cells(frames=1) == 512**2 + 1024**2
    assert memory.attended_cells(frames=4) == (4 * 512) ** 2


def test_a_sum_by_hand() -> None:
    """1,000 MB of libraries, 5 times 100 MB of weights, 10 x 1,000 pixels of 800 bytes, 2 batches of 30,000 bytes."""
    sizes = {
        **TRAINING, "weights": 100_000_000, "pixels": 1000, "batch_size": 10, "workers": 0, "pictures": 0,
        "held_out": 0, "attended": 0, "average": True,
    }  # fmt: skip
    assert memory.training(**sizes) == 1550  # 1000 + 500 + 8 + 0.06, rounded up to 50


def test_scoring_loads_torch_where_that_pays() -> None:
    few, many = ({**SCENE, "gallery": gallery, "values": 2048} for gallery in (45_000, 50_000))
    assert memory.evaluating(**many) - memory.evaluating(**few) > 500


def test_travel_time_tables_are_bounded_however_many_cameras_there_are() -> None:
    tables = 20 * (1 << 25) + 120 * (1 << 23)
    for cameras in (200, 5000):
        asked = memory.counting(pictures=0, cameras=cameras, bins=5000)
        assert 0 <= asked - (150 + tables / 1e6) < memory.ROUNDED_TO


def test_an_unknown_backbone_is_as_large_as_the_file_it_starts_from() -> None:
    assert memory.network_weights("resnet18") == 65_000_000
    assert memory.network_weights("resnet18", 30_000_000) == 65_000_000
    assert memory.network_weights("resnet18", 90_000_000) == 110_000_000
    assert memory.network_weights("timm:any", 30_000_000) == 50_000_000
    assert memory.network_weights("timm:any") == 370_000_000
