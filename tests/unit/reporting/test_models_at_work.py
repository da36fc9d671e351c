"""Figures of models at work: planted energy, parts and edges stand where they should, in picture and words."""

import re
from pathlib import Path

import numpy as np
import pytest
from conftest import write_picture
from inspections_by_hand import attention, graphs, inspection, stripes

from streid.data.picture_source import PictureSource
from streid.files.inspections import Inspection
from streid.reporting.contact_sheets import PictureStore
from streid.reporting.figures import attending, views
from streid.reporting.figures import graphs as drawn
from streid.reporting.figures.canvas import Span, coloured, heat_over
from streid.reporting.figures.charts import Chart
from streid.reporting.figures.views import Inspected, height_words, tile_left
from streid.reporting.palette import COLOURS


def shown(inspected: Inspection) -> Inspected:
    generator = np.random.default_rng(0)
    pictures = generator.integers(0, 256, (*inspected.paths_UT.shape, 128, 64, 3), np.uint8)
    return Inspected(name="made", title="made", inspection=inspected, pictures_UT=[list(unit) for unit in pictures])


def texts(chart: Chart) -> list[str]:
    return re.findall(r"<text[^>]*>([^<]*)</text>", chart.svg.decode())


def colours(chart: Chart, colour: str) -> int:
    """How many lines or areas of the light chart have a colour."""
    return len(re.findall(rf"(?:stroke|fill): {colour}", chart.svg.decode()))


@pytest.fixture
def tiles(monkeypatch: pytest.MonkeyPatch) -> list[views.TileRow]:
    """The rows of tiles that are drawn."""
    kept: list[views.TileRow] = []
    draw = views.draw_tiles

    def keep(**given: object) -> Chart:
        kept.extend(given["rows"])  # type: ignore[arg-type]
        return draw(**given)  # type: ignore[arg-type]

    monkeypatch.setattr(attending, "draw_tiles", keep)
    return kept


def test_energy_of_clips_lies_over_their_frames(tiles: list[views.TileRow]) -> None:
    made = shown(inspection())
    chart = attending.plot_energy(made)
    assert [row.heads for row in tiles] == [[(0, "identity 7, camera 1")], (), [(0, "identity 7, camera 3")], ()]
    for unit in (0, 1):
        for frame in (0, 1):
            picture = made.pictures_UT[unit][frame]
            np.testing.assert_array_equal(tiles[2 * unit].tiles[frame], picture)
            planted = heat_over(picture, made.inspection.energy_UThw[unit, frame], Span(1, 5))
            np.testing.assert_array_equal(tiles[2 * unit + 1].tiles[frame], planted)
    assert "identity 7, camera 3: highest in the upper third" in chart.alt
    assert (chart.name, chart.title) == ("energy_made", "made")
    assert {"1", "5", "energy"} <= set(texts(chart))


def test_energy_of_pictures_stands_beside_them(tiles: list[views.TileRow]) -> None:
    units = 5
    energy = np.ones((units, 1, 4, 2), np.float32)
    energy[:, 0, 3, 1] = 2
    paths = np.array([[f"{unit}.jpg"] for unit in range(units)], object)
    made = shown(inspection(pid_U=np.arange(units) + 7, camid_U=np.arange(units), paths_UT=paths, energy_UThw=energy))
    chart = attending.plot_energy(made)
    assert [len(row.tiles) for row in tiles] == [8, 2]
    assert tiles[1].heads == [(0, "id 11, camera 4")]
    np.testing.assert_array_equal(tiles[0].tiles[2], made.pictures_UT[1][0])
    assert chart.alt.count("highest in the lower third") == units


def test_stripes_are_as_long_as_their_norms() -> None:
    made = shown(inspection(stripes=stripes()))
    assert made.inspection.stripes is not None
    chart = attending.plot_stripes(made, made.inspection.stripes)
    assert {"4", "2", "3", "1"} <= set(texts(chart))
    assert chart.alt.endswith("identity 7, camera 1: stripe 1 of 2; identity 7, camera 3: stripe 1 of 2.")
    bars, blue_and_orange = {}, [COLOURS[name][0] for name in ("blue", "orange")]
    for colour in blue_and_orange:
        found = re.findall(rf'<path d="M ([\d.]+) [\d.]+ \n?L ([\d.]+) [^"]*"[^>]*fill: {colour}', chart.svg.decode())
        bars[colour] = sorted(round(float(right) - float(left), 1) for left, right in found)
    unit = attending.BAR_LENGTH * 0.75 / 4  # points for a norm of 1, the longest being 4
    assert bars[blue_and_orange[1]] == pytest.approx([3 * unit, 4 * unit], abs=0.1)
    assert bars[blue_and_orange[0]] == pytest.approx([1 * unit, 2 * unit], abs=0.1)


def test_part_maps_and_channel_attention_lie_over_their_picture(tiles: list[views.TileRow]) -> None:
    made = shown(inspection(blocks={"layer2": attention()}))
    block = made.inspection.blocks["layer2"]
    chart = attending.plot_parts(made, "layer2", block)
    assert len(tiles) == 4
    assert [words for _, words in tiles[0].heads] == ["picture", "part 1", "part 2", "channels"]
    assert tiles[3].note == ["identity 7", "camera 3", "frame 2"]
    picture = made.pictures_UT[1][0]
    np.testing.assert_array_equal(tiles[2].tiles[0], picture)
    for part in (0, 1):
        planted = heat_over(picture, block.part_maps_UTPhw[1, 0, part], Span(0, 1))
        np.testing.assert_array_equal(tiles[2].tiles[1 + part], planted)
    np.testing.assert_array_equal(tiles[2].tiles[3], heat_over(picture, block.added_UThw[1, 0], Span(0, 31)))
    # Centres by hand: a row of 0.875 and three of 0.125 at heights 1/8, 3/8, 5/8, 7/8.
    first = (0.875 / 8 + 0.125 * 15 / 8) / 1.25
    assert first == pytest.approx(0.275)
    assert chart.alt == (
        "Part maps of made after layer2. part 1 centres in the upper third; part 2 centres in the lower third."
    )
    assert chart.name == "parts_made_layer2"


def test_messages_are_the_mean_of_the_units() -> None:
    messages = attention().messages_UVV.copy()
    messages[1, 0] = [0, 0.25, 0.75, 0]
    made = shown(inspection(blocks={"layer2": attention(messages_UVV=messages)}))
    chart = attending.plot_messages(made)
    assert chart.alt == (
        "Messages between the parts of made, largest weight: after layer2, part 2 of frame 2 hears part 1 of frame 2 "
        "with 0.75."
    )
    # First row: means of 0.75 and 0.25, and of 0.25 and 0.75; in hundredths.
    assert texts(chart).count("50") == 2 + 4
    assert {"after layer2", "0.00", "0.75", "weight"} <= set(texts(chart))


def test_channels_are_sorted_in_equal_shares() -> None:
    made = shown(inspection(blocks={"layer2": attention(), "layer3": attention(9)}))
    # Of 1 + 2 + 3 + 4 the last channel gets 4/10, four times as many equal shares; of 1 to 9 9/45.
    assert attending.plot_channels(made).alt == (
        "Attention made's channels get, in equal shares; the most heard one gets after layer2 1.6, after layer3 1.8."
    )


def test_graphs_show_planted_edges_by_width_and_colour() -> None:
    made = shown(inspection(graphs=graphs()))
    assert made.inspection.graphs is not None
    chart = drawn.plot_graphs(made, made.inspection.graphs)
    # Learned halves by hand: 1-2 mean of 0.25 and 0.3, 1-3 of 0.75 and 0.2, 2-3 of 0.7 and 0.8.
    assert "identity 7, camera 1: strongest edges between patches 2 and 3 of frame 1 (0.75)" in chart.alt
    assert "between frames 1 and 2 (1.00)" in chart.alt
    widths = {}
    for colour in (drawn.TOUCHING, drawn.APART):
        line = rf"fill: none; stroke: {colour}; stroke-opacity: [\d.]+; stroke-width: ([\d.]+)"
        widths[colour] = set(map(float, re.findall(line, chart.svg.decode())))
    widest = drawn.WIDEST * 0.75
    assert sorted(widths[drawn.TOUCHING]) == pytest.approx([widest * (0.275 / 0.75) ** 1.5, widest], abs=1e-3)
    assert sorted(widths[drawn.APART]) == pytest.approx([widest * (0.475 / 0.75) ** 1.5], abs=1e-3)
    assert colours(chart, drawn.APART) == 4  # one edge in each frame
    assert colours(chart, drawn.TOUCHING) == 8


def test_adjacency_is_the_mean_of_clips_and_frames() -> None:
    made = shown(inspection(graphs=graphs()))
    assert made.inspection.graphs is not None
    chart = drawn.plot_adjacency(made, made.inspection.graphs)
    assert {"62", "38", "40", "60", "10", "90"} <= set(texts(chart))
    assert "patch 3 hears patch 2 with 0.90; between frames 1.00" in chart.alt


def test_matrices_of_overlapping_patches_lie_side_by_side() -> None:
    boxes = np.array([[0, 0, 2 / 3, 1], [1 / 6, 0, 5 / 6, 1], [1 / 3, 0, 1, 1]], np.float32)
    made = shown(inspection(graphs=graphs(boxes_V4=boxes)))
    assert made.inspection.graphs is not None
    drawing = drawn.plot_adjacency(made, made.inspection.graphs).svg.decode()
    matrices = re.findall(r'<image [^>]*?width="2"[^>]*?>', drawing)
    assert len(matrices) == len({re.search(r'transform="[^"]*"', one)[0] for one in matrices}) == 3  # type: ignore[index]


def test_branches_stand_at_their_norms() -> None:
    made = shown(inspection(graphs=graphs()))
    assert made.inspection.graphs is not None
    chart = drawn.plot_branches(made, made.inspection.graphs)
    assert chart.alt.endswith("mean of the clips: global 2.5, temporal 5.5, spatial 4.25.")
    assert {"global", "temporal", "spatial", "identity 7, camera 1"} <= set(texts(chart))


def test_all_have_alternatives_in_words_and_fit_a_phone() -> None:
    made = shown(inspection(stripes=stripes(), graphs=graphs(), blocks={"layer2": attention()}))
    inspected = made.inspection
    assert inspected.stripes is not None
    assert inspected.graphs is not None
    charts = [
        attending.plot_energy(made),
        attending.plot_stripes(made, inspected.stripes),
        attending.plot_parts(made, "layer2", inspected.blocks["layer2"]),
        attending.plot_messages(made),
        attending.plot_channels(made),
        *(draw(made, inspected.graphs) for draw in (drawn.plot_graphs, drawn.plot_adjacency, drawn.plot_branches)),
    ]
    assert len({chart.name for chart in charts}) == len(charts)
    for chart in charts:
        assert "made" in chart.alt
        assert chart.alt.endswith(".")
        assert chart.size[0] <= views.WIDTH
    assert tile_left(8) <= views.WIDTH + views.GAP


def test_models_of_the_same_weights_are_shown_once(tmp_path: Path) -> None:
    for name in "abcd":
        write_picture(tmp_path / f"{name}.jpg", seed=ord(name))
    other = inspection(energy_UThw=np.ones((2, 2, 4, 2), np.float32))
    found = views.show_pictures(
        {"pcb": inspection(), "other": other, "pcb_tracklets": inspection()}, PictureStore(PictureSource(tmp_path))
    )
    assert [(one.name, one.title) for one in found] == [("pcb", "pcb, pcb_tracklets"), ("other", "other")]
    assert attending.plot_energy(found[0]).title == "pcb, pcb_tracklets"
    assert [len(unit) for unit in found[0].pictures_UT] == [2, 2]
    assert found[0].pictures_UT[1][1].shape == (128, 64, 3)


def test_heights_have_words() -> None:
    assert [height_words(share) for share in (0.1, 0.5, 0.9)] == [
        "the upper third",
        "the middle third",
        "the lower third",
    ]
    np.testing.assert_allclose(coloured(np.ones(1, np.float32), "viridis")[0], (0xFD, 0xE7, 0x25), atol=1)
