"""Tracklets: pictures of one pass of one person at one camera.

Pictures of image data sets are grouped by their identity labels, as a perfect tracker would: oracle tracklets.
Tracklets from a tracker keep its numbers, or get unique ones.
"""

import logging

import numpy as np
import pandas as pd

from streid.data.manifest import SPLITS, TRAINED_SPLITS, Origin, evaluated
from streid.errors import InputError
from streid.files.sightings import UNKNOWN_TIME

logger = logging.getLogger(__name__)

ONE_TRACK = ("split", "camid", "session")
ONE_PASS = ("split", "pid", "camid", "session")


def group_passes(table: pd.DataFrame, gap: int) -> pd.Series:
    """Number each row's tracklet.

    A tracklet has one identity's pictures of one split, camera and session; it ends where two consecutive times are
    more than `gap` apart. An identity's pictures without a time form one tracklet. Each junk or distractor picture is
    its own tracklet.

    Args:
        table: a manifest's rows.
        gap: in the data set's time unit; 0 never ends a tracklet.

    Returns:
        Tracklet numbers from 0 without gaps, in the order of split, identity, camera, session and time.
    """
    by_time = table.assign(split=pd.Categorical(table["split"], SPLITS, ordered=True))
    by_time = by_time.sort_values([*ONE_PASS, "time", "path"], kind="stable")
    starts = by_time[list(ONE_PASS)].astype({"split": str}).ne(by_time[list(ONE_PASS)].astype({"split": str}).shift())
    starts_N = starts.any(axis=1).to_numpy() | ~evaluated(by_time["pid"]).to_numpy()
    if gap:
        times_N = by_time["time"].to_numpy(np.int64)
        starts_N[1:] |= np.diff(times_N) > gap
        starts_N[1:] |= (times_N[:-1] == UNKNOWN_TIME) & (times_N[1:] != UNKNOWN_TIME)
    return pd.Series(np.cumsum(starts_N) - 1, index=by_time.index).reindex(table.index)


def number_own_tracklets(table: pd.DataFrame, origin: Origin) -> pd.Series:
    """A data set's own tracklet numbers, made unique within each split.

    Trackers may start again with the numbers for every camera and session, so a tracklet is identified by its split,
    camera, session and number. If several tracklets of a split have the same number, all tracklets get new numbers. A
    query's tracklet that is also in the gallery gets the same number in both.

    Args:
        table: rows with tracklet numbers, -1 where a picture has none.
        origin: where the rows come from, for the message.

    Raises:
        InputError: the pictures of a tracklet show several people.
    """
    own = table[table["tracklet"] >= 0]
    first = own.index.to_series().groupby([own[name] for name in (*ONE_TRACK, "tracklet")]).transform("first")
    mixed = own["pid"].to_numpy() != own.loc[first, "pid"].to_numpy()
    if mixed.any():
        other = own.index[int(np.argmax(mixed))]
        camid, session, number, pid = (int(own.loc[other, name]) for name in ("camid", "session", "tracklet", "pid"))
        raise InputError(
            f"{origin.place(table, int(first[other]), int(other))}: tracklet {number} of camera {camid}, session "
            f"{session} shows pid {int(own.loc[first[other], 'pid'])} and {pid} ({int(mixed.sum())} such rows); a "
            "tracklet is one pass of one person at one camera: give the others another number, or none"
        )
    passes = own.drop_duplicates([*ONE_TRACK, "tracklet"])
    if not passes.duplicated(["split", "tracklet"]).any():
        return table["tracklet"]
    logger.info("tracklet numbers start again for every camera or session: all tracklets get new numbers")
    keys = [own["split"].isin(TRAINED_SPLITS), own["camid"], own["session"], own["tracklet"]]
    return own.groupby(keys, sort=True).ngroup().reindex(table.index, fill_value=-1)
