"""The figures of a stream: CMC, mAP by both rules, mINP, and their bootstrap intervals.

Shape suffixes: Q queries, E evaluated queries, M metrics.
"""

from typing import Any

import numpy as np

from streid.arrays import FloatArray
from streid.errors import InputError
from streid.scoring.metric_records import METRICS, found_within
from streid.scoring.ranks import Outcomes

CMC_RANKS = 50
CONFIDENCE_PERCENTILES = (2.5, 97.5)


def summarise(outcomes: Outcomes, *, resamples: int, seed: int) -> dict[str, Any]:
    """A stream's figures, each a fraction from 0 to 1 averaged over the evaluated queries.

    A query is evaluated when the gallery holds a right match after the protocol's removals; the others
    are skipped and counted. st-ReID divides by all queries, so that a query without a match counts as a
    failure there: the same where none is skipped, as on Market-1501.

    Each of METRICS, and `cmc`: the share of queries with a right match among the first K, for K from 1 to 50. `ci95`:
    percentile bootstrap intervals over queries, of each metric.

    Raises:
        InputError: no query has a right match.
    """
    evaluated_Q = outcomes.first_Q > 0
    if not evaluated_Q.any():
        raise InputError(
            f"none of the {len(evaluated_Q)} queries has a right match in the gallery (the same pid before another "
            "camera); check pid and camid of the groups query and gallery"
        )
    asked = type(outcomes)._make(column_Q[evaluated_Q] for column_Q in outcomes)
    values_EM = np.column_stack([metric.per_query(asked) for metric in METRICS.values()]).astype(np.float64)
    means_M = values_EM.mean(axis=0)
    low_M, high_M = bootstrap_intervals(values_EM, resamples=resamples, seed=seed)
    return {
        **{name: float(mean) for name, mean in zip(METRICS, means_M, strict=True)},
        "evaluated": int(evaluated_Q.sum()),
        "skipped": int((~evaluated_Q).sum()),
        "ci95": {name: [float(low), float(high)] for name, low, high in zip(METRICS, low_M, high_M, strict=True)},
        "cmc": [float(found_within(rank, asked).mean()) for rank in range(1, CMC_RANKS + 1)],
    }


def bootstrap_intervals(values_EM: FloatArray, *, resamples: int, seed: int) -> tuple[FloatArray, FloatArray]:
    """95 % percentile bootstrap intervals of the means of `values_EM` over its rows.

    Returns:
        The lower and the upper ends (M,).
    """
    rng = np.random.default_rng(seed)
    rows = len(values_EM)
    means = np.empty((resamples, values_EM.shape[1]))
    for sample in range(resamples):
        times_drawn_E = np.bincount(rng.integers(rows, size=rows), minlength=rows)
        means[sample] = times_drawn_E @ values_EM / rows
    low_M, high_M = np.percentile(means, CONFIDENCE_PERCENTILES, axis=0)
    return low_M, high_M
