"""Inspected units and their pictures."""

from pathlib import Path

import numpy as np
from conftest import write_picture
from inspections_by_hand import inspection

from streid.data.picture_source import PictureSource
from streid.reporting.contact_sheets import PictureStore
from streid.reporting.figures.energy import plot_energy
from streid.reporting.figures.inspected import height_words, show_pictures


def test_models_of_the_same_weights_are_shown_once(tmp_path: Path) -> None:
    for name in "abcd":
        write_picture(tmp_path / f"{name}.jpg", seed=ord(name))
    other = inspection(energy_UThw=np.ones((2, 2, 4, 2), np.float32))
    found = show_pictures(
        {"pcb": inspection(), "other": other, "pcb_tracklets": inspection()}, PictureStore(PictureSource(tmp_path))
    )
    assert [(one.name, one.title) for one in found] == [("pcb", "pcb, pcb_tracklets"), ("other", "other")]
    assert plot_energy(found[0]).title == "pcb, pcb_tracklets"
    assert [len(unit) for unit in found[0].pictures_UT] == [2, 2]
    assert found[0].pictures_UT[1][1].shape == (128, 64, 3)


def test_heights_have_words() -> None:
    assert [height_words(share) for share in (0.1, 0.5, 0.9)] == [
        "the upper third",
        "the middle third",
        "the lower third",
    ]
