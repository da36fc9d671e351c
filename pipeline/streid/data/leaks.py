"""Nobody is both learned from and tested.

Shape suffixes: N pictures.
"""

from collections.abc import Iterable

import numpy as np

from streid.arrays import IntArray
from streid.errors import InputError
from streid.files.sightings import DISTRACTOR_PID, Sightings


def refuse_tested(pid_N: IntArray, tested: Iterable[Sightings], where: str) -> None:
    """Refuse identities that are learned from and tested as well; junk and distractors are nobody.

    Args:
        pid_N: of the pictures learned from.
        tested: the pictures of query and gallery.
        where: what holds `pid_N`, for the message.

    Raises:
        InputError: an identity of `pid_N` is among those tested.
    """
    tested_pids = np.concatenate([np.empty(0, np.int64), *(group.pid_N for group in tested)])
    leaked = np.intersect1d(pid_N[pid_N > DISTRACTOR_PID], tested_pids)
    if len(leaked):
        raise InputError(
            f"{where} hold {len(leaked)} identities that query/gallery test (first: {leaked[0]}); take them out, or "
            "number different people differently"
        )
