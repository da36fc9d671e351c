"""Pictures and cameras per identity."""

import xml.etree.ElementTree as ET

import pandas as pd

from streid.reporting.figures.people_counts import _plot_people, plot_identities


def test_pictures_and_cameras_per_identity() -> None:
    rows = [(1, 1, "train"), (1, 1, "train"), (1, 2, "val"), (2, 1, "train"), (5, 1, "query"), (5, 3, "gallery")]
    table = pd.DataFrame([*rows, (-1, 1, "gallery"), (0, 2, "gallery")], columns=["pid", "camid", "split"])
    pictures, cameras = plot_identities(table)
    assert pictures.alt == (
        "Pictures per identity: trained on 1 to 3, half of the people at most 2, tested 2 to 2, half of the people at "
        "most 2."
    )
    assert cameras.alt.startswith("Cameras per identity: trained on 1 to 2, half of the people at most 1.5")


def test_people_are_counted_in_bars() -> None:
    chart = _plot_people("a", "Pictures per identity", {"trained on": pd.Series([1, 2, 2, 100])})
    bars = [group for group in ET.fromstring(chart.svg).iter() if group.get("id", "").startswith("patch_")]
    # A bar for each five numbers up to 100, with the background and two visible edges of the axes.
    assert len(bars) == 20 + 4
