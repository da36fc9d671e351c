"""Rules for the pictures of a test, checked for every source: a manifest, a data set's file names, a features.h5.

Nobody is both trained on and tested; pids of train, val and query start at 1; and another camera has seen the person of
a query.

Shape suffixes: N pictures trained on or tested, R rows of train, val and query, Q queries, G gallery pictures.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pandas as pd

from streid.arrays import IntArray
from streid.errors import InputError
from streid.files.sightings import DISTRACTOR_PID, Sightings

BoolArray = npt.NDArray[np.bool_]


def refuse_tested(trained_pid_N: IntArray, tested_pid_N: IntArray, where: str) -> None:
    """Refuse identities that are both trained on and tested; junk and distractors are not identities.

    Args:
        trained_pid_N: of train and val. tested_pid_N: of query and gallery.
        where: the file or data set with the pictures, for the message.

    Raises:
        InputError: an identity is in both.
    """
    leaked = np.intersect1d(trained_pid_N[trained_pid_N > DISTRACTOR_PID], tested_pid_N)
    if len(leaked):
        raise InputError(
            f"{where}: {len(leaked)} identities are trained on (train, val) and tested (query, gallery) as well "
            f"(first: {leaked[0]}); remove them from one, or give different people different numbers"
        )


def refuse_nobody(pid_R: IntArray, place: Callable[[int], str]) -> None:
    """Refuse rows of train, val and query that have the pid of junk or of distractors.

    Args:
        pid_R: of train, val and query.
        place: names a row in the message.

    Raises:
        InputError: a pid is 0 or less.
    """
    nobody_R = pid_R <= DISTRACTOR_PID
    if nobody_R.any():
        row = int(np.argmax(nobody_R))
        raise InputError(
            f"{place(row)}: pid is {pid_R[row]} ({int(nobody_R.sum())} such rows of train, val and query), but people "
            "are numbered from 1; if the numbers start at 0, as in torchreid and FastReID, add 1 to every pid "
            "(in the gallery 0 is a distractor and -1 junk)"
        )


def without_match(query: Sightings, gallery: Sightings) -> BoolArray:
    """True for queries without a right match (Q,): no gallery picture has their identity in another camera."""
    seen = pd.DataFrame({"pid": gallery.pid_N, "camid": gallery.camid_N}).groupby("pid")["camid"].agg(["min", "max"])
    cameras_Q2 = seen.reindex(query.pid_N).to_numpy()
    found_Q2: BoolArray = (cameras_Q2 != query.camid_N[:, None]) & ~np.isnan(cameras_Q2)
    return np.logical_not(found_Q2.any(axis=1))


def check_matches(query: Sightings, gallery: Sightings, place: Callable[[int], str]) -> list[str]:
    """Check that queries have a right match in the gallery.

    Args:
        place: names a row of `query` in the message.

    Returns:
        A warning with the number of queries without one; empty if every query has one.

    Raises:
        InputError: no query has one.
    """
    without_Q = without_match(query, gallery)
    if not without_Q.any():
        return []
    row = int(np.argmax(without_Q))
    if not without_Q.all():
        return [
            f"{int(without_Q.sum()):,} of {len(query):,} queries have no right match in the gallery (first: "
            f"{query.path_N[row]}): they are left out of the figures"
        ]
    if np.isin(query.pid_N, gallery.pid_N).any():
        reason = "the gallery shows their people in their own camera only; add pictures of other cameras"
    else:
        reason = "query and gallery have no pid in common; give one person the same pid in both"
    raise InputError(
        f"{place(row)}: none of the {len(query)} queries, the first of pid {query.pid_N[row]} in camera "
        f"{query.camid_N[row]}, has a right match in the gallery (the same pid in another camera): {reason}"
    )
