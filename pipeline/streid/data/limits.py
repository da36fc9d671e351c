"""Warnings about what limits the results on a data set, given before anything costly is computed."""

import pandas as pd

from streid.data.manifest import TRAINED_SPLITS, Origin, sightings
from streid.data.protocol import check_matches
from streid.data.units import NO_TRACKLET
from streid.files.sightings import UNKNOWN_TIME

FEWEST_IDENTITIES = 2


def find_limits(table: pd.DataFrame, *, own_tracklets: bool) -> list[str]:
    """What a user should know before trusting results on this data set, one sentence each.

    Args:
        table: the manifest's rows, with held-out people in val.
        own_tracklets: whether the data set has its own tracklets.
    """
    trained = table["split"].isin(TRAINED_SPLITS)
    return [
        *_limits_of_people(table),
        *_limits_of_times(table, trained),
        *_limits_of_cameras(table, trained),
        *(_limits_of_tracklets(table) if own_tracklets else ()),
    ]


def find_unmatched(table: pd.DataFrame, origin: Origin) -> list[str]:
    """A warning where queries have no right match in the gallery.

    Raises:
        InputError: none has one; the message names the first.
    """
    query, gallery = (table[table["split"] == split] for split in ("query", "gallery"))
    return check_matches(sightings(query), sightings(gallery), lambda row: origin.place(query, row))


def _limits_of_people(table: pd.DataFrame) -> list[str]:
    people = {split: table.loc[table["split"] == split, "pid"].unique() for split in TRAINED_SPLITS}
    limits = []
    if len(people["train"]) < FEWEST_IDENTITIES:
        limits.append(
            f"train has {len(people['train'])} identity, but a model can only be trained with "
            f"at least {FEWEST_IDENTITIES}"
        )
    both = len(set(people["train"]) & set(people["val"]))
    if both:
        limits.append(
            f"{both:,} of {len(people['val']):,} identities of val are trained on, so val says little about "
            "other people"
        )
    return limits


def _limits_of_times(table: pd.DataFrame, trained: pd.Series) -> list[str]:
    timed = table[table["time"] != UNKNOWN_TIME]
    limits = []
    if len(timed) < len(table):
        limits.append(
            f"{len(table) - len(timed):,} of {len(table):,} pictures have no time: only appearance counts for them"
        )
    if timed.empty:
        return limits
    if len(timed) > timed["session"].nunique() == len(timed.drop_duplicates(["session", "time"])):
        limits.append("all times of a session are the same, so they are useless: leave the column time empty")
        return limits
    cameras = timed[trained.loc[timed.index]].groupby(["pid", "session"])["camid"].nunique()
    if not (cameras > 1).any():
        limits.append(
            "nobody of train and val is seen by two cameras at known times of one session: no travel time can be "
            "learned, and only appearance counts"
        )
    sessions = [set(timed.loc[timed["split"] == split, "session"]) for split in ("query", "gallery")]
    if not sessions[0] & sessions[1]:
        limits.append("query and gallery have no times in a common session, so no travel time between them is known")
    return limits


def _limits_of_cameras(table: pd.DataFrame, trained: pd.Series) -> list[str]:
    tested = table[~trained]
    unseen = tested[~tested["camid"].isin(table.loc[trained, "camid"]) & (tested["time"] != UNKNOWN_TIME)]
    if unseen.empty:
        return []
    return [
        f"{len(unseen):,} of {len(tested):,} pictures of query and gallery come from cameras without a picture of "
        f"train or val (first: camera {unseen['camid'].min()}): their times cannot be used, and only appearance counts"
    ]


def _limits_of_tracklets(table: pd.DataFrame) -> list[str]:
    alone = int((table["tracklet"] == NO_TRACKLET).sum())
    if not alone:
        return []
    return [f"{alone:,} of {len(table):,} pictures have no tracklet: each is a tracklet of its own"]
