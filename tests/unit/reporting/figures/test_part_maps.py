"""Part maps and channel attention over their pictures."""

import numpy as np
import pytest
from inspections_by_hand import attention, inspection, with_pictures

from streid.reporting.figures.canvas import Span, heat_over
from streid.reporting.figures.part_maps import plot_parts
from streid.reporting.figures.tiles import TileRow


def test_part_maps_and_channel_attention_lie_over_their_picture(tiles: list[TileRow]) -> None:
    made = with_pictures(inspection(blocks={"layer2": attention()}))
    block = made.inspection.blocks["layer2"]
    chart = plot_parts(made, "layer2", block)
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
