"""The queries that the report shows: where times help, where they harm, failures, and random ones.

Shape suffix: Q queries.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from streid.files.rankings import Ranking
from streid.reporting.wording import percent

GAIN_SHARE, FAILURE_SHARE, LOSS_SHARE = 3 / 8, 2 / 8, 1 / 8
FLOAT_TOLERANCE = 1e-9


@dataclass(frozen=True, kw_only=True)
class ChosenQuery:
    """A query's row (0-based) and why it is shown."""

    row: int
    reason: str


def choose_queries(rankings: Mapping[str, Ranking], final: str, count: int, seed: int) -> list[ChosenQuery]:
    """Choose queries that show how the streams differ.

    Args:
        rankings: stream -> its ranking, all over the same queries.
        final: the stream whose failures are shown; gains and losses are its average precision against
            that of `visual`, where there are both.
        count: the most queries.
        seed: draws the random ones.

    Returns:
        Queries with a right match, each once: the largest gains, the largest losses, the worst failures, and random
        ones up to `count`. Ties are decided by row.
    """
    ap_Q = rankings[final].ap_Q
    usable_Q = np.isfinite(ap_Q)
    chosen: dict[int, str] = {}

    def add_first(order: npt.NDArray[np.int64], quota: int, reason: Callable[[int], str]) -> None:
        fresh = [int(row) for row in order if int(row) not in chosen]
        chosen.update({row: reason(row) for row in fresh[: min(quota, count - len(chosen))]})

    if "visual" in rankings and final != "visual":
        before_Q = rankings["visual"].ap_Q
        gain_Q = np.where(usable_Q, ap_Q - before_Q, 0.0)
        gained, lost = np.argsort(-gain_Q, kind="stable"), np.argsort(gain_Q, kind="stable")
        gained, lost = gained[gain_Q[gained] > FLOAT_TOLERANCE], lost[gain_Q[lost] < -FLOAT_TOLERANCE]
        add_first(gained, round(GAIN_SHARE * count), lambda row: f"Gains most: {_change(before_Q[row], ap_Q[row])}")
        add_first(lost, round(LOSS_SHARE * count), lambda row: f"Loses most: {_change(before_Q[row], ap_Q[row])}")
    first_Q = rankings[final].first_match_Q
    failures = np.argsort(np.where(usable_Q, ap_Q, np.inf), kind="stable")
    failures = failures[usable_Q[failures] & (first_Q[failures] > 1)]
    add_first(
        failures,
        round(FAILURE_SHARE * count),
        lambda row: f"Failure: the first right match has rank {first_Q[row]:,}",
    )
    drawn = np.random.default_rng(seed).permutation(np.flatnonzero(usable_Q))
    add_first(drawn, count, lambda row: f"Drawn at random: average precision {percent(ap_Q[row])} %")
    return [ChosenQuery(row=row, reason=reason) for row, reason in chosen.items()]


def _change(before: float, after: float) -> str:
    return f"average precision {percent(before)} \N{RIGHTWARDS ARROW} {percent(after)} %"
