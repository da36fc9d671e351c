"""The figures of a stream: CMC, mAP by both rules, mINP, and their bootstrap intervals.

Intervals come from resampling identities, not queries: a person's queries succeed and fail together, so counting them
as independent would make intervals too narrow. Each resample draws as many identities as there are, with replacement,
each with all its queries. A resample's figure is the mean over its queries; the interval reaches from the 2.5th to the
97.5th percentile of these means (Davison and Hinkley, Bootstrap Methods and their Application, 1997, section 3.8). The
resamples depend only on the seed and the number of identities, so all streams of one scene share them, and the interval
of a difference between two streams uses the same resamples for both.

Shape suffixes: Q queries, E evaluated queries, I identities of evaluated queries, M metrics, R resamples, B of them.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from streid.arrays import FloatArray, IntArray
from streid.errors import InputError
from streid.files.rankings import QueryResults
from streid.scoring.metric_records import METRICS, found_within
from streid.scoring.ranks import Outcomes

CMC_RANKS = 50
LIFTED_OVER = {"joint": ("visual",), "reranked": ("visual", "joint")}
CONFIDENCE_PERCENTILES = (2.5, 97.5)
DRAWN_AT_ONCE = 1 << 22


def measure(outcomes: Outcomes) -> dict[str, Any]:
    """A stream's figures, each a fraction from 0 to 1 averaged over the evaluated queries.

    A query is evaluated if the gallery holds a right match of it after the protocol's removals; the others are skipped
    and counted. st-ReID divides by all queries instead, so a query without a match counts as a failure there. Both
    give the same where none is skipped, as on Market-1501.

    The figures are each of METRICS, and `cmc`: the share of queries with a right match among the first K, K = 1 to 50.

    Raises:
        InputError: no query has a right match.
    """
    values_EM, evaluated = _query_values(outcomes), _evaluated(outcomes)
    return {
        **dict(zip(METRICS, values_EM.mean(axis=0).tolist(), strict=True)),
        "evaluated": len(values_EM),
        "skipped": len(outcomes.first_Q) - len(values_EM),
        "cmc": [float(found_within(rank, evaluated).mean()) for rank in range(1, CMC_RANKS + 1)],
    }


def summarise(outcomes: Outcomes, pid_Q: IntArray, *, resamples: int, seed: int) -> dict[str, Any]:
    """A stream's figures as `measure` makes them, and `ci95`: each metric's 95 % interval over identities.

    Args:
        pid_Q: the queries' identities.

    Raises:
        InputError: no query has a right match.
    """
    pid_E = pid_Q[outcomes.first_Q > 0]
    ends_2M = bootstrap_intervals(_query_values(outcomes), pid_E, resamples=resamples, seed=seed)
    return {**measure(outcomes), "ci95": dict(zip(METRICS, ends_2M.T.tolist(), strict=True))}


def _query_values(outcomes: Outcomes) -> FloatArray:
    """Each evaluated query's value in each of METRICS (E, M)."""
    evaluated_Q = outcomes.first_Q > 0
    if not evaluated_Q.any():
        raise InputError(
            f"none of the {len(evaluated_Q)} queries has a right match in the gallery; "
            "check pid and camid of the groups query and gallery"
        )
    evaluated = _evaluated(outcomes)
    return np.column_stack([metric.per_query(evaluated) for metric in METRICS.values()]).astype(np.float64)


def _evaluated(outcomes: Outcomes) -> Outcomes:
    return Outcomes._make(column_Q[outcomes.first_Q > 0] for column_Q in outcomes)


def lift_intervals(
    after: Outcomes, before: Outcomes, pid_Q: IntArray, *, resamples: int, seed: int
) -> dict[str, list[float]]:
    """95 % intervals of what one stream gains over another, from the same resamples of both.

    Returns:
        Metric -> its lower and upper end, for each of METRICS that both streams have.

    Raises:
        InputError: the two do not evaluate the same queries.
    """
    evaluated_Q = after.first_Q > 0
    if not np.array_equal(evaluated_Q, before.first_Q > 0):
        raise InputError("the rankings to compare evaluate different queries; make them from the same features")
    gained_EM = _query_values(after) - _query_values(before)
    ends_2M = bootstrap_intervals(gained_EM, pid_Q[evaluated_Q], resamples=resamples, seed=seed)
    return {name: ends for name, ends in zip(METRICS, ends_2M.T.tolist(), strict=True) if not np.isnan(ends).any()}


def earlier_outcomes(results: QueryResults) -> Outcomes:
    """The outcomes of a stream measured before; NaN where its file does not hold them."""
    unknown_Q = np.full(len(results.ap_Q), np.nan)
    return Outcomes(ap_Q=results.ap_Q, ap_step_Q=unknown_Q, inp_Q=unknown_Q, first_Q=results.first_Q)


def bootstrap_intervals(values_EM: FloatArray, pid_E: IntArray, *, resamples: int, seed: int) -> FloatArray:
    """95 % percentile bootstrap intervals of the means of `values_EM` over its rows; identities are resampled.

    Args:
        pid_E: the identity of each row.

    Returns:
        The lower and the upper ends (2, M).
    """
    person_E = np.unique(pid_E, return_inverse=True)[1].reshape(-1)
    rows_I = np.bincount(person_E).astype(np.float64)
    sums_IM = np.column_stack([np.bincount(person_E, values_E) for values_E in values_EM.T])
    # einsum adds in the same order for any number of threads; a matrix product does not.
    means = [
        np.einsum("bi,im->bm", drawn_BI, sums_IM) / np.einsum("bi,i->b", drawn_BI, rows_I)[:, None]
        for drawn_BI in draw_identities(len(rows_I), resamples=resamples, seed=seed)
    ]
    ends_2M: FloatArray = np.percentile(np.concatenate(means), CONFIDENCE_PERCENTILES, axis=0)
    return ends_2M


def draw_identities(identities: int, *, resamples: int, seed: int) -> Iterator[FloatArray]:
    """How often each identity is drawn in each resample (B, I), block by block; every row sums to `identities`.

    Raises:
        InputError: `resamples` is below 1.
    """
    if resamples < 1:
        raise InputError(f"{resamples} resamples give no interval; at least 1 is needed")
    rng = np.random.default_rng(seed)
    rows = max(1, DRAWN_AT_ONCE // identities)
    for start in range(0, resamples, rows):
        block = min(rows, resamples - start)
        drawn_BI = rng.integers(identities, size=(block, identities)) + identities * np.arange(block)[:, None]
        counts = np.bincount(drawn_BI.reshape(-1), minlength=block * identities)
        yield counts.reshape(block, identities).astype(np.float64)


def stream_figures(
    streams: Mapping[str, Outcomes],
    earlier: Mapping[str, QueryResults],
    pid_Q: IntArray,
    *,
    resamples: int,
    seed: int,
) -> dict[str, dict[str, Any]]:
    """Each stream's figures as `summarise` makes them, and `lift_ci95`: over each of LIFTED_OVER, its intervals.

    Args:
        earlier: further streams, measured before on the same queries.

    Raises:
        InputError: no query has a right match, or a stream of `earlier` evaluates other queries.
    """
    known = {**{name: earlier_outcomes(results) for name, results in earlier.items()}, **streams}
    options = {"resamples": resamples, "seed": seed}
    figures = {name: summarise(outcomes, pid_Q, **options) for name, outcomes in streams.items()}
    for name, content in figures.items():
        over = [other for other in LIFTED_OVER.get(name, ()) if other in known]
        lifts = {other: lift_intervals(known[name], known[other], pid_Q, **options) for other in over}
        if lifts:
            content["lift_ci95"] = lifts
    return figures
