"""Tracklets of image data sets: pictures of one pass of one person before one camera.

Grouped with the help of the identities, as only a perfect tracker could: oracle tracklets.
"""

import numpy as np
import pandas as pd

from streid.data.manifest import SPLITS, evaluated
from streid.files.sightings import UNKNOWN_TIME

ONE_PASS = ("split", "pid", "camid", "session")


def group_passes(table: pd.DataFrame, gap: int) -> pd.Series:
    """Number each row's tracklet.

    A tracklet is one identity's pictures of one split, before one camera, in one session; it ends where
    two consecutive times lie more than `gap` apart. Pictures without a time make one tracklet together.
    Junk and distractors are nobody's in particular: each such picture is a tracklet of its own.

    Args:
        table: a manifest's rows.
        gap: in the data set's time unit; 0 never ends a tracklet.

    Returns:
        Tracklet numbers from 0 without holes, in the order of split, identity, camera, session and time.
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
