"""Units: a picture or a tracklet, which makes one training sample or one row of features.

Shape suffixes: U units.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from streid.data.manifest import sightings
from streid.errors import InputError
from streid.files.sightings import UNKNOWN_TIME, Sightings

UNITS = ("picture", "tracklet")
NO_TRACKLET = -1
DESCRIBING = ("pid", "camid", "session")


@dataclass(frozen=True, kw_only=True, eq=False)
class Units:
    """Pictures or tracklets: identity, camera and time of each, and its pictures' paths in the order of time."""

    sightings: Sightings
    paths: Sequence[tuple[str, ...]]

    def __post_init__(self) -> None:
        if len(self.paths) != len(self.sightings):
            raise InputError(f"{len(self.paths)} path lists for {len(self.sightings)} units")

    def __len__(self) -> int:
        return len(self.paths)

    def take(self, rows: slice) -> "Units":
        """The units in `rows`, in their order."""
        return Units(sightings=self.sightings.take(rows), paths=self.paths[rows])


def choose_unit(chosen: str, protocol_unit: str | None, frames: int) -> str:
    """What `auto` means: tracklets if the data set's protocol or the model needs them.

    Args:
        chosen: auto, picture or tracklet.
        protocol_unit: what the data set's protocol evaluates, as dataset.json says; None for pictures.
        frames: pictures in the model's input; more than 1 for a model of clips.
    """
    if chosen != "auto":
        return chosen
    return "tracklet" if protocol_unit == "tracklet" or frames > 1 else "picture"


def make_units(table: pd.DataFrame, unit: str) -> Units:
    """A split's units, in the order of their first rows.

    A tracklet has the rows with one tracklet number, sorted by time, then path; a row without a number is its own
    tracklet. A tracklet's time is the mean of its known times, rounded (half to even); its path is that of its first
    picture.

    Args:
        table: rows of a manifest, of one split.
        unit: `picture` or `tracklet`.

    Raises:
        InputError: the pictures of a tracklet differ in identity, camera or session.
    """
    if unit == "picture":
        return Units(sightings=sightings(table), paths=[(path,) for path in table["path"]])
    if unit != "tracklet":
        raise InputError(f"unknown unit {unit!r}; known: {', '.join(UNITS)}")
    table = table.reset_index(drop=True)
    alone = table["tracklet"] == NO_TRACKLET
    numbers = table["tracklet"].where(~alone, -2 - table.index.to_numpy())
    # Numbers in the order of first appearance, so that units keep the order of their first rows.
    table = table.assign(unit=pd.factorize(numbers)[0]).sort_values(["unit", "time", "path"], kind="stable")
    grouped = table.groupby("unit", sort=True)
    for name in DESCRIBING:
        differing = grouped[name].min() != grouped[name].max()
        if differing.any():
            first = table.loc[table["unit"] == differing.idxmax(), "path"].iloc[0]
            raise InputError(
                f"tracklet of {first}: its pictures differ in {name}; a tracklet is one pass of one person "
                "at one camera"
            )
    first_rows = grouped.first()
    times = table["time"].where(table["time"] != UNKNOWN_TIME).groupby(table["unit"]).mean()
    first_rows["time"] = np.rint(times).fillna(UNKNOWN_TIME).astype(np.int64)
    return Units(sightings=sightings(first_rows), paths=[tuple(group) for _, group in grouped["path"]])
