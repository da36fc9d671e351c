"""Planted energy stands where it should, in picture and words."""

import numpy as np
from inspections_by_hand import inspection, texts, with_pictures

from streid.reporting.figures.canvas import Span, heat_over
from streid.reporting.figures.energy import plot_energy
from streid.reporting.figures.tiles import TileRow


def test_energy_of_clips_lies_over_their_frames(tiles: list[TileRow]) -> None:
    made = with_pictures(inspection())
    chart = plot_energy(made)
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


def test_energy_of_pictures_stands_beside_them(tiles: list[TileRow]) -> None:
    units = 5
    energy = np.ones((units, 1, 4, 2), np.float32)
    energy[:, 0, 3, 1] = 2
    paths = np.array([[f"{unit}.jpg"] for unit in range(units)], object)
    people = {"pid_U": np.arange(units) + 7, "camid_U": np.arange(units)}
    made = with_pictures(inspection(**people, paths_UT=paths, energy_UThw=energy))
    chart = plot_energy(made)
    assert [len(row.tiles) for row in tiles] == [8, 2]
    assert tiles[1].heads == [(0, "id 11, camera 4")]
    np.testing.assert_array_equal(tiles[0].tiles[2], made.pictures_UT[1][0])
    assert chart.alt.count("highest in the lower third") == units
