"""Rules for the pictures of a test, checked for every source: a manifest, a data set's names, a features.h5.

Nobody is both trained on and tested; everybody who is trained on or searched for has a number from 1; and another
camera has seen the person of a query.

Shape suffixes: N pictures learned from or tested, R pictures of people, Q queries, G gallery pictures.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pandas as pd

from streid.arrays import IntArray
from streid.errors import InputError
from streid.files.sightings import DISTRACTOR_PID, Sightings

BoolArray = npt.NDArray[np.bool_]


def refuse_tested(learned_pid_N: IntArray, tested_pid_N: IntArray, where: str) -> None:
    """Refuse identities that are learned from and tested as well; junk and distractors are nobody.

    Args:
        learned_pid_N: of train and val. tested_pid_N: of query and gallery.
        where: what holds them, for the message.

    Raises:
        InputError: an identity is among both.
    """
    leaked = np.intersect1d(learned_pid_N[learned_pid_N > DISTRACTOR_PID], tested_pid_N)
    if len(leaked):
        raise InputError(
            f"{where}: {len(leaked)} identities are learned from (train, val) and tested (query, gallery) as well "
            f"(first: {leaked[0]}); take them out of one, or number different people differently"
        )


def refuse_nobody(pid_R: IntArray, place: Callable[[int], str]) -> None:
    """Refuse people to be learned from or searched for whose number is that of junk or of distractors.

    Args:
        pid_R: of train, val and query.
        place: what to call a row in the message.

    Raises:
        InputError: a number is 0 or less.
    """
    nobody_R = pid_R <= DISTRACTOR_PID
    if nobody_R.any():
        row = int(np.argmax(nobody_R))
        raise InputError(
            f"{place(row)}: pid is {pid_R[row]} ({int(nobody_R.sum())} such rows of train, val and query), but people "
            "are numbered from 1; where they start at 0, as torchreid and FastReID number them, add 1 to every pid "
            "(in the gallery 0 is a distractor and -1 junk)"
        )


def nothing_to_find(query: Sightings, gallery: Sightings) -> BoolArray:
    """True for queries without a right match (Q,): none of the gallery has their identity before another camera."""
    seen = pd.DataFrame({"pid": gallery.pid_N, "camid": gallery.camid_N}).groupby("pid")["camid"].agg(["min", "max"])
    cameras_Q2 = seen.reindex(query.pid_N).to_numpy()
    found_Q2: BoolArray = (cameras_Q2 != query.camid_N[:, None]) & ~np.isnan(cameras_Q2)
    return np.logical_not(found_Q2.any(axis=1))


def check_matches(query: Sightings, gallery: Sightings, place: Callable[[int], str]) -> list[str]:
    """What queries without a right match mean for the test.

    Args:
        place: what to call a row of `query` in the message.

    Returns:
        A warning with their number, or nothing where every query has a right match.

    Raises:
        InputError: no query has one.
    """
    without_Q = nothing_to_find(query, gallery)
    if not without_Q.any():
        return []
    row = int(np.argmax(without_Q))
    if not without_Q.all():
        return [
            f"{int(without_Q.sum()):,} of {len(query):,} queries have no right match in the gallery (first: "
            f"{query.path_N[row]}): they are left out of the figures"
        ]
    if np.isin(query.pid_N, gallery.pid_N).any():
        reason = "the gallery shows their people before their own camera alone; add pictures of other cameras"
    else:
        reason = "query and gallery have no pid in common; give one person the same pid in both"
    raise InputError(
        f"{place(row)}: none of the {len(query)} queries, the first of pid {query.pid_N[row]} before camera "
        f"{query.camid_N[row]}, has a right match in the gallery (the same pid before another camera): {reason}"
    )
